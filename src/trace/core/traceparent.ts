// Parses W3C Trace Context (https://www.w3.org/TR/trace-context/), once for each request. As the standard demands, a header
// that breaks one of its rules is ignored, and a new trace starts.

import type { TraceHeaders } from "./trace.ts";

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Version, trace id, span id and flags. In future versions the text after a further dash is skipped. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_VERSION = "ff";
const FIRST_VERSION = "00";
const ALL_ZERO = /^0+$/;
const SAMPLED = 1;
/** The length that the standard requires to be passed on. A longer one is dropped. */
const MAX_TRACESTATE_LENGTH = 512;
const PRINTABLE = /^[\t -~]+$/;

/** @returns undefined if the text is no traceparent */
export function parseTraceparent(value: unknown): TraceParent | undefined {
  if (typeof value !== "string") return undefined;
  const [, version, traceId = "", spanId = "", flags = "", more] = TRACEPARENT.exec(value) ?? [];
  if (version === undefined || version === NO_VERSION || (version === FIRST_VERSION && more !== undefined))
    return undefined;
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** In the version that this program supports, whatever the incoming version was. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceParent): string {
  return `${FIRST_VERSION}-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

/** The trace of an incoming request. */
export interface Incoming {
  readonly traceId: string;
  /** Passed on unchanged, unless the version is not supported. */
  readonly carried: TraceHeaders;
}

/** Parses the headers of a request. The tracestate counts only with a valid traceparent. */
export function incoming(traceparent: unknown, tracestate: unknown): Incoming | undefined {
  const parent = parseTraceparent(traceparent);
  if (parent === undefined) return undefined;
  const isState =
    typeof tracestate === "string" && tracestate.length <= MAX_TRACESTATE_LENGTH && PRINTABLE.test(tracestate);
  const carried = { traceparent: formatTraceparent(parent), ...(isState ? { tracestate } : {}) };
  return { traceId: parent.traceId, carried };
}
