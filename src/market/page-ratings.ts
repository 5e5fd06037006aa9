// The ratings of one page. All things are requested at the same time, each from the next instance in turn. A rating
// that does not arrive in time is served as last known.
//
// Log lines of a page: ASK for each thing, WAITED once all have ended, then GOT or BAD in the order of the requests.

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
  /** Shared by all pages of the Market, as is the store. */
  readonly shared: CallCoalescer;
  readonly store: RatingStore;
  readonly clock: Clock;
  readonly tell: (event: PageEvent, trace?: Trace) => void;
}

/** Requests all things at once. Takes at most one request timeout, and never rejects. */
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

/**
 * Stores a rating when it arrives, so that its age counts from there: the page may wait a second longer for another.
 */
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
      return { kind: "bad", thingID, why: `instance ${answer.who.instance} returned no rating` };
    case "refused":
      return { kind: "bad", thingID, why: `${answer.code} ${answer.message}` };
    case "unanswered":
    case "failed":
      return { kind: "bad", thingID, why: answer.why };
  }
}

/** The rating in a response, if it is a rating of the requested thing: a live instance may return anything. */
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
    const { rating, at, instance } = known; // no spread: it took 4 % of the Market's CPU time for a page
    ratings.set(thingID, { rating, at, instance, ageMs: Math.max(0, now - at), fresh: kind === "got" });
  }
  const trouble = outcomes.flatMap((outcome) => (outcome.kind === "bad" ? [outcome.why] : []));
  return { ratings, failureReasons: [...new Set(trouble)] };
}
