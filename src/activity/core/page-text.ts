// The text of a page: how many ratings came fresh, which instances were called, how long the page waited, and what was
// wrong. And the summary of many pages.

import type { ShoppersReport } from "../../monitor/traffic.ts";
import { pagesText } from "../../monitor/traffic-text.ts";
import { formatDuration } from "../../util/format.ts";
import type { PageReport, ThingReport } from "./activity.ts";
import type { StateText } from "./state-text.ts";

const SEPARATOR = " · ";

export function pageText(page: PageReport): StateText {
  const { things, calls, waitedMs } = page;
  const stale = things.filter(({ why }) => why !== undefined);
  const fresh = things.length - stale.length;
  const parts = [
    stale.length === 0 ? `${ratings(fresh)} fresh` : `${fresh} of ${ratings(things.length)} fresh`,
    calls.length === 0 ? "no instance called" : calls.join("→"),
    waitText(waitedMs),
    ...(stale.length === 0 ? [] : [whyText(stale, things.length), ageText(stale)]),
  ];
  return { text: parts.join(SEPARATOR), tone: stale.length === 0 ? undefined : fresh === 0 ? "bad" : "warning" };
}

const ratings = (count: number): string => `${count} ${count === 1 ? "rating" : "ratings"}`;
const waitText = (ms: number): string => formatDuration(Math.round(ms));

/** The things are named, unless the reason is the same for all of the page. */
function whyText(stale: readonly ThingReport[], asked: number): string {
  const reasons = [...new Set(stale.map(({ why }) => why))];
  const thingsOf = (reason: string | undefined): string =>
    stale.flatMap(({ thing, why }) => (why === reason ? [thing] : [])).join(", ");
  return reasons
    .map((reason) => (reasons.length === 1 && stale.length === asked ? reason : `${thingsOf(reason)}: ${reason}`))
    .join("; ");
}

/** What the page shows in place of fresh ratings. */
function ageText(stale: readonly ThingReport[]): string {
  const ages = stale.flatMap(({ ageMs }) => ageMs ?? []);
  const missing = stale.length - ages.length;
  const known = ages.length === 0 ? [] : [`${ages.length} last known, ${formatDuration(Math.max(...ages))} old`];
  return [...known, ...(missing === 0 ? [] : [`${missing} never known`])].join(", ");
}

/** The pages of shoppers since the last summary. */
export interface PageSum {
  readonly sinceMs: number;
  readonly pages: number;
  /** Pages with a rating that was not fresh. */
  readonly stalePages: number;
  /** Calls by instance. */
  readonly calls: ReadonlyMap<number, number>;
  readonly slowestMs: number;
  readonly reasons: ReadonlySet<string>;
}

export const noPages = (sinceMs: number): PageSum => ({
  ...{ sinceMs, pages: 0, stalePages: 0, calls: new Map(), slowestMs: 0, reasons: new Set() },
});

export function addPage(sum: PageSum, { things, calls, waitedMs }: PageReport): PageSum {
  const reasons = things.flatMap(({ why }) => why ?? []);
  const counts = new Map(sum.calls);
  for (const instance of calls) counts.set(instance, (counts.get(instance) ?? 0) + 1);
  return {
    ...{ sinceMs: sum.sinceMs, pages: sum.pages + 1, calls: counts },
    stalePages: sum.stalePages + (reasons.length === 0 ? 0 : 1),
    slowestMs: Math.max(sum.slowestMs, waitedMs),
    reasons: reasons.length === 0 ? sum.reasons : new Set([...sum.reasons, ...reasons]),
  };
}

/** A longer list of instances is a number. */
const MAX_LISTED = 6;

/** @param shoppers what they got in the last minute; undefined: it is not known */
export function summaryText(sum: PageSum, shoppers: ShoppersReport | undefined, now: number): StateText {
  const parts = [
    ...(sum.pages === 0 ? [] : sumParts(sum, now)),
    ...(shoppers === undefined
      ? [`slowest ${waitText(sum.slowestMs)}`]
      : [`in the last minute ${pagesText(shoppers)}`]),
  ];
  const isFailing = shoppers !== undefined && shoppers.failed > 0;
  return { text: parts.join(SEPARATOR), tone: isFailing ? "bad" : sum.stalePages > 0 ? "warning" : "faint" };
}

function sumParts({ sinceMs, pages, stalePages, calls, reasons }: PageSum, now: number): readonly string[] {
  const counts = [...calls].sort(([one], [other]) => one - other).map(([instance, count]) => `${instance}: ${count}`);
  const listed = counts.length > MAX_LISTED ? `${counts.length} instances` : counts.join(", ");
  return [
    `${pages} ${pages === 1 ? "page" : "pages"} in ${formatDuration(Math.max(1_000, now - sinceMs))}`,
    stalePages === 0 ? "all ratings fresh" : `${stalePages} with old ratings: ${[...reasons].join(", ")}`,
    counts.length === 0 ? "no instance called" : `calls to ${listed}`,
  ];
}
