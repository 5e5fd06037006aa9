// How many strangers are listened to. A heartbeat of somebody known costs a few microseconds; one of somebody new takes
// a row in the table and a place in the ring, ten times as much, and where anybody may send there is no end of new
// names. So newcomers come in at a bounded rate, and whoever finds the door shut beats again within its interval.

/** As many as the table holds may come at once: a whole fleet that answers one roll call. */
const MOST_AT_ONCE = 10_000;
/** After that so many in a second: at 50 µs each a twentieth of the processor, and still a fleet of hundreds a second. */
const MOST_PER_SECOND = 1_000;
const SECOND_MS = 1000;

export class Newcomers {
  #places = MOST_AT_ONCE;
  #countedAt = 0;

  /** Whether one more may come in; takes its place if so. */
  admit(now: number): boolean {
    const earned = ((now - this.#countedAt) * MOST_PER_SECOND) / SECOND_MS;
    this.#places = Math.min(MOST_AT_ONCE, this.#places + earned);
    this.#countedAt = now;
    if (this.#places < 1) return false;
    this.#places -= 1;
    return true;
  }
}
