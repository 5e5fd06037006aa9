// The id of a request, the same on the page, in the log and in the trace. It is the trace id, unless the client sends
// an `x-request-id`: then the page shows that one, and the log has both.

import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Context, Middleware, Next } from "koa";
import type { Span, Trace, Tracing } from "../../connect/index.ts";
import { incomingTrace, passThroughTrace } from "../../protocol.ts";

/** The characters of ids in use, and more than their length. The id is returned in a header, a page and the log. */
const REQUEST_ID = /^[A-Za-z0-9._:=@+/-]{1,128}$/;
/**
 * Paths with spans: pages and data for visitors. Assets and probes would bury them, and the board's stream never ends.
 */
const SHOWN_IN_TRACES = /^\/(?:ratings|thing\/[^/?]*)?(?:\?|$)/;
const FAILED = 500;

/**
 * Sets the trace in the request's state, and `x-request-id` in its response. Comes before all middleware that needs
 * them.
 */
export function requestTraces(tracing: Tracing | undefined): Middleware {
  return (ctx, next) => {
    const named = requestIdIn(ctx.headers);
    const came = incomingTrace(ctx.headers["traceparent"], ctx.headers["tracestate"]);
    if (tracing === undefined || !SHOWN_IN_TRACES.test(ctx.url)) {
      const traceId = came?.traceId ?? newTraceId();
      identify(ctx, passThroughTrace(traceId, named ?? traceId, came?.carried));
      return next();
    }
    // The path as sent: the target has not been checked yet.
    const [path = ""] = ctx.url.split("?", 1);
    const attributes = { "http.request.method": ctx.method, "url.path": path };
    const part = { name: `${ctx.method} ${routeOf(path)}`, kind: "server", attributes } as const;
    return timed(ctx, next, tracing.serve(part, came?.carried, named));
  };
}

/** The trace of a request, for later middleware. */
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

/** An invalid id is ignored: the client gets ours. */
function requestIdIn(headers: IncomingHttpHeaders): string | undefined {
  const given = headers["x-request-id"];
  return typeof given === "string" && REQUEST_ID.test(given) ? given : undefined;
}

/** The last seven bytes are random, as the second edition of Trace Context requires. */
const newTraceId = (): string => randomUUID().replaceAll("-", "");

/** One span name per route, not one per thing. */
const routeOf = (path: string): string => (path.startsWith("/thing/") ? "/thing/:id" : path);
