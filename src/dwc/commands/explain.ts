// `dwc explain ratings/2`: a Market's view of one instance, or of all instances of a service, the next in turn, and why
// others are passed over. It decides nothing: all reasons come from the Market.

import type { InstanceRow } from "../../monitor/snapshot.ts";
import { countWords, formatDuration } from "../../util/format.ts";
import type { Command } from "../cli/core/command.ts";
import { type CommandResult, type Failed, failed, type Line, quoteForMessage, wrongUsage } from "../cli/core/result.ts";
import {
  failedMarket,
  failedVisit,
  MARKET_OPTION,
  OWN_SERVICE,
  warningsOf,
  wrongMarket,
} from "../live/core/failures.ts";
import type { MarketView } from "../live/core/parse-answers.ts";
import { explainedFromBus } from "./explain-bus.ts";
import {
  callsWords,
  cutOffWords,
  failingWords,
  isCutOff,
  nextWords,
  percent,
  shownState,
  shownTone,
  successWords,
  UNKNOWN,
} from "./format.ts";

export const explain: Command = {
  name: "explain",
  isLive: true,
  summary: "why calls go where they go: state, reason, since when, whose turn is next",
  about: [
    "It queries a running Market, as only a caller knows why it passes an instance over. Of a service that no Market calls it",
    "prints what its instances say of themselves: heartbeats, operations and their counters.",
  ],
  args: [{ name: "WHO", meaning: "a service, such as ratings, or one instance of it, such as ratings/2" }],
  options: [MARKET_OPTION],
  example: "bin/dwc explain ratings/2",
  run: async ({ args, values }, context) => {
    const [who = ""] = args;
    const [, service = "", number] = /^([a-z][a-z0-9_-]*)(?:\/(\d{1,6}))?$/.exec(who) ?? [];
    if (service === "") return wrongWho(who);
    const wrong = wrongMarket(values.get("market"));
    if (wrong !== undefined) return wrong;
    const board = await context.live.fetchView(values.get("market"));
    const isOfMarket = values.has("market") || service === OWN_SERVICE;
    if (!isOfMarket && (board.kind !== "board" || board.view.service !== service)) {
      const roll = await context.live.roll(service);
      if (roll.kind === "not-connected" && roll.code !== "no-bus") return failedVisit(roll);
      if (roll.kind === "connected") {
        const wanted = { service, number: numberOf(number), wall: context.live.wall() };
        return explainedFromBus(roll.value, wanted, warningsOf(roll));
      }
    }
    if (board.kind !== "board") return failedMarket(board);
    return explained(board.view, service, numberOf(number), context.live.timeOfDay);
  },
};

const numberOf = (typed: string | undefined): number | undefined => (typed === undefined ? undefined : Number(typed));

const wrongWho = (who: string): Failed =>
  wrongUsage(
    "bad-name",
    `${quoteForMessage(who)} is neither a service nor an instance`,
    "for example:  bin/dwc explain ratings   or  bin/dwc explain ratings/2",
  );

/** @param number the instance; undefined: all */
export function explained(
  view: MarketView,
  service: string,
  number: number | undefined,
  timeOfDay: (at: number) => string,
): CommandResult {
  if (view.service !== service)
    return unknown(
      `the Market calls ${view.service}, and no ${service}`,
      `for example:  bin/dwc explain ${view.service}`,
    );
  const meant = view.instances.filter(({ instance }) => number === undefined || instance === number);
  if (meant.length === 0 && number !== undefined)
    return unknown(
      `the Market does not know ${service}/${number}`,
      `to start it:  make startRatings INSTANCE=${number}`,
    );
  return {
    kind: "done",
    lines: [
      ...busLines(view, timeOfDay),
      ...meant.flatMap((row) => [...rowLines(row, view), ""]),
      ...nextLines(view, number),
    ],
    notes: [],
    json: explainedJson(view, meant),
    ifUnwritten: "read-only",
  };
}

/** Without the bus the first thing to know is that. */
const busLines = (view: MarketView, timeOfDay: (at: number) => string): readonly Line[] =>
  isCutOff(view) ? [{ text: `The Market ${cutOffWords(view, timeOfDay)}`, tone: "bad" }, ""] : [];

const unknown = (message: string, hint: string): Failed => failed("unknown-instance", message, hint);

function rowLines(row: InstanceRow, view: MarketView): readonly Line[] {
  const { instance, address, state, breaker, heartbeat, calls, latency } = row;
  const ago = (at: number): string => `${formatDuration(view.at - at)} ago`;
  const facts: (readonly [string, string])[] = [["address", `nats:${address}`]];
  const why = whyOf(row, view);
  if (why !== undefined) facts.push(["why", why]);
  // The board of an earlier version has no faults.
  for (const { text, endsAt } of row.faults ?? [])
    if (endsAt > view.at) facts.push(["faults", `${text}, ends in ${formatDuration(endsAt - view.at)}`]);
  const since = sinceOf(row, view);
  if (since !== undefined) facts.push(["since", ago(since)]);
  if (breaker.retestAt !== null && !isCutOff(view)) facts.push(["retest", dueWords(breaker.retestAt - view.at)]);
  if (breaker.answersLeft !== null) facts.push(["probation", `over after ${breaker.answersLeft} more answers`]);
  facts.push(["heartbeat", isCutOff(view) ? ago(heartbeat.at) : heartbeatWords(heartbeat, view.at)]);
  facts.push(["turn", turnWords(row, view)]);
  facts.push([
    "calls",
    `${calls.lastMinute} in the last minute, ${percent(calls.share)} of all; ${calls.total} in all`,
  ]);
  const success = successWords(calls);
  if (success !== UNKNOWN) facts.push(["success", `${success} in the last minute${errorsOf(calls)}`]);
  if (latency !== null)
    facts.push([
      "latency",
      `half within ${formatDuration(latency.p50Ms)}, 99 % within ${formatDuration(latency.p99Ms)}`,
    ]);
  const known = { isOld: isCutOff(view) };
  const head = { text: `${view.service}/${instance}  ${shownState(state, known)}`, tone: shownTone(state, known) };
  return [head, ...facts.map(([name, text]) => `  ${name.padEnd(FACT_WIDTH)}  ${text}`)];
}

/** `passed over: it is late: it owes 2 answers for 340 ms` */
function turnWords({ turn, late }: InstanceRow, view: MarketView): string {
  if (turn.kind !== "passed over") return turn.kind;
  // A Market of an earlier version has no late instances.
  const since = late?.since;
  return `passed over: ${turn.why}${since === undefined ? "" : ` for ${formatDuration(view.at - since)}`}`;
}

function errorsOf({ errors, lastError }: InstanceRow["calls"]): string {
  if (errors === 0) return "";
  return `: ${countWords(errors, "error")}${typeof lastError === "string" ? ` (the last: ${lastError})` : ""}`;
}

const FACT_WIDTH = "heartbeat".length;

/** The reasons of membership and breaker, side by side. A probation is no reason once the instance is gone. */
function whyOf({ membership, breaker, state, calls }: InstanceRow, view: MarketView): string | undefined {
  const isUp = membership.kind === "up";
  const isBusFirst = isUp && isCutOff(view);
  if (state === "failing" && !isBusFirst) return failingWords(calls);
  const isOpened = breaker.kind !== "closed" && (isUp || breaker.kind !== "probation");
  const opened = isOpened && breaker.why !== null ? `its breaker opened: ${breaker.why}` : null;
  const whys = [isBusFirst ? "the bus is disconnected" : null, isUp ? null : membership.reason, opened].filter(
    (why) => why !== null,
  );
  return whys.length === 0 ? undefined : whys.join("; ");
}

/** When the state last changed: the time of the last event, or for an open breaker the time in its row. */
function sinceOf({ incarnation, breaker, state, membership }: InstanceRow, view: MarketView): number | undefined {
  const { events, busSince } = view;
  if (isCutOff(view) && membership.kind === "up") return busSince ?? undefined;
  if (state === "open" && breaker.openedAt !== null) return breaker.openedAt;
  // No event says when its calls began to fail.
  if (state === "failing") return undefined;
  return events.findLast((event) => event.incarnation === incarnation)?.at;
}

const dueWords = (inMs: number): string => (inMs > 0 ? `in ${formatDuration(inMs)}` : "due with the next call");

function heartbeatWords({ at, expiresAt }: InstanceRow["heartbeat"], now: number): string {
  const left = expiresAt - now;
  const counts = left > 0 ? `counts for ${formatDuration(left)} more` : "no longer counts";
  return `${formatDuration(now - at)} ago, ${counts}`;
}

function nextLines(view: MarketView, number: number | undefined): readonly Line[] {
  const { service, turns, instances } = view;
  const nameOf = (incarnation: string): string => {
    const row = instances.find((one) => one.incarnation === incarnation);
    return row === undefined ? incarnation : `${service}/${row.instance}`;
  };
  const next = nextWords(turns.next === null ? undefined : nameOf(turns.next), view);
  const copies = turns.copies.length === 0 ? [] : [`A copy of it goes to: ${turns.copies.map(nameOf).join(", ")}`];
  const others =
    number === undefined ? [] : inTurn(view).filter((row) => row.instance !== number && row.turn.kind !== "next");
  const whyNot = others.flatMap(({ instance, turn }) =>
    turn.kind === "passed over" ? [`  not ${service}/${instance}: ${turn.why}`] : [`  then ${service}/${instance}`],
  );
  return [`All instances: ${callsWords(view.calls)}`, `Next call: ${next}`, ...whyNot, ...copies];
}

/** In turn order, from the next one on. Instances outside the ring come last. */
function inTurn({ turns: { ring, next }, instances }: MarketView): readonly InstanceRow[] {
  const first = next === null ? 0 : ring.indexOf(next);
  const placeOf = ({ incarnation }: InstanceRow): number => {
    const place = ring.indexOf(incarnation);
    return place < 0 ? ring.length : (place - first + ring.length) % ring.length;
  };
  return [...instances].sort((a, b) => placeOf(a) - placeOf(b));
}

function explainedJson(
  { service, at, bus, busSince, calls, turns, omitted }: MarketView,
  instances: readonly InstanceRow[],
): Record<string, unknown> {
  return {
    service,
    at,
    bus,
    busSince,
    calls,
    next: turns.next,
    copies: turns.copies,
    ring: turns.ring,
    instances,
    omitted,
  };
}
