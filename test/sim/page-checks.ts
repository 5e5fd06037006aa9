// P23: what pages show. The world knows when each thing was last rated in an answer, and by whom.

import type { PageRatings } from "../../src/market/shop.ts";
import { rate } from "../../src/ratings/core/ratings.ts";
import type { Answer } from "../../src/service/answer.ts";
import type { Asked, Check, View } from "./view.ts";

/** A rating is kept once its page is whole: a request timeout later at most, and the wait for the roll call before it. */
const KEPT_WITHIN_MS = 1_300;
/** Other pages may have got an answer, and not kept it yet. */
const RECENT_MS = 2 * KEPT_WITHIN_MS;

interface Rated {
  readonly wallMs: number;
  readonly instance: number;
}

export class PageChecks implements Check {
  readonly #view: View;
  readonly #rated = new Map<string, readonly Rated[]>();

  constructor(view: View) {
    this.#view = view;
  }

  answered({ request, options }: Asked, answer: Answer): void {
    // Of all calls, those of pages have a check of their answer and may be repeated.
    if (answer.kind !== "answered" || options.repeatable === false || options.accepts === undefined) return;
    const { thingID } = request as { readonly thingID: string };
    const wallMs = this.#view.market.host.wall();
    const known = [...(this.#rated.get(thingID) ?? []), { wallMs, instance: answer.who.instance }];
    this.#rated.set(thingID, this.#mayBeKept(known));
  }

  /** The last one that has been kept for sure, and those that came after it. */
  #mayBeKept(rated: readonly Rated[]): readonly Rated[] {
    const now = this.#view.market.host.wall();
    const kept = rated.findLastIndex(({ wallMs }) => wallMs < now - KEPT_WITHIN_MS);
    return kept === -1 ? rated : rated.slice(kept);
  }

  shown({ ratings }: PageRatings): void {
    const { market, world } = this.#view;
    if (!market.hasBeenWellSince(world.timeline.now - RECENT_MS)) return;
    const isSkewed = world.script.faults.some(({ on, kind }) => on === "market" && kind === "skew");
    for (const [thingID, { rating, instance, ageMs }] of ratings) {
      const now = market.host.wall();
      const known = this.#mayBeKept(this.#rated.get(thingID) ?? []).filter((rated) => rated.instance === instance);
      if (known.length === 0) this.#breaks(`instance ${instance} is said to have rated ${thingID}, and did not`);
      const body: unknown = Object(rate({ thingID })).body;
      if (Object(body).rating !== rating) this.#breaks(`${thingID} is shown with ${rating}`);
      const isIts = ({ wallMs }: Rated): boolean => ageMs <= now - wallMs && ageMs >= now - wallMs - KEPT_WITHIN_MS;
      if (!isSkewed && !known.some(isIts))
        this.#breaks(
          `a rating of ${thingID} is ${now - (known[0]?.wallMs ?? now)} ms old, and shown as ${ageMs} ms old`,
        );
    }
  }

  #breaks(detail: string): void {
    this.#view.world.breaks("P23", detail);
  }
}
