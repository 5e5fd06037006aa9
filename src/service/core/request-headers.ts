// The headers of a request: how long its caller waits for the answer, and the trace that it belongs to. The body is the
// user's alone.

import { type HeaderLines, type Headers, headerLines } from "../../bus/core/headers.ts";
import type { TraceHeaders } from "../../trace/core/trace.ts";

const TIMEOUT = "Dwc-Timeout-Ms";
const SENT_AT = "Dwc-Sent-At-Ms";
const [TIMEOUT_KEY, SENT_AT_KEY] = [TIMEOUT.toLowerCase(), SENT_AT.toLowerCase()] as const;

/** The longest timeout of a call. A caller that waits for longer wants a stream, or a job. */
export const MAX_TIMEOUT_MS = 600_000;

/**
 * Writes the time of the requests of one client. It keeps the last lines, which all requests of one millisecond share:
 * to write them again takes 0.2 to 0.3 µs.
 */
export class RequestTimeWriter {
  #timeoutMs = -1;
  #sentAtMs = -1;
  #time: HeaderLines = "";

  /**
   * @param timeoutMs how long the caller still waits
   * @param sentAtMs epoch ms by the caller's clock
   */
  lines(timeoutMs: number, sentAtMs: number): HeaderLines {
    const [timeout, sentAt] = [Math.round(timeoutMs), Math.round(sentAtMs)];
    if (timeout !== this.#timeoutMs || sentAt !== this.#sentAtMs) {
      this.#time = timeLines(timeout, sentAt);
      this.#timeoutMs = timeout;
      this.#sentAtMs = sentAt;
    }
    return this.#time;
  }
}

/**
 * @param timeoutMs how long the caller still waits, in ms. It is relative, because the clocks of two hosts differ
 * @param sentAtMs epoch ms by the caller's clock
 */
export const timeLines = (timeoutMs: number, sentAtMs: number): HeaderLines =>
  `${TIMEOUT}: ${Math.round(timeoutMs)}\r\n${SENT_AT}: ${Math.round(sentAtMs)}\r\n`;

/** @param carried the headers of the trace, which can be sent (call-span.ts) */
export const traceLines = (carried: TraceHeaders | undefined): HeaderLines =>
  carried === undefined ? "" : headerLines(Object.entries(carried));

/** How long the caller waited for the answer when it sent the request, in ms. Undefined: not said, or not readable. */
export const timeoutOf = (headers: Headers): number | undefined => wholeNumber(headers.get(TIMEOUT_KEY));

/** When the caller stops to wait: epoch ms by its own clock. Undefined: not said, or not readable. */
export function deadlineOf(headers: Headers): number | undefined {
  const [timeoutMs, sentAtMs] = [timeoutOf(headers), wholeNumber(headers.get(SENT_AT_KEY))];
  return timeoutMs === undefined || sentAtMs === undefined ? undefined : sentAtMs + timeoutMs;
}

/** Fifteen digits are exact in a number of JavaScript, and more than any time has. */
const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
