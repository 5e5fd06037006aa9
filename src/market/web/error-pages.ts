// Error responses: an unknown address, an invalid or hostile request (400 to 415, with the rule that it broke), and a
// bug (500: the details go to `onError` and never to the visitor).

import { STATUS_CODES } from "node:http";
import type { Context, Middleware } from "koa";
import type { Trace } from "../../connect/index.ts";
import { withoutUserinfos } from "../../util/printable.ts";
import { traceOf } from "./request-trace.ts";

export interface ErrorReporter {
  /** Called for every bug and every failure that no visitor caused; `where` is the request. */
  onError(error: unknown, where: string, trace?: Trace): void;
}

interface Failure {
  readonly status: number;
  readonly heading: string;
  readonly text: string;
  /** The rule that was broken; null where there is nothing to add. */
  readonly detail: string | null;
}

/** The link on an error page. */
export interface PageLink {
  readonly href: string;
  readonly text: string;
}

export type ErrorPage = Pick<Failure, "heading" | "text">;

const ERROR_PAGES: Readonly<Record<number, ErrorPage>> = {
  400: { heading: "Bad request", text: "The Market cannot read this request." },
  403: { heading: "Not allowed", text: "The Market does not allow this request." },
  404: { heading: "Page not found", text: "There is no page at this address." },
  405: { heading: "Method not allowed", text: "This address does not take this kind of request." },
  413: { heading: "Request too large", text: "The request is larger than any that the Market accepts." },
  414: { heading: "Address too long", text: "The address is longer than any that the Market accepts." },
  503: { heading: "Not available now", text: "The Market cannot serve this at the moment. Please try again." },
  415: { heading: "Not a form", text: "The Market takes orders as plain HTML forms only." },
};

interface FailurePage extends Failure {
  readonly way: PageLink;
}

const SERVER_ERROR: ErrorPage = {
  heading: "Something went wrong",
  text: "The Market failed to answer this request. Your cart has not changed. Please try again.",
};

/** An unexpected error. Its details are logged and not sent. */
const INTERNAL_ERROR = 500;
const TOO_LARGE = 413;
/**
 * Codes of errors that a client causes: it disconnects, takes too long, or sends (HPE_…) bytes that are not HTTP. Node
 * has responded by then, if the client was still connected.
 */
const CLIENT_DISCONNECTS =
  /^(ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_PREMATURE_CLOSE|ERR_HTTP_REQUEST_TIMEOUT|HPE_.*)$/;

/** Turns every error of later middleware into a response. It comes directly after the renderer, which it needs. */
export function failurePages(reporter: ErrorReporter, way: PageLink): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const failure = toFailure(error);
      if (failure.status === INTERNAL_ERROR) reporter.onError(error, requestLine(ctx), traceOf(ctx));
      await answer(reporter, ctx, { ...failure, way: partOf(error, "way", way) }, headersOf(error));
    }
  };
}

/** Replaces koa's own printing of errors that reach no middleware, such as a broken socket or stream. */
export function logKoaErrors(reporter: ErrorReporter): (error: unknown, ctx?: Context) => void {
  return (error, ctx) => {
    if (CLIENT_DISCONNECTS.test(stringOf(error, "code")) || toFailure(error).status !== INTERNAL_ERROR) return;
    if (ctx === undefined) reporter.onError(error, "koa");
    else reporter.onError(error, requestLine(ctx), traceOf(ctx));
  };
}

function toFailure(error: unknown): Failure {
  const status = error instanceof Error && "status" in error ? Number(error.status) : INTERNAL_ERROR;
  // `ctx.throw` may bring its own text: one status has several causes.
  const words = partOf<ErrorPage | undefined>(error, "words", ERROR_PAGES[status]);
  // An error without a status, or with one that has no text above, was not thrown on purpose: it counts as a bug.
  if (words === undefined) return { status: INTERNAL_ERROR, ...SERVER_ERROR, detail: null };
  const message = withoutUserinfos(stringOf(error, "message"));
  // An error without its own message has the name of the status, which the heading replaces.
  return { status, ...words, detail: message === "" || message === STATUS_CODES[status] ? null : message };
}

async function answer(
  reporter: ErrorReporter,
  ctx: Context,
  failure: FailurePage,
  headers: Record<string, string>,
): Promise<void> {
  ctx.status = failure.status;
  ctx.set(headers);
  // The client is still sending the rest of an oversized body, so the connection cannot be reused.
  if (failure.status === TOO_LARGE) ctx.set("Connection", "close");
  if (ctx.accepts("html", "json") === "json") {
    ctx.body = { status: failure.status, error: failure.detail ?? failure.text };
    return;
  }
  try {
    await ctx.render("failure.njk", { failure, requestId: traceOf(ctx).requestId });
  } catch (error) {
    reporter.onError(error, requestLine(ctx), traceOf(ctx));
    ctx.body = `${failure.heading}. ${failure.text}\n`;
  }
}

/** Properties that our `ctx.throw` adds to the error. */
function partOf<T>(error: unknown, key: "words" | "way", fallback: T): T {
  return error instanceof Error && key in error
    ? ((error as Error & { readonly [key: string]: unknown })[key] as T)
    : fallback;
}

/** Headers that our `ctx.throw` adds, such as Allow. */
function headersOf(error: unknown): Record<string, string> {
  return error instanceof Error && "headers" in error ? (error.headers as Record<string, string>) : {};
}

const requestLine = (ctx: Context): string => `${ctx.method} ${ctx.path}`;

function stringOf(error: unknown, key: "code" | "message"): string {
  if (!(error instanceof Error) || !(key in error)) return "";
  return String((error as Error & { code?: unknown })[key]);
}
