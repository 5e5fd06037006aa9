// The dependencies of the web app. The app knows pages and carts. The ratings backend, with its bus and breakers, is
// behind `rate`, which the monolith does not have.

import type { Trace, Tracing } from "../trace/core/trace.ts";
import type { Board } from "./board.ts";
import type { Catalogue } from "./core/catalogue.ts";

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

export interface Check {
  readonly name: string;
  readonly good: boolean;
  /** Shown to every visitor, so without addresses. */
  readonly note: string;
  /** Shown to operators: the reason, with addresses. */
  readonly detail?: string | undefined;
}

export interface Readiness {
  /** False: a load balancer must send no visitors here. */
  readonly ready: boolean;
  /** Ready, but without fresh ratings: all instances are down, or the bus is away. */
  readonly degraded: boolean;
  readonly checks: readonly Check[];
}

export interface AppDeps {
  readonly catalogue: Catalogue;
  /** The keys that sign visitors' cookies, newest first; at least one. */
  readonly keys: readonly string[];
  /** The origin under which browsers reach the shop through a proxy; left out: browsers use its own host. */
  readonly publicUrl?: string | undefined;
  /** Gets the rating of every thing for one page; undefined: the monolith. */
  readonly rate: ((trace?: Trace) => Promise<PageRatings>) | undefined;
  /** The board of the ratings service; undefined: the monolith, or a backend that has not started yet. */
  board?(): Board | undefined;
  /** The shop's listener serves board and metrics as well (BOARD=public); the admin listener always does. */
  readonly isBoardPublic?: boolean;
  /** Exports the spans of pages; left out: no spans. */
  readonly tracing?: Tracing | undefined;
  readiness(): Readiness;
  /** Called for every bug and every failure that no visitor caused; `where` is the request. */
  onError(error: unknown, where: string, trace?: Trace): void;
}
