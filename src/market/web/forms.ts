// Checks of every POST before its body is parsed: it comes from our own page, is a form, and is small.

import { bodyParser } from "@koa/bodyparser";
import type { Middleware } from "koa";
import { checkOrigin } from "./core/same-origin.ts";
import type { ErrorPage } from "./error-pages.ts";

/** Our largest form has about 80 bytes. The rest is for fields that browser extensions add. */
const MAX_FORM_SIZE = "16kb";
const FORM = "application/x-www-form-urlencoded";

const OWN_PAGE_ONLY: ErrorPage = {
  heading: "Not from another site",
  text: "The Market accepts this only from its own page.",
};

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
  // No browser compresses 80 bytes, and a small body that unpacks into a large one is an attack.
  if ((ctx.get("Content-Encoding") || "identity") !== "identity") return ctx.throw(415, "the body is compressed");
  return next();
};

/** A body that is cut off, badly chunked or of the wrong length causes an error without a status: it becomes a 400. */
const readForm: Middleware = bodyParser({
  // As text, which parseOrder reads. The form parser of the package makes an object of thousands of fields, which cost
  // 6 ms and has no user.
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

/** A small form from any site. */
export const plainForm: readonly [Middleware, Middleware] = [formsOnly, readForm];

/** In this order: a form of another site is rejected before its body is read. */
export const formGuards = (publicUrl: string | undefined): readonly [Middleware, Middleware, Middleware] => [
  ownPagesOnly(publicUrl),
  ...plainForm,
];
