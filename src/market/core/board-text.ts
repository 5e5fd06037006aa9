// What the board says of an instance, in words. The page without scripts is made of them here, and the browser keeps its
// cards up to date with this very file as it is compiled: so the two cannot disagree. All that it imports is
// served, too (app.ts).

import type { InstanceRow, Snapshot } from "../../monitor/snapshot.ts";
import { ageText, countText } from "./page-format.ts";

type RowState = Pick<InstanceRow, "breaker" | "membership" | "state" | "turn">;

const SECOND_MS = 1000;
const EXACT_UNTIL_MS = 10;

/** What is left until then; rounded up, so that nothing is said to be over that is not. */
export const leftText = (ms: number): string => `${Math.max(0, Math.ceil(ms / SECOND_MS))} s`;

/** `2.4 ms`, `57 ms`, `1.0 s`: short enough to stand beside its name in the narrowest card. */
export function msText(ms: number | undefined): string {
  if (ms === undefined) return "–";
  if (ms >= SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  return `${ms < EXACT_UNTIL_MS ? ms.toFixed(1) : Math.round(ms)} ms`;
}

export const callsText = ({ total, hedges }: Pick<InstanceRow["calls"], "total" | "hedges">): string =>
  hedges > 0 ? `${total} + ${hedges} hedged` : String(total);

/** Why it is in that state, and when that may change. */
export function whyText({ breaker, membership, state, turn }: RowState, now: number): string {
  const openedAgo = breaker.openedAt === null ? null : `${ageText(now - breaker.openedAt)} ago`;
  const opened = openedAgo === null ? null : `${breaker.why}, ${openedAgo}`;
  if (membership.kind === "gone") return leftMembershipText(membership.reason, opened);
  if (membership.kind === "draining") return "finishes what it has";
  if (state === "open") return `${opened} · ${retestText((breaker.retestAt ?? now) - now)}`;
  if (state === "retesting") return `${opened} · a retest is out`;
  if (state === "probation") return `${countText(breaker.answersLeft ?? 0, "answer")} to go`;
  if (turn.kind === "passed over") return turn.why;
  return openedAgo === null ? "takes its turns" : `takes its turns · last opened ${openedAgo}`;
}

const retestText = (leftMs: number): string =>
  leftMs > 0 ? `retest in ${leftText(leftMs)}` : "retest with the next call";

function leftMembershipText(how: string | null, opened: string | null): string {
  if (how === "left") return "said goodbye";
  return opened === null ? `${how}` : `${how} · breaker opened: ${opened}`;
}

/** `slow by 300 ms, ends in 12 s`, of each that is still on: what is over is over, whether it was heard or not. */
export const faultTexts = (faults: InstanceRow["faults"], now: number): readonly string[] =>
  (faults ?? [])
    .filter(({ endsAt }) => endsAt > now)
    .map(({ text, endsAt }) => `${text}, ends in ${leftText(endsAt - now)}`);

/** Somebody silent is soon held for lost, and is all the same to be asked to end it. */
export const canBeAsked = ({ faults, membership }: InstanceRow, now: number): boolean =>
  faults !== null && (membership.kind === "up" || faultTexts(faults, now).length > 0);

type Statuses = readonly Pick<InstanceRow, "membership" | "state">[];

/** All of them in one line: `2 instances up, 1 well, 1 lost.` */
export function summaryText(rows: Statuses): string {
  const up = rows.filter(({ membership }) => membership.kind === "up");
  const well = up.filter(({ state }) => state === "healthy").length;
  const lost = rows.filter(({ state }) => state === "lost").length;
  const all = `${countText(up.length, "instance")} up, ${well === up.length ? "all" : well} well`;
  return `${up.length === 0 ? "No instance is up" : all}${lost > 0 ? `, ${lost} lost` : ""}.`;
}

/** At least one instance is healthy, and none is in trouble. @param isTrouble of the table in monitor/states.ts */
export const isAllWell = (rows: Statuses, isTrouble: (state: InstanceRow["state"]) => boolean): boolean =>
  rows.some(({ state }) => state === "healthy") && !rows.some(({ state }) => isTrouble(state));

/** More turns ahead than this nobody follows. */
const MAX_TURNS = 24;

/** Of a short ring all, in the order of their numbers; of a long one who is next, and those after it. */
export function turnsShown(ring: readonly string[], next: string | null): readonly string[] {
  if (ring.length <= MAX_TURNS) return ring;
  const from = Math.max(0, ring.indexOf(next ?? ""));
  return [...ring.slice(from), ...ring.slice(0, from)].slice(0, MAX_TURNS);
}

/** Behind the number in the ring, for those who do not see how it looks. */
export function turnText(
  { incarnation, turn }: Pick<InstanceRow, "incarnation" | "turn">,
  next: string | null,
): string {
  if (incarnation === next) return ", next";
  return turn.kind === "passed over" ? `, passed over: ${turn.why}` : "";
}

export const moreTurnsText = (ring: number, shown: number): string => (ring > shown ? `and ${ring - shown} more` : "");

export const nextText = (next: Pick<InstanceRow, "instance"> | undefined): string =>
  next === undefined ? "Nobody: all services are down." : `Instance ${next.instance} gets the next call.`;

export const busText = (bus: Snapshot["bus"]): string =>
  bus === "connected" ? "The bus is there." : "The bus is away: nobody can be asked.";
