// The calls that are out, by incarnation. A process that was killed in the middle of a call never answers it, and the
// call alone cannot know: it would wait for its whole time. Another call finds out in a millisecond that nobody serves
// that address any more; from it all that were sent there before learn to go elsewhere.

import type { Reply } from "../bus/bus.ts";

const NOBODY: Reply = { kind: "nobody" };

/**
 * One call that is out: ends with its reply, or before that as one without anybody to answer it. A promise that both can
 * resolve: racing two of them, with what that makes of closures, cost half of all that a caller does for a call but the
 * bus (7.0 µs against 3.6).
 */
export class Call {
  readonly reply: Promise<Reply>;
  readonly incarnation: string;
  /** A call that must not reach two instances waits for its reply all the same: the dead process may have done it. */
  readonly #waits: boolean;
  #resolve: (reply: Reply) => void = () => undefined;
  #isOrphan = false;

  constructor(incarnation: string, waits: boolean) {
    this.incarnation = incarnation;
    this.#waits = waits;
    this.reply = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Whether its instance was found dead while it was out. */
  get isOrphan(): boolean {
    return this.#isOrphan;
  }

  /** The first reply counts. */
  answered(reply: Reply): void {
    this.#resolve(reply);
  }

  orphaned(): void {
    this.#isOrphan = true;
    if (!this.#waits) this.#resolve(NOBODY);
  }
}

export class Underway {
  readonly #calls = new Map<string, Set<Call>>();

  /** A call is being sent to that incarnation. */
  add(incarnation: string, waits: boolean): Call {
    const call = new Call(incarnation, waits);
    const calls = this.#calls.get(incarnation);
    if (calls === undefined) this.#calls.set(incarnation, new Set([call]));
    else calls.add(call);
    return call;
  }

  /** The call has ended. */
  remove(call: Call): void {
    const calls = this.#calls.get(call.incarnation);
    if (calls?.delete(call) && calls.size === 0) this.#calls.delete(call.incarnation);
  }

  /** That process is dead: nobody there will answer what is out. */
  giveUp(incarnation: string): void {
    const calls = this.#calls.get(incarnation);
    this.#calls.delete(incarnation);
    for (const call of calls ?? []) call.orphaned();
  }
}
