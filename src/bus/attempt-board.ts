// Who is told of attempts to reach the bus: that one succeeded, or why not.

import type { ConnectResult } from "./connect-failure.ts";

export class AttemptBoard {
  readonly #failed: (error: unknown) => void;
  readonly #watchers = new Set<(attempt: ConnectResult) => unknown>();

  /** @param failed called with what a listener throws or rejects with: it must not end the dialling */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  watch(listener: (attempt: ConnectResult) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  tell(attempt: ConnectResult): void {
    for (const tell of [...this.#watchers]) {
      try {
        const returned = tell(attempt);
        if (returned instanceof Promise) returned.catch(this.#failed);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}
