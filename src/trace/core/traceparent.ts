// W3C Trace Context, read once where it enters: https://www.w3.org/TR/trace-context/. What does not follow its text to
// the letter is ignored, as that text demands, and a trace of our own begins.

import type { TraceHeaders } from "./trace.ts";

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** version, trace id, span id, flags; of versions that are not written yet whatever follows a dash is skipped. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_VERSION = "ff";
const FIRST_VERSION = "00";
const ALL_ZERO = /^0+$/;
const SAMPLED = 1;
/** What the text asks to be passed on at least; nobody makes us carry more. */
const MAX_TRACESTATE_LENGTH = 512;
const PRINTABLE = /^[\t -~]+$/;

/** @returns undefined for whatever is no traceparent */
export function parseTraceparent(value: unknown): TraceParent | undefined {
  if (typeof value !== "string") return undefined;
  const [, version, traceId = "", spanId = "", flags = "", more] = TRACEPARENT.exec(value) ?? [];
  if (version === undefined || version === NO_VERSION || (version === FIRST_VERSION && more !== undefined))
    return undefined;
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** In the version that we speak, whichever it came in. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceParent): string {
  return `${FIRST_VERSION}-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

/** What came with a request. */
export interface Incoming {
  readonly traceId: string;
  /** To be passed on as it came, but for a version that we do not speak. */
  readonly carried: TraceHeaders;
}

/** What a request carries, in headers or in its body; the state of other makers counts only with a good parent. */
export function incoming(traceparent: unknown, tracestate: unknown): Incoming | undefined {
  const parent = parseTraceparent(traceparent);
  if (parent === undefined) return undefined;
  const isState =
    typeof tracestate === "string" && tracestate.length <= MAX_TRACESTATE_LENGTH && PRINTABLE.test(tracestate);
  const carried = { traceparent: formatTraceparent(parent), ...(isState ? { tracestate } : {}) };
  return { traceId: parent.traceId, carried };
}

/** The same of a body on the bus. Most have none, and cost one look. */
export function incomingInBody(request: unknown): Incoming | undefined {
  if (typeof request !== "object" || request === null) return undefined;
  const { traceparent, tracestate } = request as { traceparent?: unknown; tracestate?: unknown };
  return traceparent === undefined ? undefined : incoming(traceparent, tracestate);
}
