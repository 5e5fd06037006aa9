// One sentence on how the ratings of this page are, in words that a shopper understands. The page is the same in every
// case; only the sentence tells that something behind it is broken.

import type { PageRatings, RatingView } from "../app-deps.ts";
import { countText, instancesText } from "./page-format.ts";

export interface RatingsStatus {
  /** For the look of the line: all is well, some is old, or nothing answered. */
  readonly tone: "good" | "partly" | "down";
  readonly text: string;
  /** The reasons that the failed requests gave. */
  readonly why: string | null;
  /** Who answered, or was the last to; null: nobody ever did. */
  readonly who: string | null;
}

/** The reason that a request gives when no instance could be asked. */
export const ALL_DOWN = "all services are down";
/** And when there is no way to any. */
const BUS_AWAY = "the bus is disconnected";

/** @param thingCount how many things the page shows */
export function ratingsStatus(thingCount: number, page: PageRatings): RatingsStatus {
  const known = [...page.ratings.values()];
  const fresh = known.filter((rating) => rating.fresh);
  const who = whoText(known, fresh);
  if (fresh.length > 0 && fresh.length === thingCount)
    return { tone: "good", text: "All ratings are fresh.", why: null, who };
  const why = whyText(fresh.length, page.failureReasons);
  if (fresh.length === 0) return { tone: "down", text: noneFresh(known.length, page.failureReasons), why, who };
  return { tone: "partly", text: partlyFresh(thingCount, known.length, fresh.length), why, who };
}

function noneFresh(known: number, trouble: readonly string[]): string {
  const allDown = trouble.includes(ALL_DOWN);
  const isCutOff = trouble.length > 0 && trouble.every((reason) => reason === BUS_AWAY);
  if (known === 0) {
    if (allDown) return "No ratings yet: no ratings service is running.";
    return isCutOff ? "No ratings yet: nobody can be asked for them just now." : "No ratings yet.";
  }
  if (allDown) return "All ratings services are down: these are the last known ratings.";
  return isCutOff
    ? "Nobody can be asked for ratings just now: these are the last known ratings."
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

/** `Answered by instances 1 and 2.`; with nothing fresh, who was the last to. */
function whoText(known: readonly RatingView[], fresh: readonly RatingView[]): string | null {
  const answers = fresh.length > 0 ? fresh : known;
  if (answers.length === 0) return null;
  return `${fresh.length > 0 ? "Answered" : "Last answered"} by ${instancesText(answers.map(({ instance }) => instance))}.`;
}
