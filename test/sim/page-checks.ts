// P23: the contents of pages. The simulation knows the time and the instance of each thing's last answered rating.

import type { PageRatings } from "../../src/market/ratings/rate-page.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { rate } from "../support/rate.ts";
import type { Asked, Check, View } from "./view.ts";

/** A rating is kept as it arrives. */
const KEPT_TIMEOUT_MS = 1;
/** By then a Market that stood still has stored the answers that arrived meanwhile. */
const RECENT_MS = 2_600;
/** Of wall times of 13 digits before the point. */
const ROUNDING = 0.01;

/** Answers of each thing that are remembered: more than come in the time of two pages. */
const MAX_REMEMBERED = 24;

interface Rated {
  readonly atMs: number;
  readonly instance: number;
}

export class PageChecks implements Check {
  readonly #view: View;
  readonly #rated = new Map<string, readonly Rated[]>();

  constructor(view: View) {
    this.#view = view;
  }

  answered({ request, options }: Asked, answer: Outcome): void {
    // Only calls of pages read their answer and are idempotent.
    if (answer.kind !== "ok" || options.idempotent === false || options.read === undefined) return;
    const { thingID } = request as { readonly thingID: string };
    const atMs = this.#view.world.timeline.now;
    const known = this.#rated.get(thingID) ?? [];
    this.#rated.set(thingID, [...known.slice(1 - MAX_REMEMBERED), { atMs, instance: answer.instance.instance }]);
  }

  /** The last one that has been kept for sure, those that came after it, and those that may have been kept after it. */
  #mayBeShown(thingID: string): readonly Rated[] {
    const rated = this.#rated.get(thingID) ?? [];
    const { now } = this.#view.world.timeline;
    const kept = rated.findLast(({ atMs }) => atMs < now - KEPT_TIMEOUT_MS);
    return kept === undefined ? rated : rated.filter(({ atMs }) => atMs >= kept.atMs - KEPT_TIMEOUT_MS);
  }

  shown({ ratings }: PageRatings): void {
    const { market, world } = this.#view;
    if (!market.hasBeenWellSince(world.timeline.now - RECENT_MS)) return;
    const isSkewed = world.script.faults.some(({ on, kind }) => on === "market" && kind === "skew");
    for (const [thingID, { rating, instance, ageMs }] of ratings) {
      const known = this.#mayBeShown(thingID).filter((rated) => rated.instance === instance);
      if (known.length === 0) this.#breaks(`instance ${instance} is said to have rated ${thingID}, and did not`);
      const body: unknown = Object(rate({ thingID })).body;
      if (Object(body).rating !== rating) this.#breaks(`${thingID} is shown with ${rating}`);
      if (!isSkewed && !known.some(({ atMs }) => this.#isIts(atMs, ageMs)))
        this.#breaks(`a rating of ${thingID} of ${known.map(({ atMs }) => atMs)} ms is shown as ${ageMs} ms old`);
    }
  }

  #isIts(atMs: number, ageMs: number): boolean {
    const trueMs = this.#view.world.timeline.now - atMs;
    return ageMs <= trueMs + ROUNDING && ageMs >= trueMs - KEPT_TIMEOUT_MS;
  }

  #breaks(detail: string): void {
    this.#view.world.breaks("P23", detail);
  }
}
