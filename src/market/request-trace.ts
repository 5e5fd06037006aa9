// Who a request is: one id for the visitor, the log and the trace. It is the trace's id, unless the visitor's side has
// named the request already (`x-request-id`); then that is what he is told, and the log has both.

import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Context, Middleware, Next } from "koa";
import { passThroughTrace, type Span, type Trace, type Tracing } from "../trace/core/trace.ts";
import { incoming } from "../trace/core/traceparent.ts";

/** What ids are made of, here and elsewhere, and longer than any: it comes back in a header, a page and the log. */
const REQUEST_ID = /^[A-Za-z0-9._:=@+/-]{1,128}$/;
/** What a shopper sees, or buys by. Pictures, probes and the board would only hide it: the board's stream lasts for ever. */
const SHOWN_IN_TRACES = /^\/(?:ratings|thing\/[^/?]*)?(?:\?|$)/;
const FAILED = 500;

/** Puts `requestId` and `trace` into the request's state and `x-request-id` into its answer. The first middleware. */
export function requestTraces(tracing: Tracing | undefined): Middleware {
  return (ctx, next) => {
    const named = requestIdIn(ctx.headers);
    const came = incoming(ctx.headers["traceparent"], ctx.headers["tracestate"]);
    if (tracing === undefined || !SHOWN_IN_TRACES.test(ctx.url)) {
      const traceId = came?.traceId ?? newTraceId();
      identify(ctx, passThroughTrace(traceId, named ?? traceId, came?.carried));
      return next();
    }
    // As it was sent, and before anybody has called it good.
    const [path = ""] = ctx.url.split("?", 1);
    const attributes = { "http.request.method": ctx.method, "url.path": path };
    const part = { name: `${ctx.method} ${routeOf(path)}`, kind: "server", attributes } as const;
    return timed(ctx, next, tracing.serve(part, came?.carried, named));
  };
}

/** The trace of a request that has passed there. */
export const traceOf = (ctx: Context): Trace => ctx.state["trace"] as Trace;

function identify(ctx: Context, trace: Trace): void {
  ctx.state["trace"] = trace;
  ctx.set("X-Request-Id", trace.requestId);
}

async function timed(ctx: Context, next: Next, span: Span): Promise<void> {
  identify(ctx, span);
  try {
    await next();
  } finally {
    span.end(ctx.status >= FAILED ? String(ctx.status) : undefined, { "http.response.status_code": ctx.status });
  }
}

/** What is no id is as if it were not there: whoever sent it learns ours. */
function requestIdIn(headers: IncomingHttpHeaders): string | undefined {
  const given = headers["x-request-id"];
  return typeof given === "string" && REQUEST_ID.test(given) ? given : undefined;
}

/** Random enough for the trace context's second edition, too, which asks that of the last seven bytes. */
const newTraceId = (): string => randomUUID().replaceAll("-", "");

/** Spans of one kind have one name, however many things there are. */
const routeOf = (path: string): string => (path.startsWith("/thing/") ? "/thing/:id" : path);
