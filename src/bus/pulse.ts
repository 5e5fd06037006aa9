// Whether the bus still answers. Pure: what was sent and heard comes in, with the running time.
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
const DOUBT_MS = 400;
/**
 * Silence that ends a connection: a half-open one is noticed within 3.5 s, where the client library's own default (two
 * minutes, twice) takes six minutes. Shorter would cut off a server that a busy machine starves; our own stalls, minutes
 * of ^Z among them, do not count, as running time stands still in them.
 */
const DEAD_MS = 3_000;

export class Pulse {
  #askedAtMs: number | undefined;
  #heardCount = 0;

  /** @returns what to do now: send a ping, wait on, or give the connection up */
  beat(nowMs: number, heardCount: number): "ask" | "wait" | "dead" {
    if (heardCount !== this.#heardCount) {
      this.#heardCount = heardCount;
      if (this.#askedAtMs !== undefined) this.#askedAtMs = nowMs;
    }
    if (this.#askedAtMs === undefined) {
      this.#askedAtMs = nowMs;
      return "ask";
    }
    return nowMs - this.#askedAtMs >= DEAD_MS ? "dead" : "wait";
  }

  answered(): void {
    this.#askedAtMs = undefined;
  }

  /** Whether the bus is itself too late for a timeout to say anything about an instance. */
  inDoubt(nowMs: number): boolean {
    return this.#askedAtMs !== undefined && nowMs - this.#askedAtMs >= DOUBT_MS;
  }
}
