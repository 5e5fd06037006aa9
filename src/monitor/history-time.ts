// The time of the history. It is running time, and the time in which this process or its machine stood still: running time
// does not count that, and the calls before a night's sleep would be shown as those of the last minutes. It never goes
// back, whatever the wall clock does.

/** Less is jitter between the readings of two clocks. */
const SLACK_MS = 50;

export class HistoryTime {
  #stoodMs = 0;
  /** From running time to epoch ms. NaN: not known yet. */
  #offsetMs = Number.NaN;

  /** Compares the clocks. Called once a second, and before each read. @param wall epoch ms of `now` */
  keep(now: number, wall: number): void {
    const offsetMs = wall - now;
    const jumpMs = offsetMs - this.#offsetMs;
    if (Math.abs(jumpMs) <= SLACK_MS) return;
    if (jumpMs > 0) this.#stoodMs += jumpMs;
    this.#offsetMs = offsetMs;
  }

  /** The time of a moment of running time, as of the last comparison. */
  of(now: number): number {
    return now + this.#stoodMs;
  }

  /** Epoch ms, whole. */
  toWall(at: number): number {
    return Math.round(at - this.#stoodMs + this.#offsetMs);
  }
}
