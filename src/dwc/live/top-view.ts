// One picture of `dwc top`: the head, as many rows as there is room for, the latest events, the keys. Also as CSV and
// as JSON, for programs. Pure.

import type { InstanceRow } from "../../sight/row.ts";
import { type Line, oneLine } from "../outcome.ts";
import type { Belief } from "./belief.ts";
import { percent, stateTone, stateWords } from "./belief-words.ts";
import { shownDuration } from "./duration.ts";
import { eventLine } from "./event-lines.ts";
import { type Column, table } from "./table.ts";
import { HELP_LINES, type TopState } from "./top-keys.ts";

export interface Picture {
  readonly belief: Belief;
  readonly url: string;
  /** How old it is, when the Market does not answer any more. */
  readonly staleMs: number | undefined;
  readonly timeOfDay: (at: number) => string;
}

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

const EVENTS_SHOWN = 4;
/** Head, blank, the table's head; blank and events below; the keys. */
const OTHER_LINES = 3 + 1 + EVENTS_SHOWN + 1;

/** How many rows of the table a screen has room for. */
export const rowsShown = ({ rows }: Size): number => Math.max(1, rows - OTHER_LINES);

/** A whole screen, no line longer than it is wide. */
export function topLines(picture: Picture, state: TopState, size: Size): readonly Line[] {
  const { belief, timeOfDay } = picture;
  const [head = "", ...rows] = tableOf(belief, state);
  const shown = state.help ? HELP_LINES : [head, ...rows.slice(state.offset, state.offset + rowsShown(size))];
  const events = belief.events.slice(-EVENTS_SHOWN).map((event) => eventLine(event, timeOfDay(event.at)));
  const hidden = rows.length - rowsShown(size);
  const more =
    hidden > 0
      ? `  rows ${state.offset + 1} to ${Math.min(rows.length, state.offset + rowsShown(size))} of ${rows.length}`
      : "";
  const keys: Line = { text: `q quit  s sort: ${state.sort}  ↑↓ scroll  ? help${more}`, tone: "faint" };
  return [headLine(picture), "", ...shown, "", ...events, keys]
    .slice(0, size.rows)
    .map((line) => cut(line, size.columns));
}

/** For where there is no screen to draw on: head and table, whole. */
export const plainLines = (picture: Picture, state: TopState): readonly Line[] => [
  headLine(picture),
  ...tableOf(picture.belief, state),
];

function headLine({ belief, url, staleMs }: Picture): Line {
  const { service, bus, calls, turns, instances } = belief;
  if (staleMs !== undefined)
    return { text: `‼ ${url} has not answered for ${shownDuration(staleMs)}: what is shown is old`, tone: "warning" };
  const next = instances.find(({ incarnation }) => incarnation === turns.next);
  const whose = next === undefined ? "nobody: all services are down" : `${service}/${next.instance}`;
  const text = `${service} at ${url}   bus ${bus}   ${calls.lastMinute} calls in the last minute   next: ${whose}`;
  return next === undefined || bus !== "connected" ? { text, tone: "warning" } : text;
}

const COLUMNS: readonly Column[] = [
  { head: "INSTANCE" },
  { head: "STATE" },
  { head: "CALLS", isNumber: true },
  { head: "SHARE", isNumber: true },
  { head: "P50", isNumber: true },
  { head: "P99", isNumber: true },
  { head: "HEARD", isNumber: true },
  { head: "TURN" },
];
const UNKNOWN = "-";

function tableOf(belief: Belief, { sort }: TopState): readonly Line[] {
  return table(
    COLUMNS,
    sorted(belief.instances, sort).map((row) => ({
      cells: cellsOf(row, belief),
      tone: row.state === "well" ? undefined : stateTone(row.state),
    })),
  );
}

function cellsOf(
  { instance, state, calls, latency, heartbeat, turn, breaker }: InstanceRow,
  belief: Belief,
): readonly string[] {
  const retest = breaker.retestAt === null ? "" : `, retest ${dueIn(breaker.retestAt - belief.at)}`;
  return [
    `${belief.service}/${instance}`,
    stateWords(state),
    String(calls.lastMinute),
    percent(calls.share),
    latency === null ? UNKNOWN : shownDuration(latency.p50Ms),
    latency === null ? UNKNOWN : shownDuration(latency.p99Ms),
    shownDuration(belief.at - heartbeat.at),
    turn.kind === "passed over" ? `passed over: ${turn.why}${retest}` : turn.kind,
  ];
}

const dueIn = (ms: number): string => (ms > 0 ? `in ${shownDuration(ms)}` : "due");

/** The Market's own order is the worst first. */
function sorted(rows: readonly InstanceRow[], sort: TopState["sort"]): readonly InstanceRow[] {
  switch (sort) {
    case "worst":
      return rows;
    case "number":
      return rows.toSorted((a, b) => a.instance - b.instance);
    case "calls":
      return rows.toSorted((a, b) => b.calls.lastMinute - a.calls.lastMinute);
    case "p99":
      return rows.toSorted((a, b) => (b.latency?.p99Ms ?? -1) - (a.latency?.p99Ms ?? -1));
  }
}

function cut(line: Line, columns: number): Line {
  const cutText = (text: string): string => [...text].slice(0, columns).join("");
  return typeof line === "string" ? cutText(line) : { ...line, text: cutText(line.text) };
}

export const CSV_HEAD =
  "at,service,instance,incarnation,state,turn,calls_last_minute,share,p50_ms,p99_ms,heartbeat_age_ms\n";

export function csvLines({ at, service, instances }: Belief): string {
  const lines = instances.map(({ instance, incarnation, state, turn, calls, latency, heartbeat }) =>
    [
      ...[at, service, instance, incarnation, state, turn.kind, calls.lastMinute, calls.share],
      ...[latency?.p50Ms ?? "", latency?.p99Ms ?? "", at - heartbeat.at],
    ].map(csvCell),
  );
  return lines.map((cells) => `${cells.join(",")}\n`).join("");
}

/** A cell that a table program would read as a formula is none of ours: names are letters and digits. */
const csvCell = (value: string | number): string => String(value).replace(/[^\w.: -]/g, "_");

export const topJson = ({ service, at, bus, calls, turns, instances, unlisted }: Belief): string =>
  oneLine({ type: "top", service, at, bus, calls, turns, instances, unlisted });
