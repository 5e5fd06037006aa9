// What the app asks of the Market around it. The app knows pages and carts; who asks for ratings, over which bus and
// with which breakers, is behind `rate`, and the monolith simply has none.

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
  /** This page's own request was answered; otherwise it is the last one known. */
  readonly fresh: boolean;
}

export interface PageRatings {
  /** By thing. A thing that was never rated is missing. */
  readonly ratings: ReadonlyMap<string, RatingView>;
  /** Why requests of this page failed, each reason once, such as `all services are down`. */
  readonly failureReasons: readonly string[];
}

export interface Check {
  readonly name: string;
  readonly good: boolean;
  /** For every visitor: no address, and no reason that names one. */
  readonly note: string;
  /** For those who run the Market: the reason, with addresses. */
  readonly detail?: string | undefined;
}

export interface Readiness {
  /** False: send no visitors here. */
  readonly ready: boolean;
  /** Ready, but with less to show: all ratings are down, or the bus is away. */
  readonly degraded: boolean;
  readonly checks: readonly Check[];
}

export interface AppDeps {
  readonly catalogue: Catalogue;
  /** What signs the visitors' cookies, newest first, at least one. */
  readonly keys: readonly string[];
  /** The origin under which browsers reach the shop through a proxy; left out: the shop is asked for by its own Host. */
  readonly publicUrl?: string | undefined;
  /** Asks for the rating of every thing, as one page does; undefined: the monolith, which knows of no ratings. */
  readonly rate: ((trace?: Trace) => Promise<PageRatings>) | undefined;
  /** What is seen of the ratings service; undefined: the monolith, or a Market that is still on its way to the bus. */
  board?(): Board | undefined;
  /** Whether the shop's listener shows the board and the metrics as well; the admin listener always does. */
  readonly isBoardPublic?: boolean;
  /** Where the spans of its pages are sent; left out: nowhere. */
  readonly tracing?: Tracing | undefined;
  readiness(): Readiness;
  /** Told of every bug and every failure that no visitor caused; `where` is the request. */
  onError(error: unknown, where: string, trace?: Trace): void;
}
