// Traffic: page loads by shoppers, a process of their own, at the rate of the switch on the board. What shoppers got is
// sent once a second, from shoppers to the Market, and from the Market to the demo that started it. Each parses it.

import { type Fields, fieldsOf, isIntegerIn } from "../util/json.ts";

/** Pages a second. The positions of the switch: off; to see single calls; to see a breaker at work; a busy shop. */
export const TRAFFIC_RATES = [0, 2, 20, 200] as const;
export type TrafficRate = (typeof TRAFFIC_RATES)[number];

export const isTrafficRate = (value: unknown): value is TrafficRate => TRAFFIC_RATES.some((rate) => rate === value);

/** What shoppers got in the last minute. */
export interface ShoppersReport {
  /** Pages that ended: loaded, or failed. */
  readonly pages: number;
  /** Not loaded in time, answered with another status than 200, or without one of the products. */
  readonly failed: number;
  /** Why the last of them failed. Null: none did. */
  readonly lastFailure: string | null;
  /** Due, and not begun: as many pages as shoppers load at once were open. They are in no other number. */
  readonly skipped: number;
  /** Of the pages that did not fail. Null: there is none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Ratings on these pages. */
  readonly fresh: number;
  readonly lastKnown: number;
}

export interface Traffic {
  /** Pages a second; 0: off. */
  readonly rate: TrafficRate;
  /** Null: nothing is known. Traffic is off, has just begun, or shoppers do not report. */
  readonly shoppers: ShoppersReport | null;
}

export const NO_TRAFFIC: Traffic = { rate: 0, shoppers: null };

/** The start of the request ids of shoppers. Their pages are displayed otherwise; nothing is permitted by it. */
export const SHOPPERS_REQUEST_ID = "shoppers-";

/** @param trace of a page or of a call for it; undefined: it is of no page */
export const isOfShoppers = (trace: { readonly requestId: string } | undefined): boolean =>
  trace?.requestId.startsWith(SHOPPERS_REQUEST_ID) === true;

// The messages between the processes: from the switch to shoppers and from the demo to the Market a rate, and back what
// is known.

export const rateMessage = (rate: number) => ({ rate });
export const reportMessage = (shoppers: ShoppersReport) => ({ shoppers });
export const trafficMessage = (traffic: Traffic) => ({ traffic });

/** Undefined: the message has no rate. @param max the highest */
export function readRateMessage(message: unknown, max: number): number | undefined {
  const { rate } = fieldsOf(message);
  return isIntegerIn(rate, 0, max) ? rate : undefined;
}

/** Undefined: the message is no report. */
export const readReportMessage = (message: unknown): ShoppersReport | undefined =>
  parseReport(fieldsOf(message)["shoppers"]);

/** Undefined: the message is not about traffic. */
export function readTrafficMessage(message: unknown): Traffic | undefined {
  const { rate, shoppers } = fieldsOf(fieldsOf(message)["traffic"]);
  if (!isTrafficRate(rate)) return undefined;
  return { rate, shoppers: parseReport(shoppers) ?? null };
}

const COUNTS = ["pages", "failed", "skipped", "fresh", "lastKnown"] as const;
/** A sentence of the board has room for it. */
const MAX_REASON_LENGTH = 100;

function parseReport(value: unknown): ShoppersReport | undefined {
  const fields = fieldsOf(value);
  if (!COUNTS.every((name) => isIntegerIn(fields[name], 0, Number.MAX_SAFE_INTEGER))) return undefined;
  const { pages, failed, skipped, fresh, lastKnown, lastFailure } = fields as Fields & ShoppersReport;
  if (failed > pages) return undefined;
  return {
    ...{ pages, failed, skipped, fresh, lastKnown },
    lastFailure: typeof lastFailure === "string" ? lastFailure.slice(0, MAX_REASON_LENGTH) : null,
    p50Ms: timeIn(fields["p50Ms"]),
    p99Ms: timeIn(fields["p99Ms"]),
  };
}

const timeIn = (value: unknown): number | null =>
  typeof value === "number" && value >= 0 && value < Number.POSITIVE_INFINITY ? value : null;
