// The ratings of one page. All things are requested at the same time, each from the next instance in turn. A rating
// that does not arrive in time is served as last known.
//
// Log lines of a page: ASK for each thing, WAITED once all have ended, then GOT or BAD in the order of the requests.

import { LRUMap } from "mnemonist";
import type { Clock } from "../../clock.ts";
import type { Client, Outcome, Trace } from "../../connect/index.ts";
import type { Rating } from "../../contracts/ratings.ts";
import type { LogEntry } from "../../program/log.ts";
import { isPrinted, type LogLevel } from "../../settings.ts";
import type { BeginPage, EndedPage } from "../activity.ts";
import type { CallCoalescer } from "./coalesce.ts";
import { failureText } from "./core/failure-text.ts";

/** One rating as a page shows it. */
export interface RatingView {
  readonly rating: number;
  /** Epoch ms at which it was received. */
  readonly at: number;
  readonly ageMs: number;
  /** The number of the instance that answered. */
  readonly instance: number;
  /** The request of this page was answered; otherwise this is the last known rating. */
  readonly fresh: boolean;
}

export interface PageRatings {
  /** By id of the thing. A thing that was never rated is missing. */
  readonly ratings: ReadonlyMap<string, RatingView>;
  /** Why requests of this page failed, such as `all services are down`; each reason once. */
  readonly failureReasons: readonly string[];
}

/** Shared by all pages of the Market. */
export interface RatePageDeps {
  /** Its first roll call is awaited before a page asks. */
  readonly client: Pick<Client["core"], "ready">;
  readonly calls: CallCoalescer;
  readonly store: RatingStore;
  readonly clock: Clock;
  readonly log: (event: PageEvent, trace?: Trace) => void;
  /** Undefined: pages are not reported. */
  readonly beginPage?: BeginPage | undefined;
}

/** Requests all things at once. Takes at most one request timeout, and never rejects. */
export async function ratePage(thingIDs: readonly string[], deps: RatePageDeps, trace?: Trace): Promise<PageRatings> {
  const { client, store, clock, log } = deps;
  await client.ready();
  const startedAt = clock.wall();
  const report = deps.beginPage?.(trace);
  const pending = thingIDs.map((thingID) => {
    log({ kind: "asking", thingID }, trace);
    return rateThing(thingID, deps, trace);
  });
  const outcomes = await Promise.all(pending);
  const waitedMs = Math.max(0, clock.wall() - startedAt);
  log({ kind: "waited", waitedMs }, trace);
  for (const outcome of outcomes) log(outcome, trace);
  const page = pageRatings(outcomes, store, clock.wall());
  report?.(endedPage(outcomes, page, waitedMs));
  return page;
}

function endedPage(outcomes: readonly RatingResult[], { ratings }: PageRatings, waitedMs: number): EndedPage {
  return {
    waitedMs,
    answeredBy: outcomes.flatMap((outcome) => (outcome.kind === "got" ? [outcome.instance] : [])),
    things: outcomes.map((outcome) => {
      const { thingID: thing } = outcome;
      return outcome.kind === "got" ? { thing } : { thing, why: outcome.why, ageMs: ratings.get(thing)?.ageMs };
    }),
  };
}

/**
 * Stores a rating when it arrives, so that its age counts from there: the page may wait a second longer for another.
 */
async function rateThing(thingID: string, { calls, store, clock }: RatePageDeps, trace?: Trace): Promise<RatingResult> {
  const outcome = await calls.ask(thingID, trace);
  const rated = resultOf(thingID, outcome);
  if (rated.kind === "got") {
    const { rating, instance } = rated;
    store.put(thingID, { rating, at: clock.wall(), instance });
  }
  return rated;
}

type RatingResult =
  | { readonly kind: "got"; readonly thingID: string; readonly rating: number; readonly instance: number }
  | { readonly kind: "bad"; readonly thingID: string; readonly why: string };

function resultOf(thingID: string, outcome: Outcome<Rating>): RatingResult {
  switch (outcome.kind) {
    case "ok":
      return { kind: "got", thingID, rating: outcome.value.rating, instance: outcome.instance.instance };
    case "error":
      return { kind: "bad", thingID, why: `${outcome.code} ${outcome.message}` };
    case "unanswered":
      return { kind: "bad", thingID, why: failureText(outcome) };
  }
}

function pageRatings(outcomes: readonly RatingResult[], store: RatingStore, now: number): PageRatings {
  const ratings = new Map<string, RatingView>();
  for (const { thingID, kind } of outcomes) {
    const known = store.get(thingID);
    if (known === undefined) continue;
    const { rating, at, instance } = known; // no spread: it took 4 % of the Market's CPU time for a page
    ratings.set(thingID, { rating, at, instance, ageMs: Math.max(0, now - at), fresh: kind === "got" });
  }
  const reasons = outcomes.flatMap((outcome) => (outcome.kind === "bad" ? [outcome.why] : []));
  return { ratings, failureReasons: [...new Set(reasons)] };
}

export interface KnownRating {
  readonly rating: number;
  /** Epoch ms at which it arrived. */
  readonly at: number;
  /** The number of the instance that returned it. */
  readonly instance: number;
}

/** Far more than our catalogue has; at about 100 bytes each, 100 KB. */
const CAPACITY = 1000;

/**
 * The last known rating of each thing. It is served until the process ends, marked with its age: to a visitor an old
 * rating is worth more than none.
 */
export class RatingStore {
  readonly #known: LRUMap<string, KnownRating>;

  constructor(capacity: number = CAPACITY) {
    this.#known = new LRUMap(capacity);
  }

  put(thingID: string, known: KnownRating): void {
    this.#known.set(thingID, known);
  }

  /** `peek`, not `get`: reading must not refresh an entry. The least recently rated thing is evicted first. */
  get(thingID: string): KnownRating | undefined {
    return this.#known.peek(thingID);
  }
}

/** The events of the ratings on one page, besides the events of its calls. */
export type PageEvent =
  | { readonly kind: "asking"; readonly thingID: string }
  | { readonly kind: "waited"; readonly waitedMs: number }
  | { readonly kind: "got"; readonly thingID: string; readonly rating: number }
  | { readonly kind: "bad"; readonly thingID: string; readonly why: string };

type PageEventByKind = { readonly [E in PageEvent as E["kind"]]: E };

interface PageRow<E> {
  readonly level: LogLevel;
  readonly text: (event: E) => string;
}

/** The wording is fixed: the lines have neither level nor logger, as the original printed them. */
const PAGE_EVENTS: { readonly [K in keyof PageEventByKind]: PageRow<PageEventByKind[K]> } = {
  asking: { level: "INFO", text: ({ thingID }) => `ASK for ${thingID}` },
  waited: { level: "INFO", text: ({ waitedMs }) => `WAITED ${Math.round(waitedMs)}ms` },
  got: { level: "INFO", text: ({ thingID, rating }) => `GOT ${thingID}: ${rating}` },
  bad: { level: "WARNING", text: ({ thingID, why }) => `BAD ${thingID}: ${why}` },
};

const rowOf = (event: PageEvent): PageRow<PageEvent> => PAGE_EVENTS[event.kind] as PageRow<PageEvent>;

/** At level `least` the line is not printed, and need not be made: it would come with every page. */
export const isSilent = (event: PageEvent, least: LogLevel): boolean => !isPrinted(rowOf(event).level, least);

export function pageLine(event: PageEvent): LogEntry {
  const { level, text } = rowOf(event);
  return { level, text: text(event) };
}
