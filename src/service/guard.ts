// Code of the user's own: listeners, tracers, checks, chance. What it throws stays where it was thrown and is reported, a
// sentence a minute for each of them, so that no call, ticket, timer or process depends on it.

import { safely } from "../bus/safe-report.ts";
import { type Report, ThrottledReporter } from "../bus/throttled-reporter.ts";
import type { Clock } from "../clock.ts";

type Listener<Args extends readonly unknown[]> = (...args: Args) => unknown;

export class Guard {
  readonly #reporter: ThrottledReporter;
  readonly #clock: Clock;
  readonly #owner: string;

  /** @param owner for the report: "the client of ratings" */
  constructor(owner: string, report: Report | undefined, clock: Clock) {
    this.#owner = owner;
    this.#clock = clock;
    this.#reporter = new ThrottledReporter(safely(report ?? ((sentence) => console.error(sentence))));
  }

  /** The listener, made safe: what it throws, or rejects with, is reported. @param name as its user knows it */
  listener<Args extends readonly unknown[]>(name: string, listener: Listener<Args> | undefined): Listener<Args> {
    if (listener === undefined) return () => undefined;
    return (...args) => {
      try {
        const returned = listener(...args);
        if (returned !== undefined) this.#watch(name, returned);
      } catch (error) {
        this.failed(name, error);
      }
    };
  }

  /** What `act` returns, or `otherwise` when it throws. @param name of the user's code in it */
  run<T>(name: string, act: () => T, otherwise: T): T {
    try {
      return act();
    } catch (error) {
      this.failed(name, error);
      return otherwise;
    }
  }

  /** A source of chance, made safe: what is no number from 0 to under 1 counts as a half. */
  random(random: () => number): () => number {
    return () => {
      const drawn = this.run("random", random, Number.NaN);
      return drawn >= 0 && drawn < 1 ? drawn : FALLBACK_RANDOM;
    };
  }

  failed(name: string, error: unknown): void {
    const sentence = `${name} of ${this.#owner} failed, and everything else goes on: ${textOf(error)}${placeOf(error)}`;
    this.#reporter.report(name, sentence, this.#clock.now());
  }

  /** An asynchronous listener may fail later. */
  #watch(name: string, returned: unknown): void {
    if (isThenable(returned)) returned.then(undefined, (error: unknown) => this.failed(name, error));
  }
}

const FALLBACK_RANDOM = 0.5;

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | undefined | null)?.then === "function";

/** Whatever was thrown, in one line. */
export function textOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message || error.name : error);
  } catch {
    return "what was thrown cannot be shown";
  }
}

/** Where it was thrown: the first line of the stack. */
function placeOf(error: unknown): string {
  try {
    const place = error instanceof Error ? /\n\s*(at .*)/.exec(String(error.stack))?.[1] : undefined;
    return place === undefined ? "" : ` (${place})`;
  } catch {
    return "";
  }
}
