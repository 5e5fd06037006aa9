// The ratings of one page: every thing is asked for at once, each from an instance of its own turn, and what is not
// answered in time is served as last known.
//
// The way of a page: ASK all -> the client asks -> what is known -> WAITED -> GOT or BAD, in the order of asking.

import type { Clock } from "../clock.ts";
import type { Answer } from "../service/answer.ts";
import type { Client } from "../service/client.ts";
import type { Trace } from "../trace/core/trace.ts";
import type { PageRatings, RatingView } from "./app-deps.ts";
import type { CallCoalescer } from "./call-coalescing.ts";
import { askCoalesced } from "./coalesced-ask.ts";
import type { PageEvent } from "./core/lines.ts";
import type { RatingStore } from "./core/rating-store.ts";

export interface RatePageDeps {
  readonly client: Pick<Client, "ask" | "ready">;
  /** What the pages of one Market have in common. */
  readonly shared: CallCoalescer;
  readonly store: RatingStore;
  readonly clock: Clock;
  readonly tell: (event: PageEvent, trace?: Trace) => void;
}

/** Asks for all things at once; takes no longer than one request timeout, and never rejects. */
export async function ratePage(thingIDs: readonly string[], deps: RatePageDeps, trace?: Trace): Promise<PageRatings> {
  const { client, store, clock } = deps;
  const tell = (event: PageEvent): void => deps.tell(event, trace);
  await client.ready();
  const startedAt = clock.wall();
  const pending = thingIDs.map((thingID) => {
    tell({ kind: "asking", thingID });
    return rateThing(thingID, deps, trace);
  });
  const outcomes = await Promise.all(pending);
  tell({ kind: "waited", waitedMs: Math.max(0, clock.wall() - startedAt) });
  for (const outcome of outcomes) tell(outcome);
  return view(outcomes, store, clock.wall());
}

/** Keeps a rating as it arrives: the page may wait a second longer for another one, and its age counts from here. */
async function rateThing(thingID: string, deps: RatePageDeps, trace: Trace | undefined): Promise<Outcome> {
  const read = (body: unknown): number | undefined => ratingIn(body, thingID);
  const outcome = outcomeOf(thingID, await askCoalesced(thingID, read, deps, trace));
  if (outcome.kind === "got") {
    const { rating, instance } = outcome;
    deps.store.put(thingID, { rating, at: deps.clock.wall(), instance });
  }
  return outcome;
}

type Outcome =
  | { readonly kind: "got"; readonly thingID: string; readonly rating: number; readonly instance: number }
  | { readonly kind: "bad"; readonly thingID: string; readonly why: string };

const MAX_RATING = 5;

function outcomeOf(thingID: string, answer: Answer<number>): Outcome {
  switch (answer.kind) {
    case "answered":
      return { kind: "got", thingID, rating: answer.body, instance: answer.who.instance };
    case "invalid":
      return { kind: "bad", thingID, why: `instance ${answer.who.instance} gave no rating` };
    case "refused":
      return { kind: "bad", thingID, why: `${answer.code} ${answer.message}` };
    case "unanswered":
    case "failed":
      return { kind: "bad", thingID, why: answer.why };
  }
}

/** Even a live instance may lie: what is not a rating of the thing that was asked for is none. */
function ratingIn(body: unknown, thingID: string): number | undefined {
  const { thingID: rated, rating } = Object(body) as { thingID?: unknown; rating?: unknown };
  const isRating = rated === thingID && typeof rating === "number" && rating >= 0 && rating <= MAX_RATING;
  return isRating ? rating : undefined;
}

function view(outcomes: readonly Outcome[], store: RatingStore, now: number): PageRatings {
  const ratings = new Map<string, RatingView>();
  for (const { thingID, kind } of outcomes) {
    const known = store.get(thingID);
    if (known === undefined) continue;
    const { rating, at, instance } = known; // one by one: a spread took a twenty-fifth of the Market's time for a page
    ratings.set(thingID, { rating, at, instance, ageMs: Math.max(0, now - at), fresh: kind === "got" });
  }
  const trouble = outcomes.flatMap((outcome) => (outcome.kind === "bad" ? [outcome.why] : []));
  return { ratings, failureReasons: [...new Set(trouble)] };
}
