// One sentence on how the ratings of this page are, in words that a shopper understands. The page is the same in every
// case; only the sentence tells that something behind it is broken.

import type { PageRatings } from "./shop.ts";
import { countText } from "./words.ts";

export interface RatingsStatus {
  /** For the look of the line: all is well, some is old, or nothing answered. */
  readonly tone: "good" | "partly" | "down";
  readonly text: string;
  /** The reasons that the failed requests gave. */
  readonly why: string | null;
}

/** The reason that a request gives when no instance could be asked. */
export const ALL_DOWN = "all services are down";

/** @param thingCount how many things the page shows */
export function ratingsStatus(thingCount: number, page: PageRatings): RatingsStatus {
  const known = page.ratings.size;
  const fresh = [...page.ratings.values()].filter((rating) => rating.fresh).length;
  if (fresh > 0 && fresh === thingCount) return { tone: "good", text: "All ratings are fresh.", why: null };
  const text = fresh === 0 ? noneFresh(known, page.trouble) : partlyFresh(thingCount, known, fresh);
  return { tone: fresh === 0 ? "down" : "partly", text, why: whyText(fresh, page.trouble) };
}

function noneFresh(known: number, trouble: readonly string[]): string {
  const allDown = trouble.includes(ALL_DOWN);
  if (known === 0) return allDown ? "No ratings yet: no ratings service is running." : "No ratings yet.";
  return allDown
    ? "All ratings services are down: these are the last known ratings."
    : "No ratings service answered: these are the last known ratings.";
}

function partlyFresh(thingCount: number, known: number, fresh: number): string {
  const old = known - fresh;
  const missing = thingCount - known;
  const parts = [`${countText(fresh, "rating")} fresh`];
  if (old > 0) parts.push(`${old} last known`);
  if (missing > 0) parts.push(`${missing} not known yet`);
  return `${parts.join(", ")}.`;
}

/** The reason that the sentence already says is not said twice. */
function whyText(fresh: number, trouble: readonly string[]): string | null {
  const reasons = trouble.filter((reason) => fresh > 0 || reason !== ALL_DOWN);
  return reasons.length === 0 ? null : `Why: ${reasons.join("; ")}.`;
}
