// Whether strangers are trusted with a call that somebody waits for. Anybody may beat, and a stranger is one who has
// beaten and never answered. As long as strangers answer, a newcomer takes its turn at once. When several have let
// callers down, calls keep to those who have answered before, and a stranger first gets a copy of a call, for nobody to
// wait for: one that answers it is a stranger no more. So ten thousand forged instances that hang cost a shopper four
// waits, and not ten thousand. One stranger counts once, however often it fails: its own breaker deals with it.

/** Two hung newcomers are an accident; with four, a page's worth of calls, they are not. */
const FAILURES_TO_ACTIVATE = 4;
/** How long a failure is remembered. */
const REMEMBERED_MS = 60_000;

interface Disappointment {
  readonly incarnation: string;
  readonly at: number;
}

export class NewcomerQuarantine {
  /** The latest failure of each stranger, of the last four strangers that failed, oldest first. */
  #latest: readonly Disappointment[] = [];
  /** When the oldest of four failed; a call asks for this number alone. */
  #fourSince = Number.NEGATIVE_INFINITY;

  /** A stranger has let a caller down: hung, was not there, would not, or answered nonsense. */
  recordFailure(incarnation: string, now: number): void {
    const others = this.#latest.filter((known) => known.incarnation !== incarnation);
    this.#latest = [...others, { incarnation, at: now }].slice(-FAILURES_TO_ACTIVATE);
    const [oldest] = this.#latest;
    if (oldest !== undefined && this.#latest.length === FAILURES_TO_ACTIVATE) this.#fourSince = oldest.at;
  }

  isActive(now: number): boolean {
    return now - this.#fourSince < REMEMBERED_MS;
  }
}
