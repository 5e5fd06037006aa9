// Listeners. One that throws or rejects is reported; it neither ends its caller nor keeps an event from the others.

import { isThenable } from "./promises.ts";

/** Calls `listener`, and passes what it throws or rejects with to `onError`. */
export function callSafely<T>(
  listener: (given: T) => unknown,
  given: T,
  onError: (error: unknown, given: T) => void,
): void {
  try {
    const returned = listener(given);
    if (isThenable(returned)) returned.then(undefined, (error: unknown) => onError(error, given));
  } catch (error) {
    onError(error, given);
  }
}

export class Emitter<T> {
  readonly #onError: (error: unknown, event: T) => void;
  readonly #listeners = new Set<(event: T) => unknown>();

  constructor(onError: (error: unknown, event: T) => void) {
    this.#onError = onError;
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** @returns removes the listener */
  watch(listener: (event: T) => unknown): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: T): void {
    for (const listener of [...this.#listeners]) callSafely(listener, event, this.#onError);
  }
}
