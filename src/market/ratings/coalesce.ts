// Request coalescing: pages that request the same thing at the same moment share one call. Under load the page before
// has usually requested it already. With 32 visitors at once this saves a quarter of the Market's CPU time for a page,
// and more than half of the instances'.
//
// Only a young call is shared, because a page that joins a call also shares its failure. With an instance that hangs
// for its second, joining at any age would make all pages wait; with three instances only every third one has to. A
// live instance answers within a few milliseconds, so a short window still catches nearly all that can be shared.

import type { Clock } from "../../clock.ts";
import type { Asks, Outcome, Span, Trace } from "../../connect/index.ts";
import type { Rating, ratings } from "../../contracts/ratings.ts";

/** Longer than a busy instance needs, and a hundredth of the request timeout. */
const COALESCE_WINDOW_MS = 10;
const OTHER_THING = "it is the rating of another thing";

/** Asks for the rating of a thing. */
export type AskRating = Asks<(typeof ratings)["operations"]>["get"];

interface SharedCall {
  readonly sentAt: number;
  readonly outcome: Promise<Outcome<Rating>>;
  /** The trace of the page that made the call. Pages that join link to it. */
  readonly trace: Trace | undefined;
}

/** Holds at most one call for each thing, and none that has ended. */
export class CallCoalescer {
  readonly #ask: AskRating;
  readonly #clock: Clock;
  readonly #recent = new Map<string, SharedCall>();

  constructor(ask: AskRating, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /**
   * Joins the young call for `thingID`, or makes one. No page owns the call: a visitor who disconnects does not cancel
   * it for the others.
   */
  ask(thingID: string, trace: Trace | undefined): Promise<Outcome<Rating>> {
    const young = this.#youngCall(thingID);
    const span = startAskSpan(trace, thingID, young);
    const { outcome } = young ?? this.#makeCall(thingID, span ?? trace);
    if (span !== undefined) void outcome.then((ended) => endAskSpan(span, ended));
    return outcome;
  }

  #youngCall(thingID: string): SharedCall | undefined {
    const recent = this.#recent.get(thingID);
    return recent !== undefined && this.#clock.now() - recent.sentAt < COALESCE_WINDOW_MS ? recent : undefined;
  }

  #makeCall(thingID: string, trace: Trace | undefined): SharedCall {
    const sentAt = this.#clock.now();
    // A live instance may return anything, also the rating of another thing.
    const check = (rated: Rating): string | undefined => (rated.thingID === thingID ? undefined : OTHER_THING);
    const call = { sentAt, outcome: this.#ask({ thingID }, { trace, check }), trace };
    this.#recent.set(thingID, call);
    void call.outcome.then(() => {
      if (this.#recent.get(thingID) === call) this.#recent.delete(thingID);
    });
    return call;
  }
}

/**
 * The span of one request of a page. A shared call belongs to the trace of the page that made it, because a span has
 * one parent. Each page that joins has its own span, which waits for the same answer and links to the call. So the
 * trace of a slow page shows what the page waited for.
 */
function startAskSpan(trace: Trace | undefined, thingID: string, joined: SharedCall | undefined): Span | undefined {
  return trace?.startSpan?.({
    name: "ask ratings",
    kind: "internal",
    attributes: { "dwc.thing": thingID, "dwc.shared": joined?.trace !== undefined },
    links: joined?.trace === undefined ? [] : [joined.trace],
  });
}

function endAskSpan(span: Span, outcome: Outcome): void {
  if (outcome.kind === "unanswered") span.end(outcome.reason);
  else {
    const error = outcome.kind === "error" ? String(outcome.code) : undefined;
    span.end(error, { "dwc.instance": outcome.instance.instance });
  }
}
