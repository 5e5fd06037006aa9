// The reply of an instance that has no room for a request: code 529, and in its body how long its caller should send it no
// more.

import { decodeBody, type Fields, fieldsOf } from "../../util/json.ts";

/** The instance has no room for the request, and has not begun it (docs/protocol.md). */
export const OVERLOADED = 529;

/** The time of an instance that does not say one. A queue of a few requests is worked off by then. */
export const DEFAULT_RETRY_AFTER_MS = 100;
/** No instance is avoided for longer at its own word: it may be idle again at any moment. */
export const MAX_RETRY_AFTER_MS = 5_000;
/** More than the body has with any number in it. */
const MAX_BODY_BYTES = 1_024;

/** The body of such a reply, as a value. */
export interface OverloadedBody {
  readonly retryAfterMs?: number;
  /** The handler of an idempotent operation threw a 503: it may have executed the request, in whole or in part. */
  readonly begun?: true;
}

/** How long the sender of a 529 asks to be left alone, in ms: from 0 to the limit. What cannot be read is the default. */
export function retryAfterOf(body: Uint8Array | undefined): number {
  const { retryAfterMs } = fieldsIn(body);
  return typeof retryAfterMs === "number" && retryAfterMs >= 0
    ? Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)
    : DEFAULT_RETRY_AFTER_MS;
}

/** Whether the sender of a 529 says that it may have executed the request all the same. */
export const hasBegun = (body: Uint8Array | undefined): boolean => fieldsIn(body)["begun"] === true;

function fieldsIn(body: Uint8Array | undefined): Fields {
  const decoded = body && decodeBody(body, MAX_BODY_BYTES);
  return fieldsOf(decoded?.kind === "value" ? decoded.value : undefined);
}
