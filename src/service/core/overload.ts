// The reply of an instance that has no room for a request: code 529, and in its body how long its caller should send it no
// more.

import { decodeBody, fieldsOf } from "../../util/json.ts";

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
  readonly retryAfterMs: number;
}

/** How long the sender of a 529 asks to be left alone, in ms: from 0 to the limit. What cannot be read is the default. */
export function retryAfterOf(body: Uint8Array | undefined): number {
  if (body === undefined) return DEFAULT_RETRY_AFTER_MS;
  const decoded = decodeBody(body, MAX_BODY_BYTES);
  const { retryAfterMs } = fieldsOf(decoded.kind === "value" ? decoded.value : undefined);
  return typeof retryAfterMs === "number" && retryAfterMs >= 0
    ? Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)
    : DEFAULT_RETRY_AFTER_MS;
}
