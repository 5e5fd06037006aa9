// The sentences about traffic, for board, demo and terminal. Browsers load this file as compiled, alone: it imports
// types only.

import type { ShoppersReport, Traffic } from "./traffic.ts";

const SECOND_MS = 1000;
const EXACT_UNTIL_MS = 10;

/** `2.4 ms`, `57 ms`, `1.0 s` */
export function pageTimeText(ms: number): string {
  if (ms >= SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  return `${ms < EXACT_UNTIL_MS ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** `off`, `1 page a second`, `20 pages a second` */
export function rateText(rate: number): string {
  if (rate === 0) return "off";
  return `${rate} page${rate === 1 ? "" : "s"} a second`;
}

type PageCounts = Pick<ShoppersReport, "pages" | "failed" | "lastFailure" | "p99Ms">;

/** `0 of 412 pages failed, p99 31 ms`, the reason with the failures. */
export function pagesText({ pages, failed, lastFailure, p99Ms }: PageCounts): string {
  const why = failed === 0 || lastFailure === null ? "" : ` (${failed === 1 ? "" : "the last: "}${lastFailure})`;
  return `${failed} of ${pages} page${pages === 1 ? "" : "s"} failed${why}${p99Ms === null ? "" : `, p99 ${pageTimeText(p99Ms)}`}`;
}

/** `1640 ratings fresh, 8 last known` */
export const ratingsText = ({ fresh, lastKnown }: Pick<ShoppersReport, "fresh" | "lastKnown">): string =>
  `${fresh} rating${fresh === 1 ? "" : "s"} fresh, ${lastKnown} last known`;

/** What is due and was not begun; empty: nothing. */
export const skippedText = ({ skipped }: Pick<ShoppersReport, "skipped">): string =>
  skipped === 0 ? "" : `${skipped} not begun, as too many were open`;

/** One sentence: what shoppers got in the last minute, as far as it is known. */
export function trafficText({ rate, shoppers }: Traffic): string {
  if (rate === 0) return "Off: only visitors load pages.";
  if (shoppers === null || shoppers.pages + shoppers.skipped === 0) return "Nothing is known of the shoppers’ pages.";
  const got = [pagesText(shoppers), ratingsText(shoppers), skippedText(shoppers)].filter((part) => part !== "");
  return `In the last minute ${got.join("; ")}.`;
}
