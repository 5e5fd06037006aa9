// Whether the bus still answers. What was sent and heard comes in, with the running time.
//
// A paused server and a half-open connection look like instances that do not answer, and neither is an instance's
// fault. So the bus itself is asked all the time, and a request that ran out while the bus kept silent too is charged
// to the bus. Any message counts as a sign of life: an answer to a ping may queue behind megabytes.

/** How often the bus is asked: twice within the default request timeout, at 12 bytes each. */
export const PING_EVERY_MS = 500;
/**
 * Silence from which a timeout is charged to the bus. When a request of one second runs out, the last ping is half a
 * second old or older if the bus stopped answering; a bus that is well answers within a few milliseconds.
 */
const SUSPECT_AFTER_MS = 400;
/**
 * Silence that ends a connection: a half-open one is noticed within 3.5 s, where the client library's own default (two
 * minutes, twice) takes six minutes. Shorter would cut off a server that a busy machine starves; our own stalls, minutes
 * of ^Z among them, do not count, as running time stands still in them.
 */
const DEAD_MS = 3_000;

export class PingMonitor {
  #askedAtMs: number | undefined;
  /** Since when nothing has come, since it was asked. */
  #silentSinceMs = 0;
  #heardCount = 0;
  #lastAnswerTookMs = 0;
  /** When the last answer came that was late. */
  #lateUntilMs = Number.NEGATIVE_INFINITY;

  /** @returns what to do now: send a ping, wait on, or give the connection up */
  tick(nowMs: number, heardCount: number): "ping" | "wait" | "dead" {
    if (this.#askedAtMs === undefined || heardCount !== this.#heardCount) this.#silentSinceMs = nowMs;
    this.#heardCount = heardCount;
    if (this.#askedAtMs === undefined) {
      this.#askedAtMs = nowMs;
      return "ping";
    }
    return nowMs - this.#silentSinceMs >= DEAD_MS ? "dead" : "wait";
  }

  answered(nowMs: number): void {
    if (this.#askedAtMs !== undefined) this.#lastAnswerTookMs = nowMs - this.#askedAtMs;
    if (this.#lastAnswerTookMs >= SUSPECT_AFTER_MS) this.#lateUntilMs = nowMs;
    this.#askedAtMs = undefined;
  }

  /**
   * Whether the bus is itself too late for a timeout to say anything about an instance. Other messages are no excuse: an
   * answer to a call waits behind them just as the answer to the ping does, and until the next ping is known to have
   * been quicker, so may the call that just ran out. And a call that was out while the bus was late had less than its
   * time, however well the bus is by now.
   * @param sentAtMs when the call was sent that ran out
   */
  inDoubt(nowMs: number, sentAtMs: number = nowMs): boolean {
    if (this.#lateUntilMs > sentAtMs) return true;
    const waitedMs = this.#askedAtMs === undefined ? 0 : nowMs - this.#askedAtMs;
    return Math.max(waitedMs, this.#lastAnswerTookMs) >= SUSPECT_AFTER_MS;
  }
}
