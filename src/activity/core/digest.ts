// The digest of what programs report, for a person at a terminal: a line for each page of a person and for each change of
// state, and now and then one for all pages of shoppers. It takes a report and the time, and returns lines.

import type { ShoppersReport, Traffic } from "../../monitor/traffic.ts";
import { PROGRAM_EVENTS } from "../../program/core/program-events.ts";
import { isPrinted } from "../../settings.ts";
import { SECOND_MS } from "../../util/format.ts";
import type { Activity, ReportedLine, StateEvent } from "./activity.ts";
import { addPage, noPages, type PageSum, pageText, summaryText } from "./page-text.ts";
import { failingText, type StateText, stateText } from "./state-text.ts";

/** A line: when, of what, and what. */
export interface DigestLine extends StateText {
  /** Epoch ms. */
  readonly at: number;
  /** `page`, `instance 2`, `shoppers`, `bus` */
  readonly subject: string;
}

export interface DigestState {
  /** Pages of shoppers that no line has summed up yet. */
  readonly sum: PageSum | undefined;
  /** The switch of shoppers, and what they got; undefined: the Market has no switch. */
  readonly traffic?: Traffic | undefined;
  /** Something has changed, or is wrong, since the last summary: the next one comes soon. */
  readonly isNewsworthy: boolean;
  /** Instances that have reported a fault. */
  readonly faulty: ReadonlySet<string>;
  /** That the bus is connected is news only after it was not. */
  readonly isBusAway: boolean;
}

export interface DigestStep {
  readonly state: DigestState;
  readonly lines: readonly DigestLine[];
}

export const FIRST_DIGEST: DigestState = { sum: undefined, isNewsworthy: true, faulty: new Set(), isBusAway: false };

/** Between two summaries while something changes or is wrong: often enough to see what a fault does. */
export const BUSY_SUMMARY_MS = 5 * SECOND_MS;
/** While all is well, so that instructions and faults stay on the screen. */
export const CALM_SUMMARY_MS = 30 * SECOND_MS;

/** @param activity from one of the programs */
export function digest(state: DigestState, activity: Activity): DigestStep {
  const { at } = activity;
  switch (activity.kind) {
    case "page begun":
      return { state, lines: [] };
    case "page": {
      const { page } = activity;
      if (page.visitor === "person") return { state, lines: [{ at, subject: "page", ...pageText(page) }] };
      const sum = addPage(state.sum ?? noPages(at), page);
      return { state: { ...state, sum, isNewsworthy: state.isNewsworthy || sum.stalePages > 0 }, lines: [] };
    }
    case "state":
      return onEvent({ ...state, isNewsworthy: true }, activity.event, at);
    case "failing": {
      const line = { at, subject: instanceName(activity.who), ...failingText(activity.calls) };
      return { state: { ...state, isNewsworthy: true }, lines: [line] };
    }
    case "line":
      return { state, lines: isShown(activity.line) ? [lineOf(activity.line, at)] : [] };
  }
}

/** The summary of the shoppers' pages, when it is time for one. */
export function summarize(state: DigestState, now: number): DigestStep {
  const { sum, isNewsworthy } = state;
  if (sum === undefined || now - sum.sinceMs < (isNewsworthy ? BUSY_SUMMARY_MS : CALM_SUMMARY_MS))
    return { state, lines: [] };
  const shoppers = knownShoppers(state.traffic);
  const hasFailed = (shoppers?.failed ?? 0) > 0;
  const isEmpty = sum.pages === 0 && !hasFailed;
  return {
    // The summary after a wrong one comes soon as well: it shows that all is well again.
    state: { ...state, sum: isEmpty ? undefined : noPages(now), isNewsworthy: sum.stalePages > 0 || hasFailed },
    lines: isEmpty ? [] : [{ at: now, subject: "shoppers", ...summaryText(sum, shoppers, now) }],
  };
}

/** What shoppers got, as the Market reports it. Pages that have failed may never have reached the Market. */
export function withTraffic(state: DigestState, traffic: Traffic, at: number): DigestState {
  const failed = knownShoppers(traffic)?.failed ?? 0;
  const isSwitched = traffic.rate !== state.traffic?.rate;
  const isNewsworthy = state.isNewsworthy || isSwitched || failed > (knownShoppers(state.traffic)?.failed ?? 0);
  return { ...state, traffic, sum: state.sum ?? (failed > 0 ? noPages(at) : undefined), isNewsworthy };
}

/** Undefined: no page of theirs is known. */
function knownShoppers(traffic: Traffic | undefined): ShoppersReport | undefined {
  const shoppers = traffic?.shoppers ?? undefined;
  return shoppers === undefined || shoppers.pages === 0 ? undefined : shoppers;
}

function onEvent(state: DigestState, event: StateEvent, at: number): DigestStep {
  const line = { at, subject: "who" in event ? instanceName(event.who) : subjectOf(event), ...stateText(event) };
  if (event.kind === "bus") {
    const isBusAway = event.status !== "connected";
    return { state: { ...state, isBusAway }, lines: isBusAway || state.isBusAway ? [line] : [] };
  }
  if (event.kind !== "faults") return { state, lines: [line] };
  const { incarnation } = event.who;
  const wasFaulty = state.faulty.has(incarnation);
  const faulty = new Set(state.faulty);
  if (event.faults.length === 0) faulty.delete(incarnation);
  else faulty.add(incarnation);
  // The first report of an instance with CHAOS=1 has none: that is no change.
  return { state: { ...state, faulty }, lines: event.faults.length === 0 && !wasFaulty ? [] : [line] };
}

const instanceName = ({ instance }: { readonly instance: number }): string => `instance ${instance}`;
const subjectOf = ({ kind }: StateEvent): string => (kind === "bus" ? "bus" : "heartbeats");

/** Said by the welcome, or by the Market of all instances at once. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...["market.open", "market.board", "market.shoppers", "ratings.takes_faults", "ratings.bus_disconnected"],
  ...["ratings.fault_begins", "ratings.fault_ended"],
]);

/** Lines of a program about itself, and warnings. What the Market says of instances has come as an event already. */
function isShown({ level, logger, event }: ReportedLine): boolean {
  if (event !== undefined && LEFT_OUT.has(event)) return false;
  if (event !== undefined && Object.hasOwn(PROGRAM_EVENTS, event)) return isPrinted(level, "INFO");
  return (event === undefined || logger === "ratings") && isPrinted(level, "WARNING");
}

function lineOf({ level, logger, text }: ReportedLine, at: number): DigestLine {
  const message = text.replace(/^- /, "");
  const [, instance, rest] = /^instance (\d+) (.*)$/s.exec(message) ?? [];
  const tone = level === "ERROR" ? "bad" : level === "WARNING" ? "warning" : "faint";
  if (logger === "ratings" && instance !== undefined)
    return { at, subject: `instance ${instance}`, text: rest ?? "", tone };
  return { at, subject: logger, text: message, tone };
}
