// Pages that ask for the same thing at the same moment share one call: under load most of what a page asks for has been
// asked for by the page before it, and is on its way back. With 32 shoppers at once that is a quarter of the Market's
// processor time for a page, and more than half of the instances'.
//
// Only with a call that is young. Whoever joins one late shares its fate, too: had every page of a hung instance's
// second joined the calls that are out, all of them would wait, and not each third one of three instances. A live
// instance answers within a few milliseconds, so nearly all that can be shared is shared before.

import type { Clock } from "../clock.ts";
import type { Answer } from "../service/answer.ts";
import type { Trace } from "../trace/core/trace.ts";

/** Longer than a busy instance takes, and a hundredth of the time that a call may. */
const COALESCE_WINDOW_MS = 10;

/** One that was made for a page, and for those that join it. */
export interface CoalescedCall {
  readonly answer: Promise<Answer<number>>;
  /** Where it belongs: to the trace of the page that made it. Those that join only point there. */
  readonly trace: Trace | undefined;
}

interface SharedCall extends CoalescedCall {
  readonly sentAt: number;
}

/** One call a thing is held here at most, and none that has ended. */
export class CallCoalescer {
  readonly #clock: Clock;
  readonly #recent = new Map<string, SharedCall>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * A young call about `thingID`, or else the one that `make` makes, whose answer must not reject. It belongs to no page:
   * a shopper who leaves takes it from nobody.
   */
  ask(thingID: string, make: () => CoalescedCall): CoalescedCall {
    const sentAt = this.#clock.now();
    const recent = this.#recent.get(thingID);
    if (recent !== undefined && sentAt - recent.sentAt < COALESCE_WINDOW_MS) return recent;
    const { answer, trace } = make();
    const call: SharedCall = { sentAt, answer, trace };
    this.#recent.set(thingID, call);
    void call.answer.then(() => {
      if (this.#recent.get(thingID) === call) this.#recent.delete(thingID);
    });
    return call;
  }
}
