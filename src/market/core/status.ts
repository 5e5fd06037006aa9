// The status line of a page: one sentence about its ratings for visitors. The rest of the page is the same in every
// case.

import type { PageRatings, RatingView } from "../app-deps.ts";
import { countText, instancesText } from "./page-format.ts";

export interface RatingsStatus {
  /** Selects the style: all fresh, some old, or none answered. */
  readonly tone: "good" | "partly" | "down";
  readonly text: string;
  /** The reasons that the failed requests gave. */
  readonly why: string | null;
  /** The instances that answered, or answered last; null: none ever did. */
  readonly who: string | null;
}

/** The reason of a request when no instance is eligible. */
export const ALL_DOWN = "all services are down";
/** The reason of a request when the bus is disconnected. */
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
    return isCutOff ? "No ratings yet: the ratings cannot be reached at the moment." : "No ratings yet.";
  }
  if (allDown) return "All ratings services are down: these are the last known ratings.";
  return isCutOff
    ? "The ratings cannot be reached at the moment: these are the last known ratings."
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

/** Without the reason that the sentence itself contains. */
function whyText(fresh: number, trouble: readonly string[]): string | null {
  const reasons = trouble.filter((reason) => fresh > 0 || reason !== ALL_DOWN);
  return reasons.length === 0 ? null : `Why: ${reasons.join("; ")}.`;
}

/** `Answered by instances 1 and 2.`, or `Last answered by …` if no rating is fresh. */
function whoText(known: readonly RatingView[], fresh: readonly RatingView[]): string | null {
  const answers = fresh.length > 0 ? fresh : known;
  if (answers.length === 0) return null;
  return `${fresh.length > 0 ? "Answered" : "Last answered"} by ${instancesText(answers.map(({ instance }) => instance))}.`;
}
