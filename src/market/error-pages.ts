// Every answer that is not what the visitor came for, in one place: a request that names nothing, one that is odd or
// hostile (400 to 415, with the rule it broke), and a bug of ours (500, told to `problem` and never to the visitor).

import { STATUS_CODES } from "node:http";
import type { Context, Middleware } from "koa";
import { withoutUserinfos } from "../util/printable.ts";
import type { AppDeps } from "./app-deps.ts";
import { traceOf } from "./request-trace.ts";

interface Failure {
  readonly status: number;
  readonly heading: string;
  readonly text: string;
  /** The rule that was broken; null where there is nothing to add. */
  readonly detail: string | null;
}

/** A link that leads on from the page of a failure. */
export interface PageLink {
  readonly href: string;
  readonly text: string;
}

export type ErrorPage = Pick<Failure, "heading" | "text">;

const ERROR_PAGES: Readonly<Record<number, ErrorPage>> = {
  400: { heading: "That made no sense to us", text: "The request was not in a form that the Market understands." },
  403: { heading: "Not allowed", text: "The Market knows this address, but may not do this here." },
  404: { heading: "Page not found", text: "We looked under every cloth: what you asked for is not on this stall." },
  405: { heading: "Not done here", text: "The Market knows this address, but not what was to be done with it." },
  413: { heading: "Too much to carry", text: "The request was larger than anything the Market can have use for." },
  414: { heading: "Too long an address", text: "No stall in this Market is that far away." },
  503: { heading: "Not just now", text: "There is no room for this at the moment; please try again." },
  415: { heading: "Not a form", text: "The Market takes orders as plain HTML forms only." },
};

interface FailurePage extends Failure {
  readonly way: PageLink;
}

const SERVER_ERROR: ErrorPage = {
  heading: "Something fell over behind the stall",
  text: "That was our fault, not yours. Your cart is as it was; please try again.",
};

/** What nobody foresaw is our fault, and its details stay with us. */
const INTERNAL_ERROR = 500;
const TOO_LARGE = 413;
/**
 * How it looks from here when a visitor closes the window, takes for ever, or sends (HPE_…) what is no HTTP. Node has
 * answered by then, if anyone was there to hear it.
 */
const CLIENT_DISCONNECTS =
  /^(ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_PREMATURE_CLOSE|ERR_HTTP_REQUEST_TIMEOUT|HPE_.*)$/;

/** Turns whatever is thrown further in into an answer. The first middleware that can render. */
export function failurePages(shop: AppDeps, way: PageLink): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const failure = toFailure(error);
      if (failure.status === INTERNAL_ERROR) shop.onError(error, requestLine(ctx), traceOf(ctx));
      await answer(shop, ctx, { ...failure, way: partOf(error, "way", way) }, headersOf(error));
    }
  };
}

/** Takes the place of koa's own printing, for errors that no middleware sees: a socket or a stream that broke. */
export function logKoaErrors(shop: AppDeps): (error: unknown, ctx?: Context) => void {
  return (error, ctx) => {
    if (CLIENT_DISCONNECTS.test(stringOf(error, "code")) || toFailure(error).status !== INTERNAL_ERROR) return;
    if (ctx === undefined) shop.onError(error, "koa");
    else shop.onError(error, requestLine(ctx), traceOf(ctx));
  };
}

function toFailure(error: unknown): Failure {
  const status = error instanceof Error && "status" in error ? Number(error.status) : INTERNAL_ERROR;
  // A refusal may have words of its own: one status is given for many reasons.
  const words = partOf<ErrorPage | undefined>(error, "words", ERROR_PAGES[status]);
  // What has no status, or one that has no words above, was not foreseen: it counts as ours until someone names it.
  if (words === undefined) return { status: INTERNAL_ERROR, ...SERVER_ERROR, detail: null };
  const message = withoutUserinfos(stringOf(error, "message"));
  // An error without a message of its own has the status's name, which the heading says better.
  return { status, ...words, detail: message === "" || message === STATUS_CODES[status] ? null : message };
}

async function answer(
  shop: AppDeps,
  ctx: Context,
  failure: FailurePage,
  headers: Record<string, string>,
): Promise<void> {
  ctx.status = failure.status;
  ctx.set(headers);
  // The rest of an oversized body is still on its way: the connection cannot be used for anything else.
  if (failure.status === TOO_LARGE) ctx.set("Connection", "close");
  if (ctx.accepts("html", "json") === "json") {
    ctx.body = { status: failure.status, error: failure.detail ?? failure.text };
    return;
  }
  try {
    await ctx.render("failure.njk", { failure, requestId: traceOf(ctx).requestId });
  } catch (error) {
    shop.onError(error, requestLine(ctx), traceOf(ctx));
    ctx.body = `${failure.heading}. ${failure.text}\n`;
  }
}

/** What our own `ctx.throw` put there beside the message. */
function partOf<T>(error: unknown, key: "words" | "way", fallback: T): T {
  return error instanceof Error && key in error
    ? ((error as Error & { readonly [key: string]: unknown })[key] as T)
    : fallback;
}

/** Only what our own `ctx.throw` put there, such as Allow. */
function headersOf(error: unknown): Record<string, string> {
  return error instanceof Error && "headers" in error ? (error.headers as Record<string, string>) : {};
}

const requestLine = (ctx: Context): string => `${ctx.method} ${ctx.path}`;

function stringOf(error: unknown, key: "code" | "message"): string {
  if (!(error instanceof Error) || !(key in error)) return "";
  return String((error as Error & { code?: unknown })[key]);
}
