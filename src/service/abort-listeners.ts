// Listeners of an AbortSignal, with one listener of Node's for all of them. A signal that many calls share, such as that
// of a process or of a request, would get one for each: from the eleventh on Node prints a warning of a leak.

import type { Cancel } from "../clock.ts";
import { anObjectWith, shownOption } from "../util/options.ts";

class AbortListeners {
  readonly #listeners = new Set<() => void>();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(listener: () => void): Cancel {
    // A copy: two calls may pass the same function.
    const own = (): void => listener();
    this.#listeners.add(own);
    // A signal of the user's own may call back at once.
    if (this.#listeners.size === 1) this.#listen(own);
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0)
        this.#signal.removeEventListener("abort", this.#onAbort);
    };
  }

  #listen(first: () => void): void {
    try {
      this.#signal.addEventListener("abort", this.#onAbort);
    } catch (error) {
      this.#listeners.delete(first);
      throw error;
    }
  }

  readonly #onAbort = (): void => {
    for (const listener of [...this.#listeners]) listener();
  };
}

const aSignal = anObjectWith("an AbortSignal", "addEventListener", "removeEventListener");

const bySignal = new WeakMap<AbortSignal, AbortListeners>();

/**
 * @param listener called when the signal is aborted, at once if it is already. Must not throw
 * @returns ends it, and throws what the signal throws
 * @throws what a signal of the user's own throws, and TypeError for what is no signal
 */
export function onAbort(signal: AbortSignal, listener: () => void): Cancel {
  if (!aSignal.fits(signal)) throw new TypeError(`signal ${shownOption(signal)} must be ${aSignal.must}`);
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  const known = bySignal.get(signal);
  if (known !== undefined) return known.add(listener);
  const listeners = new AbortListeners(signal);
  bySignal.set(signal, listeners);
  return listeners.add(listener);
}
