// Request coalescing: pages that request the same thing at the same moment share one call. Under load the page before
// has usually requested it already. With 32 visitors at once this saves a quarter of the Market's CPU time for a page,
// and more than half of the instances'.
//
// Only a young call is shared, because a page that joins a call also shares its failure. With an instance that hangs
// for its second, joining at any age would make all pages wait; with three instances only every third one has to. A
// live instance answers within a few milliseconds, so a short window still catches nearly all that can be shared.

import type { Clock } from "../clock.ts";
import type { Answer } from "../service/answer.ts";
import type { Trace } from "../trace/core/trace.ts";

/** Longer than a busy instance needs, and a hundredth of the request timeout. */
const COALESCE_WINDOW_MS = 10;

/** A call of one page, and of the pages that join it. */
export interface CoalescedCall {
  readonly answer: Promise<Answer<number>>;
  /** The trace of the page that made the call. Pages that join link to it. */
  readonly trace: Trace | undefined;
}

interface SharedCall extends CoalescedCall {
  readonly sentAt: number;
}

/** Holds at most one call for each thing, and none that has ended. */
export class CallCoalescer {
  readonly #clock: Clock;
  readonly #recent = new Map<string, SharedCall>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Returns the young call for `thingID`, or the one that `make` makes; its answer must not reject. No page owns the
   * call: a visitor who disconnects does not cancel it for the others.
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
