// The calls that are out, by incarnation. A process that was killed in the middle of a call never answers it, and the
// call alone cannot know: it would wait for its whole time. Another call finds out in a millisecond that nobody serves
// that address any more; from it all that were sent there before learn to go elsewhere.

import type { Reply } from "../bus/bus.ts";

/** A call that may become one without anybody to answer it. */
export interface Orphan {
  /** Resolves once it is one; if it never is, never. */
  readonly known: Promise<Reply>;
  readonly isOne: boolean;
  /** The call has ended. */
  ended(): void;
}

const NOBODY: Reply = { kind: "nobody" };

export class Underway {
  readonly #calls = new Map<string, Set<() => void>>();

  /** A call is being sent to that incarnation. */
  add(incarnation: string): Orphan {
    const calls = this.#calls.get(incarnation) ?? new Set();
    this.#calls.set(incarnation, calls);
    let isOne = false;
    let become: () => void = () => undefined;
    const known = new Promise<Reply>((resolve) => {
      become = () => {
        isOne = true;
        resolve(NOBODY);
      };
    });
    calls.add(become);
    return {
      known,
      ended: () => this.#remove(incarnation, calls, become),
      get isOne() {
        return isOne;
      },
    };
  }

  #remove(incarnation: string, calls: Set<() => void>, call: () => void): void {
    calls.delete(call);
    if (calls.size === 0 && this.#calls.get(incarnation) === calls) this.#calls.delete(incarnation);
  }

  /** That process is dead: nobody there will answer what is out. */
  giveUp(incarnation: string): void {
    const calls = this.#calls.get(incarnation);
    this.#calls.delete(incarnation);
    for (const become of calls ?? []) become();
  }
}
