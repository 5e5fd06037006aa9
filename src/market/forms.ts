// What every POST has to pass before anybody reads it: it comes from a page of ours, and it is a form of a page's size.

import { bodyParser } from "@koa/bodyparser";
import type { Middleware } from "koa";
import { checkOrigin } from "./core/same-origin.ts";
import type { ErrorPage } from "./error-pages.ts";

/** Our largest form has some 80 bytes; this leaves room for fields that browsers' add-ons put in. */
const MAX_FORM_SIZE = "16kb";
const FORM = "application/x-www-form-urlencoded";

const OWN_PAGE_ONLY: ErrorPage = { heading: "Not from here", text: "This is done only from the Market’s own page." };

const ownPagesOnly =
  (publicUrl: string | undefined): Middleware =>
  (ctx, next) => {
    const { origin, referer, host, "sec-fetch-site": secFetchSite } = ctx.headers;
    const forwardedHost = ctx.get("X-Forwarded-Host");
    const check = checkOrigin({ secFetchSite, origin, referer, host, forwardedHost }, publicUrl);
    return check.kind === "own" ? next() : ctx.throw(403, check.why, { words: OWN_PAGE_ONLY });
  };

const formsOnly: Middleware = (ctx, next) => {
  if (ctx.is(FORM) === false) return ctx.throw(415, `the body is not ${FORM}`);
  // Nobody compresses 80 bytes, and a small body that unpacks into a large one is an old trick.
  if ((ctx.get("Content-Encoding") || "identity") !== "identity") return ctx.throw(415, "the body is compressed");
  return next();
};

/** Bytes that break off, lie about their length or are badly chunked have no status of their own; they are the sender's. */
const readForm: Middleware = bodyParser({
  // As text, which is what an order is read from. The parser's own reading of a form, which nobody uses, makes an object
  // of thousands of fields, and cost 6 ms.
  enableTypes: ["text"],
  extendTypes: { text: [FORM] },
  textLimit: MAX_FORM_SIZE,
  onError: (error, ctx) => {
    const tooLarge = "status" in error && error.status === 413;
    ctx.throw(
      tooLarge ? 413 : 400,
      tooLarge ? `the form is larger than ${MAX_FORM_SIZE}` : "the form could not be read",
    );
  },
});

/** A form of a page's size, wherever it comes from. */
export const plainForm: readonly [Middleware, Middleware] = [formsOnly, readForm];

/** In this order: a sender from elsewhere is refused before a byte of the body is read. */
export const formGuards = (publicUrl: string | undefined): readonly [Middleware, Middleware, Middleware] => [
  ownPagesOnly(publicUrl),
  ...plainForm,
];
