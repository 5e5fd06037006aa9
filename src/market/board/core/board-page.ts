// The view model of the board page. Without scripts the page is a table. With scripts the same data becomes cards, with
// the labels of states from the legend of this page.

import type { Cell, MarketsComparison } from "../../../monitor/disagreement.ts";
import type { EventRecord } from "../../../monitor/event-stream.ts";
import type { InstanceRow, Snapshot } from "../../../monitor/snapshot.ts";
import { type InstanceState, STATE_NAMES, STATES, toneOfEvent } from "../../../monitor/states.ts";
import { trafficText } from "../../../monitor/traffic-text.ts";
import { type BoardFilter, filterOf, isTable, passes, shownText } from "../../web/core/board-filter.ts";
import {
  asOfText,
  busText,
  callsSummary,
  callsText,
  canBeAsked,
  faultTexts,
  headline,
  isAllHealthy,
  moreTurnsText,
  msText,
  nextText,
  successText,
  titleNote,
  turnsShown,
  turnText,
  whyText,
} from "../../web/core/board-view.ts";
import { ageText, countText } from "../../web/core/page-format.ts";

/** Scripts add newer ones; board.json has more. */
const EVENTS_ON_PAGE = 30;
const PERCENT = 100;

export interface BoardPage {
  readonly service: string;
  /** Of the moment of the page: without scripts it shows nothing newer. */
  readonly summary: string;
  readonly shownAs: "loaded" | "cut off";
  /** Behind the titles of what is of that moment, or of an earlier one. */
  readonly instancesNote: string;
  readonly nextNote: string;
  readonly feed: string;
  /** The instances, and the bus that they are called over. */
  readonly isAllHealthy: boolean;
  readonly bus: string;
  readonly isBusConnected: boolean;
  /** The calls of all instances. */
  readonly calls: string;
  readonly next: string;
  readonly ring: readonly TurnView[];
  /** `and 3 more`, if the ring is longer than the shown part; otherwise empty. */
  readonly moreTurns: string;
  readonly markets: MarketsView;
  /** What shoppers got. Empty: this Market has no shoppers of its own. */
  readonly traffic: string;
  readonly legend: readonly ({ readonly state: InstanceState } & (typeof STATES)[InstanceState])[];
  readonly rows: readonly BoardRow[];
  readonly filter: FilterView;
  readonly omitted: number;
  /** An instance accepts faults. */
  readonly hasFaults: boolean;
  readonly events: readonly { readonly at: string; readonly tone: string; readonly text: string }[];
}

/** The form of the filter. */
interface FilterView {
  /** Only a long table has it. */
  readonly isOffered: boolean;
  readonly isUnhealthyOnly: boolean;
  readonly find: string;
  /** `3 of 100 instances.` */
  readonly shown: string;
}

interface TurnView {
  readonly instance: number;
  readonly note: string;
  readonly className: "is-next" | "is-passed" | "";
}

export interface BoardRow {
  readonly instance: number;
  readonly incarnation: string;
  readonly address: string;
  readonly state: InstanceState;
  readonly label: string;
  readonly glyph: string;
  readonly tone: string;
  readonly why: string;
  readonly lastHeartbeat: string;
  /** Of the last minute, as the four after it. */
  readonly calls: string;
  readonly success: string;
  readonly errors: number;
  /** Its share of all calls. */
  readonly share: string;
  /** Since the Market started, with the hedges of calls to others. */
  readonly total: string;
  readonly p50: string;
  readonly p99: string;
  /** Active faults, each with its end. */
  readonly faults: readonly string[];
  /** It accepts fault commands now. */
  readonly takesFaults: boolean;
}

export interface FilterFields {
  readonly isUnhealthyOnly: boolean;
  readonly find: string;
}

const NO_FILTER: FilterFields = { isUnhealthyOnly: false, find: "" };

/** @param timeOfDay of epoch ms, where the Market is; @param fields of the filter's form */
export function boardPage(
  snapshot: Snapshot,
  timeOfDay: (at: number) => string,
  fields: FilterFields = NO_FILTER,
): BoardPage {
  const { service, bus, busSince, instances, turns, markets, events, omitted } = snapshot;
  const asOf = timeOfDay(snapshot.at);
  const busLostAt = bus === "connected" || busSince === null ? undefined : timeOfDay(busSince);
  const known = { bus, busLostAt, asOf };
  const filter = filterOf(fields.isUnhealthyOnly, fields.find);
  const all = instances.map((row) => rowOf(row, snapshot.at, bus));
  const rows = all.filter((row) => isListed(filter, row));
  const next = instances.find(({ incarnation }) => incarnation === turns.next);
  return {
    service,
    summary: headline(instances, known),
    shownAs: bus === "connected" ? "loaded" : "cut off",
    instancesNote: titleNote(known),
    nextNote: titleNote({ ...known, busLostAt: undefined }),
    feed: `State as of ${asOf}, when this page was loaded.`,
    isAllHealthy: bus === "connected" && isAllHealthy(instances, (state) => STATES[state].isTrouble),
    bus: busText(known),
    isBusConnected: bus === "connected",
    calls: callsSummary(snapshot.calls),
    next: nextText(next, known),
    ...ringView(instances, turns),
    markets: shownMarkets(marketsView(markets, snapshot.at), asOf),
    traffic: snapshot.traffic === null ? "" : asOfText(trafficText(snapshot.traffic), asOf),
    legend: STATE_NAMES.map((state) => ({ state, ...STATES[state] })),
    rows,
    filter: { isOffered: isTable(all.length), ...fields, shown: shownText(rows.length, all.length) },
    omitted,
    hasFaults: instances.some(({ faults }) => faults !== null),
    events: events
      .slice(-EVENTS_ON_PAGE)
      .reverse()
      .map(({ at, name, level, text }: EventRecord) => ({
        ...{ at: `${ageText(snapshot.at - at)} ago`, text },
        tone: toneOfEvent({ name, level }) ?? "none",
      })),
  };
}

const isListed = (filter: BoardFilter, row: BoardRow): boolean =>
  passes(filter, row, [row.label, row.why, ...row.faults, row.incarnation, row.address]);

function ringView(instances: readonly InstanceRow[], { ring, next }: Snapshot["turns"]) {
  const rows = new Map(instances.map((row) => [row.incarnation, row]));
  const shown = turnsShown(ring, next);
  return {
    ring: shown.flatMap((incarnation) => turnView(rows.get(incarnation), next)),
    moreTurns: moreTurnsText(ring.length, shown.length),
  };
}

function turnView(row: InstanceRow | undefined, next: string | null): readonly TurnView[] {
  if (row === undefined) return [];
  const className = row.incarnation === next ? "is-next" : row.turn.kind === "passed over" ? "is-passed" : "";
  return [{ instance: row.instance, note: turnText(row, next), className }];
}

const shownMarkets = (view: MarketsView, asOf: string): MarketsView =>
  view.text === "" ? view : { ...view, text: asOfText(view.text, asOf) };

function rowOf(row: InstanceRow, at: number, bus: Snapshot["bus"]): BoardRow {
  const { instance, incarnation, address, state, calls, latency, heartbeat } = row;
  const { label, glyph, tone } = STATES[state];
  return {
    ...{ instance, incarnation, address, state, label, glyph, tone },
    why: whyText(row, at, bus),
    lastHeartbeat: `${ageText(at - heartbeat.at)} ago`,
    calls: String(calls.lastMinute),
    success: successText(calls),
    errors: calls.errors,
    total: callsText(calls),
    share: `${Math.round(calls.share * PERCENT)} %`,
    p50: msText(latency?.p50Ms),
    p99: msText(latency?.p99Ms),
    faults: faultTexts(row.faults, at),
    takesFaults: canBeAsked(row, at),
  };
}

/** The comparison of several Markets: one sentence if they agree, otherwise a column for each Market. */
export interface MarketsView {
  /** Empty: there is no other Market. */
  readonly text: string;
  readonly agree: boolean;
  /** This one first. */
  readonly names: readonly string[];
  readonly disagreements: readonly { readonly instance: number; readonly cells: readonly CellView[] }[];
}

export interface CellView {
  readonly label: string;
  readonly glyph: string;
  /** The tone of the state, or "none". */
  readonly tone: string;
  readonly why: string;
}

/** @param at epoch ms */
export function marketsView(markets: MarketsComparison | null, at: number): MarketsView {
  const { all, disagreements, omitted } = markets ?? { all: [], disagreements: [], omitted: 0 };
  return {
    text: all.length < 2 ? "" : marketsText(all.length, disagreements.length + omitted, disagreements[0]?.instance),
    agree: disagreements.length === 0,
    names: all.map(({ name }) => name),
    disagreements: disagreements.map(({ instance, cells }) => ({
      instance,
      cells: cells.map((cell) => cellView(cell, at)),
    })),
  };
}

function marketsText(markets: number, disagreements: number, first: number | undefined): string {
  if (disagreements === 0) return `All ${markets} Markets agree.`;
  const about = disagreements === 1 ? `instance ${first}` : countText(disagreements, "instance");
  return `${markets} Markets disagree about ${about}.`;
}

function cellView(cell: Cell, at: number): CellView {
  if (cell.kind === "unknown") return { label: "Unknown there", glyph: "–", tone: "none", why: "" };
  if (cell.kind === "omitted") return { label: "Not published", glyph: "–", tone: "none", why: "" };
  const { label, glyph, tone } = STATES[cell.state];
  const since = `for ${ageText(at - cell.since)}`;
  return { label, glyph, tone, why: cell.why === null ? since : `${cell.why}, ${since}` };
}
