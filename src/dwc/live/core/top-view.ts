// One picture of `dwc top`: the head, as many rows as there is room for, the latest events, the keys. Also as CSV and
// as JSON, for programs.

import type { InstanceRow } from "../../../monitor/row.ts";
import { type Line, oneLine } from "../../core/outcome.ts";
import { formatDuration } from "./duration.ts";
import { eventLine } from "./event-lines.ts";
import type { MarketView } from "./market-view.ts";
import { percent, stateTone, stateWords } from "./state-format.ts";
import { type Column, table } from "./table.ts";
import { HELP_LINES, type TopState } from "./top-keys.ts";

export interface TopFrame {
  readonly view: MarketView;
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
/** The head, the table's head, the keys. */
const MIN_LINES = 3;
/** A screen of fewer rows is left to the instances: events and blank lines are for those with room. */
const MIN_ROWS_FOR_EVENTS = 16;

const otherLines = ({ rows }: Size): number =>
  rows < MIN_ROWS_FOR_EVENTS ? MIN_LINES : MIN_LINES + 1 + 1 + EVENTS_SHOWN;

/** How many rows of the table a screen has room for. */
export const rowsShown = (size: Size): number => Math.max(1, size.rows - otherLines(size));

/** A whole screen, no line longer than it is wide. */
export function topLines(picture: TopFrame, state: TopState, size: Size): readonly Line[] {
  const isRoomy = size.rows >= MIN_ROWS_FOR_EVENTS;
  const blank = isRoomy ? [""] : [];
  const events = isRoomy ? [...blank, ...eventLines(picture, size)] : [];
  return [
    headLine(picture, size.columns),
    ...blank,
    ...shownLines(picture, state, size),
    ...events,
    keys(picture, state, size),
  ]
    .slice(0, size.rows)
    .map((line) => cut(line, size.columns));
}

function shownLines({ view }: TopFrame, state: TopState, size: Size): readonly Line[] {
  if (state.help) return HELP_LINES;
  const [head = "", ...rows] = tableOf(view, state, size.columns);
  return [head, ...rows.slice(state.offset, state.offset + rowsShown(size))];
}

const eventLines = ({ view, timeOfDay }: TopFrame, { columns }: Size): readonly Line[] =>
  view.events.slice(-EVENTS_SHOWN).map((event) => eventLine(event, timeOfDay(event.at), columns));

function keys({ view }: TopFrame, { sort, offset }: TopState, size: Size): Line {
  const all = view.instances.length;
  const last = Math.min(all, offset + rowsShown(size));
  const more = all > rowsShown(size) ? `  rows ${offset + 1} to ${last} of ${all}` : "";
  return { text: `q quit  s sort: ${sort}  ↑↓ scroll  ? help${more}`, tone: "faint" };
}

/** For where there is no screen to draw on: head and table, whole. */
export const plainLines = (picture: TopFrame, state: TopState, room?: number): readonly Line[] => [
  headLine(picture, room),
  ...tableOf(picture.view, state, room),
];

function headLine({ view, url, staleMs }: TopFrame, room = Number.POSITIVE_INFINITY): Line {
  const { service, bus, calls, turns, instances } = view;
  if (staleMs !== undefined)
    return { text: `‼ ${url} has not answered for ${formatDuration(staleMs)}: what is shown is old`, tone: "warning" };
  const next = instances.find(({ incarnation }) => incarnation === turns.next);
  const whose = next === undefined ? "nobody: all services are down" : `${service}/${next.instance}`;
  const parts = [`bus ${bus}`, `${calls.lastMinute} calls in the last minute`, `next: ${whose}`];
  // Who looks knows where; how many calls there are stands in the rows as well.
  const heads = [
    [`${service} at ${url}`, ...parts],
    [service, ...parts],
    [service, ...parts.toSpliced(1, 1)],
  ];
  const text =
    heads.map((head) => head.join("   ")).find((head) => head.length <= room) ?? parts.toReversed().join("   ");
  return next === undefined || bus !== "connected" ? { text, tone: "warning" } : text;
}

const COLUMNS: readonly Column[] = [
  { head: "INSTANCE" },
  { head: "STATE" },
  { head: "CALLS", isNumber: true, dropPriority: 5 },
  { head: "SHARE", isNumber: true, dropPriority: 1 },
  { head: "P50", isNumber: true, dropPriority: 3 },
  { head: "P99", isNumber: true, dropPriority: 4 },
  { head: "HEARD", isNumber: true, dropPriority: 2 },
  { head: "TURN", atLeast: "its breaker is open".length },
];
const UNKNOWN = "-";

function tableOf(view: MarketView, { sort }: TopState, room?: number): readonly Line[] {
  const rows = sorted(view.instances, sort).map((row) => ({
    cells: cellsOf(row, view),
    tone: row.state === "well" ? undefined : stateTone(row.state),
  }));
  return table(COLUMNS, rows, room);
}

function cellsOf(
  { instance, state, calls, latency, heartbeat, turn, breaker }: InstanceRow,
  view: MarketView,
): readonly string[] {
  const retest = breaker.retestAt === null ? "" : `, retest ${dueIn(breaker.retestAt - view.at)}`;
  return [
    `${view.service}/${instance}`,
    stateWords(state),
    String(calls.lastMinute),
    percent(calls.share),
    latency === null ? UNKNOWN : formatDuration(latency.p50Ms),
    latency === null ? UNKNOWN : formatDuration(latency.p99Ms),
    formatDuration(view.at - heartbeat.at),
    // Whose turn it is not has a reason, which is all that is to be said.
    turn.kind === "passed over" ? `${turn.why}${retest}` : turn.kind,
  ];
}

const dueIn = (ms: number): string => (ms > 0 ? `in ${formatDuration(ms)}` : "due");

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

export function csvLines({ at, service, instances }: MarketView): string {
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

export function topJson({ view, staleMs }: TopFrame): string {
  const { service, at, bus, calls, turns, instances, unlisted } = view;
  const stale_ms = staleMs === undefined ? null : Math.round(staleMs);
  return oneLine({ type: "top", service, at, stale_ms, bus, calls, turns, instances, unlisted });
}
