// Decides from pings whether the bus still answers. The number of received messages and the running time go in.
//
// A paused server and a half-open connection look like instances that do not answer. Therefore the bus itself is pinged
// all the time, and a request that timed out while the bus was silent as well is charged to the bus. Any message keeps
// the connection alive, because the answer to a ping may be queued behind megabytes.

/** Twice within the default request timeout, at 12 bytes each. */
export const PING_EVERY_MS = 500;
/**
 * After this silence a timeout is charged to the bus. If the bus has stopped answering when a request of one second
 * times out, its last ping is half a second old or older. A healthy bus answers within a few milliseconds.
 */
const SUSPECT_AFTER_MS = 400;
/**
 * This silence ends a connection. A half-open one is detected within 3.5 s; the client library's default (two minutes,
 * twice) takes six minutes. A shorter limit would cut off a server that a busy machine starves. Stalls of our own
 * process, minutes of ^Z included, do not count, because running time stops in them.
 */
const DEAD_MS = 3_000;

export class PingMonitor {
  #pingedAtMs: number | undefined;
  /** When the last message was received, but not before the ping. */
  #silentSinceMs = 0;
  #receivedCount = 0;
  #lastAnswerTookMs = 0;
  /** When the last late answer to a ping was received. */
  #lateUntilMs = Number.NEGATIVE_INFINITY;

  /** @returns what to do now: send a ping, wait, or end the connection */
  tick(nowMs: number, receivedCount: number): "ping" | "wait" | "dead" {
    if (this.#pingedAtMs === undefined || receivedCount !== this.#receivedCount) this.#silentSinceMs = nowMs;
    this.#receivedCount = receivedCount;
    if (this.#pingedAtMs === undefined) {
      this.#pingedAtMs = nowMs;
      return "ping";
    }
    return nowMs - this.#silentSinceMs >= DEAD_MS ? "dead" : "wait";
  }

  answered(nowMs: number): void {
    if (this.#pingedAtMs !== undefined) this.#lastAnswerTookMs = nowMs - this.#pingedAtMs;
    if (this.#lastAnswerTookMs >= SUSPECT_AFTER_MS) this.#lateUntilMs = nowMs;
    this.#pingedAtMs = undefined;
  }

  /**
   * Whether the bus itself is too slow for a timeout to say anything about an instance. Other messages do not clear it:
   * the answer to a call queues behind them as the answer to the ping does, until a ping has been answered quickly
   * again. A call that was in flight while the bus was slow had less than its full time, however fast the bus is by
   * now.
   * @param sentAtMs when the call that timed out was sent
   */
  isSuspect(nowMs: number, sentAtMs: number = nowMs): boolean {
    if (this.#lateUntilMs > sentAtMs) return true;
    const waitedMs = this.#pingedAtMs === undefined ? 0 : nowMs - this.#pingedAtMs;
    return Math.max(waitedMs, this.#lastAnswerTookMs) >= SUSPECT_AFTER_MS;
  }
}
