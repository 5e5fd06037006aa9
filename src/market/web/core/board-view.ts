// The texts and bars of the board. The server makes the page without scripts with them, and the browser updates its
// cards with this file as compiled, so the two cannot differ. Its imports are served as well (site.ts).

import type { InstanceRow, Snapshot } from "../../../monitor/snapshot.ts";
import { ageText, countText } from "./page-format.ts";

/** The first cause: without the bus no instance can be called, whatever its state was. */
const BUS_AWAY = "the bus is disconnected";

type RowState = Pick<InstanceRow, "breaker" | "membership" | "state" | "turn" | "calls">;

const SECOND_MS = 1000;
const EXACT_UNTIL_MS = 10;

/** The time left, rounded up: 0 s means that it is over. */
export const leftText = (ms: number): string => `${Math.max(0, Math.ceil(ms / SECOND_MS))} s`;

/** `2.4 ms`, `57 ms`, `1.0 s`: short enough for the narrowest card. */
export function msText(ms: number | undefined): string {
  if (ms === undefined) return "–";
  if (ms >= SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  return `${ms < EXACT_UNTIL_MS ? ms.toFixed(1) : Math.round(ms)} ms`;
}

export const callsText = ({ total, hedges }: Pick<InstanceRow["calls"], "total" | "hedges">): string =>
  hedges > 0 ? `${total} + ${hedges} hedged` : String(total);

/** The calls of the last minute, of one instance or of all. */
type EndedCalls = Pick<InstanceRow["calls"], "succeeded" | "errors">;

/** From here on, in hundredths of a percent, a whole percent would hide that some calls failed. */
const FINE_FROM = 9_900;

/** `100 %` only without an error; `99.9 %`, `57 %`, rounded down. */
export function successText({ succeeded, errors }: EndedCalls): string {
  const ended = succeeded + errors;
  if (ended === 0) return "–";
  if (errors === 0) return "100 %";
  const hundredths = Math.floor((succeeded * 10_000) / ended);
  return hundredths < FINE_FROM
    ? `${Math.floor(hundredths / 100)} %`
    : `${(Math.floor(hundredths / 10) / 10).toFixed(1)} %`;
}

/** `36 calls in the last minute: 50 % succeeded, 18 errors.` */
export function callsSummary(calls: EndedCalls & { readonly lastMinute: number }): string {
  if (calls.lastMinute === 0) return "No calls in the last minute.";
  const head = `${countText(calls.lastMinute, "call")} in the last minute`;
  if (calls.succeeded + calls.errors === 0) return `${head}.`;
  return calls.errors === 0
    ? `${head}: all succeeded.`
    : `${head}: ${successText(calls)} succeeded, ${countText(calls.errors, "error")}.`;
}

const failingText = ({ succeeded, errors, lastError }: InstanceRow["calls"]): string =>
  `${errors} of ${succeeded + errors} calls failed in the last minute${lastError === null ? "" : ` · ${lastError}`}`;

/** The reason for the state, and when it may change. */
export function whyText(
  { breaker, membership, state, turn, calls }: RowState,
  now: number,
  bus: Snapshot["bus"] = "connected",
): string {
  const openedAgo = breaker.openedAt === null ? null : `${ageText(now - breaker.openedAt)} ago`;
  const opened = openedAgo === null ? null : `${breaker.why}, ${openedAgo}`;
  if (membership.kind === "gone") return leftMembershipText(membership.reason, opened);
  if (membership.kind === "draining") return "finishes its open calls";
  if (bus !== "connected")
    return breaker.kind === "closed" || opened === null ? BUS_AWAY : `${BUS_AWAY} · before: ${opened}`;
  if (state === "open") return `${opened} · ${retestText((breaker.retestAt ?? now) - now)}`;
  if (state === "retesting") return `${opened} · a retest is in flight`;
  if (state === "probation") return `closes fully after ${countText(breaker.answersLeft ?? 0, "more answer")}`;
  if (turn.kind === "passed over") return turn.why;
  if (state === "failing") return failingText(calls);
  return openedAgo === null ? "in rotation" : `in rotation · last opened ${openedAgo}`;
}

const retestText = (leftMs: number): string =>
  leftMs > 0 ? `retest in ${leftText(leftMs)}` : "retest with the next call";

function leftMembershipText(how: string | null, opened: string | null): string {
  if (how === "left") return "said goodbye";
  return opened === null ? `${how}` : `${how} · breaker opened: ${opened}`;
}

/**
 * `slow by 300 ms, ends in 12 s`, for each active fault. A fault whose end has passed counts as ended even without a
 * heartbeat: a killed instance sends none.
 */
export const faultTexts = (faults: InstanceRow["faults"], now: number): readonly string[] =>
  (faults ?? [])
    .filter(({ endsAt }) => endsAt > now)
    .map(({ text, endsAt }) => `${text}, ends in ${leftText(endsAt - now)}`);

/** A muted instance counts as lost after its lease, and must still accept a command that ends the fault. */
export const canBeAsked = ({ faults, membership }: InstanceRow, now: number): boolean =>
  faults !== null && (membership.kind === "up" || faultTexts(faults, now).length > 0);

type Statuses = readonly Pick<InstanceRow, "membership" | "state">[];

/** `3 instances, 1 healthy, 1 failing, 1 lost.`; the first number counts instances that are up. */
export function summaryText(rows: Statuses): string {
  const up = rows.filter(({ membership }) => membership.kind === "up");
  const well = up.filter(({ state }) => state === "healthy").length;
  const [failing, lost] = (["failing", "lost"] as const).map((name) => {
    const count = rows.filter(({ state }) => state === name).length;
    return count === 0 ? "" : `, ${count} ${name}`;
  });
  const all = `${countText(up.length, "instance")}, ${well === up.length ? "all" : well} healthy`;
  return `${up.length === 0 ? "No instance is up" : all}${failing}${lost}.`;
}

/** At least one instance is healthy, and none is in trouble. @param isTrouble of the table in monitor/states.ts */
export const isAllHealthy = (rows: Statuses, isTrouble: (state: InstanceRow["state"]) => boolean): boolean =>
  rows.some(({ state }) => state === "healthy") && !rows.some(({ state }) => isTrouble(state));

/** The ring is cut to this many: a reader follows no more. */
const MAX_TURNS = 24;

/** All of a short ring, in the order of instance numbers; of a long one the next instance and those after it. */
export function turnsShown(ring: readonly string[], next: string | null): readonly string[] {
  if (ring.length <= MAX_TURNS) return ring;
  const from = Math.max(0, ring.indexOf(next ?? ""));
  return [...ring.slice(from), ...ring.slice(0, from)].slice(0, MAX_TURNS);
}

/** The text after the number in the ring, for screen readers. */
export function turnText(
  { incarnation, turn }: Pick<InstanceRow, "incarnation" | "turn">,
  next: string | null,
): string {
  if (incarnation === next) return ", next";
  return turn.kind === "passed over" ? `, skipped: ${turn.why}` : "";
}

export const moreTurnsText = (ring: number, shown: number): string => (ring > shown ? `and ${ring - shown} more` : "");

/** What a page knows. Nothing newer is claimed. Times are times of day, such as 22:11:23. */
export interface Knowledge {
  readonly bus: Snapshot["bus"];
  /** When the bus was lost: the states are those of that moment. Undefined: it is connected, or never was. */
  readonly busLostAt: string | undefined;
  /** The moment of what is shown. Undefined: the page is live. */
  readonly asOf: string | undefined;
}

/** `live`: all is known. `cut off`: the Market itself knows nothing newer. `old`: the page does not. */
export type ShownAs = "live" | "cut off" | "old";

export function shownAs({ bus, asOf }: Knowledge): ShownAs {
  if (asOf !== undefined) return "old";
  return bus === "connected" ? "live" : "cut off";
}

/** `2 instances, all healthy, as of 22:11:23.` @param at undefined: it is true now */
export const asOfText = (sentence: string, at: string | undefined): string =>
  at === undefined ? sentence : `${sentence.replace(/\.$/, "")}, as of ${at}.`;

/** The moment of the states that are shown, behind a title; empty: they are those of now. */
export function titleNote({ busLostAt, asOf }: Knowledge): string {
  const at = busLostAt ?? asOf;
  return at === undefined ? "" : `, as of ${at}`;
}

/** The headline. The bus overrides the states: they are of the time before it was lost. */
export function headline(rows: Statuses, { bus, busLostAt, asOf }: Knowledge): string {
  if (bus === "connected") return asOfText(summaryText(rows), asOf);
  const cutOff = asOfText("Not connected to NATS: no instance can be called.", asOf);
  return busLostAt === undefined ? cutOff : `${cutOff} ${asOfText(summaryText(rows), busLostAt)}`;
}

/** @param next undefined: no instance is eligible */
export function nextText(next: Pick<InstanceRow, "instance"> | undefined, { bus, asOf }: Knowledge): string {
  const why = bus === "connected" ? "all services are down" : BUS_AWAY;
  return asOfText(next === undefined ? `No instance: ${why}.` : `Instance ${next.instance} gets it.`, asOf);
}

export function busText({ bus, busLostAt, asOf }: Knowledge): string {
  if (bus === "connected") return asOfText("Connected to NATS.", asOf);
  const since = busLostAt === undefined ? "" : ` since ${busLostAt}`;
  return asOfText(`Not connected to NATS${since}: no call can be sent.`, asOf);
}

const SECONDS = 60;
const BAR_WIDTH = 4;
const HEIGHT = 40;
/** A margin above the tallest bar; the lowest makes one call visible. */
const MAX_BAR_HEIGHT = 38;
const MIN_BAR_HEIGHT = 2;
/** Lower bound of the scale: with fewer calls a second, full bars would look like high load. */
const MIN_SCALE = 4;

/**
 * The calls of an instance by number of the second, so that the bars move on between two frames of the feed. Seconds
 * without calls are missing.
 */
export type CallsBySecond = ReadonlyMap<number, number>;

/** @param second the current one */
export function lastMinuteOf(callsBySecond: CallsBySecond, second: number): number {
  let sum = 0;
  for (const [at, calls] of callsBySecond) if (at > second - SECONDS) sum += calls;
  return sum;
}

/** The path of an SVG of 240 by 40. */
export function sparkPath(callsBySecond: CallsBySecond, second: number): string {
  const most = Math.max(MIN_SCALE, ...callsBySecond.values());
  let path = "";
  for (const [at, calls] of callsBySecond) {
    const place = SECONDS - 1 - (second - at);
    if (place < 0 || place >= SECONDS) continue;
    const height = Math.max(MIN_BAR_HEIGHT, Math.round((calls / most) * MAX_BAR_HEIGHT));
    path += `M${place * BAR_WIDTH} ${HEIGHT}v-${height}h${BAR_WIDTH - 1}v${height}z`;
  }
  return path;
}
