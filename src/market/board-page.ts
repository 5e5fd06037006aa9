// The board as a page without scripts shows it: a table in plain words. With scripts the same data becomes cards, and
// the words for states are taken from the list that this page carries. Pure.

import type { SeenEvent } from "../sight/event-stream.ts";
import type { InstanceRow } from "../sight/row.ts";
import type { Snapshot } from "../sight/snapshot.ts";
import { STATES, type State } from "../sight/state.ts";
import { type MarketsFace, marketsFace } from "./board-markets.ts";
import { FACES } from "./faces.ts";
import { ageText, countText } from "./words.ts";

/** Newer ones come by themselves, where scripts run; the others are in board.json. */
const EVENTS_ON_PAGE = 30;
const SECOND_MS = 1000;
const PERCENT = 100;

export interface BoardPage {
  readonly service: string;
  readonly summary: string;
  readonly bus: string;
  readonly next: string;
  readonly markets: MarketsFace;
  readonly legend: readonly { state: State; glyph: string; word: string; meaning: string }[];
  readonly rows: readonly BoardRow[];
  readonly unlisted: number;
  /** Whether any instance takes faults. */
  readonly hasFaults: boolean;
  readonly events: readonly { readonly at: string; readonly level: string; readonly text: string }[];
}

export interface BoardRow {
  readonly instance: number;
  readonly incarnation: string;
  readonly state: State;
  readonly glyph: string;
  readonly word: string;
  readonly why: string;
  readonly heard: string;
  readonly calls: string;
  readonly latency: string;
  /** What is on, each with its end; empty: none is. */
  readonly faults: readonly string[];
  /** Whether it can be asked for any now. */
  readonly takesFaults: boolean;
}

export function boardPage(snapshot: Snapshot): BoardPage {
  const { service, bus, instances, turns, markets, events, unlisted } = snapshot;
  const next = instances.find(({ incarnation }) => incarnation === turns.next);
  return {
    service,
    summary: summaryOf(instances),
    bus: bus === "connected" ? "The bus is there." : "The bus is away: nobody can be asked.",
    next: next === undefined ? "Nobody: all services are down." : `Instance ${next.instance} gets the next call.`,
    markets: marketsFace(markets, snapshot.at),
    legend: STATES.map((state) => ({ state, ...FACES[state] })),
    rows: instances.map((row) => rowOf(row, snapshot.at)),
    unlisted,
    hasFaults: instances.some(({ faults }) => faults !== null),
    events: events
      .slice(-EVENTS_ON_PAGE)
      .reverse()
      .map(({ at, level, text }: SeenEvent) => ({ at: `${ageText(snapshot.at - at)} ago`, level, text })),
  };
}

function summaryOf(instances: readonly InstanceRow[]): string {
  const up = instances.filter(({ membership }) => membership.kind === "up");
  const well = up.filter(({ state }) => state === "well").length;
  const lost = instances.filter(({ state }) => state === "lost").length;
  const all = `${countText(up.length, "instance")} up, ${well === up.length ? "all" : well} well`;
  return `${up.length === 0 ? "No instance is up" : all}${lost > 0 ? `, ${lost} lost` : ""}.`;
}

function rowOf(row: InstanceRow, at: number): BoardRow {
  const { instance, incarnation, state, calls, latency, heartbeat, faults, membership } = row;
  const { glyph, word } = FACES[state];
  return {
    ...{ instance, incarnation, state, glyph, word },
    why: whyText(row, at),
    heard: `${ageText(at - heartbeat.at)} ago`,
    calls: `${calls.total}${calls.hedges > 0 ? ` + ${calls.hedges} hedged` : ""} (${Math.round(calls.share * PERCENT)} % of the last minute)`,
    latency: latency === null ? "–" : `${latency.p50Ms.toFixed(1)} / ${latency.p99Ms.toFixed(1)} ms`,
    faults: (faults ?? []).map(({ text, endsAt }) => `${text}, ends in ${secondsText(endsAt - at)}`),
    // Somebody silent is soon held for lost, and is all the same to be asked to end it.
    takesFaults: faults !== null && (membership.kind === "up" || faults.length > 0),
  };
}

const secondsText = (ms: number): string => `${Math.max(0, Math.ceil(ms / SECOND_MS))} s`;

/** Why it is in that state, and when that may change. */
function whyText({ breaker, membership, turn }: InstanceRow, at: number): string {
  if (membership.kind !== "up") return membership.how ?? "";
  if (breaker.kind === "open" && breaker.retestAt !== null) {
    const inS = Math.max(0, Math.ceil((breaker.retestAt - at) / SECOND_MS));
    return `${breaker.why ?? "did not answer"}; ${inS === 0 ? "retest with the next call" : `retest in ${inS} s`}`;
  }
  if (breaker.kind === "probation") return `${countText(breaker.answersLeft ?? 0, "answer")} to go`;
  return turn.kind === "passed over" ? turn.why : "";
}
