// Whether strangers are trusted with a call that somebody waits for. Anybody may beat, and a stranger is one who has
// beaten and never answered. As long as strangers answer, a newcomer takes its turn at once. When several have let
// callers down, calls keep to those who have answered before, and a stranger first gets a copy of a call, for nobody to
// wait for: one that answers it is a stranger no more. So ten thousand forged instances that hang cost a shopper four
// waits, and not ten thousand.

/** Two hung newcomers are an accident; with four, a page's worth of calls, they are not. */
const MOST_DISAPPOINTMENTS = 4;
/** How long the last of them is remembered. */
const REMEMBERED_MS = 60_000;

export class Wariness {
  #disappointments = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** A stranger has let a caller down: hung, was not there, would not, or answered nonsense. */
  disappointed(now: number): void {
    this.#disappointments = this.#isRecent(now) ? this.#disappointments + 1 : 1;
    this.#lastAt = now;
  }

  isWary(now: number): boolean {
    return this.#disappointments >= MOST_DISAPPOINTMENTS && this.#isRecent(now);
  }

  #isRecent(now: number): boolean {
    return now - this.#lastAt < REMEMBERED_MS;
  }
}
