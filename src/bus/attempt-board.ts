// Who is told of attempts to reach the bus: that one succeeded, or why not.

import type { Attempt } from "./trouble.ts";

export class AttemptBoard {
  readonly #watchers = new Set<(attempt: Attempt) => void>();

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  watch(listener: (attempt: Attempt) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  tell(attempt: Attempt): void {
    for (const tell of [...this.#watchers]) tell(attempt);
  }
}
