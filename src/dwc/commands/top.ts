// `dwc top`: the state and the calls of each instance, refreshed once a second until a key ends it. One frame has the
// head, as many rows as fit, the latest events and the keys. Also as CSV and JSON. live/top-loop.ts draws the frames.

import type { InstanceRow } from "../../monitor/snapshot.ts";
import { formatDuration, parseDuration } from "../../util/format.ts";
import type { Command } from "../cli/core/command.ts";
import { cutLine, type Failed, type Line, oneLine, quoteForMessage, wrongUsage } from "../cli/core/result.ts";
import {
  failedMarket,
  failedVisit,
  MARKET_OPTION,
  missedMarket,
  notePart,
  servicesWithoutMarket,
  wrongMarket,
} from "../live/core/failures.ts";
import type { MarketView } from "../live/core/parse-answers.ts";
import { eventLine } from "./events.ts";
import {
  type Column,
  callsWords,
  errorWords,
  isCutOff,
  type Known,
  nextWords,
  percent,
  shownState,
  shownTone,
  successWords,
  table,
  UNKNOWN,
} from "./format.ts";

/** A shorter interval cannot be read, and puts load on the Market. */
const MIN_INTERVAL_MS = 100;
const DEFAULT_INTERVAL_MS = 1_000;
const MAX_FRAMES = 1_000_000;

export const top: Command = {
  name: "top",
  isLive: true,
  summary: "live: every instance, its calls and times, the worst first",
  about: [
    "Keys: q quits, s sorts, arrows scroll, ? explains. Where there is no screen it prints one table after the other.",
    "--json prints a line for each frame, and --csv one for each instance in it. Without a Market it shows the services on",
    "the bus, by the counters of their instances.",
  ],
  args: [],
  options: [
    { name: "count", short: "n", value: "COUNT", meaning: "print so many frames and exit; 1 prints a single one" },
    { name: "every", value: "TIME", meaning: "the interval, such as 500ms or 5s; else each second" },
    { name: "csv", meaning: "comma-separated values, under one head" },
    MARKET_OPTION,
  ],
  example: "bin/dwc top -n 1",
  run: async ({ values, flags }, context) => {
    const { count = String(MAX_FRAMES), every } = Object.fromEntries(values) as { count?: string; every?: string };
    const everyMs = every === undefined ? DEFAULT_INTERVAL_MS : (parseDuration(every) ?? 0);
    if (everyMs < MIN_INTERVAL_MS)
      return wrong(`--every ${quoteForMessage(every ?? "")} is no time of 100ms or more`, "--every 2s");
    if (!/^[1-9]\d{0,6}$/.test(count))
      return wrong(`--count ${quoteForMessage(count)} is no number of frames`, "--count 1");
    const format = flags.has("json") ? "json" : flags.has("csv") ? "csv" : "table";
    const wrongUrl = wrongMarket(values.get("market"));
    if (wrongUrl !== undefined) return wrongUrl;
    const isWhole = values.has("count");
    const options = { count: Number(count), everyMs, format, isWhole } as const;
    const ended = await context.live.top(values.get("market"), context.screen, options);
    if (ended.kind === "ended") return STREAMED;
    if (values.has("market")) return failedMarket(ended);
    const roll = await context.live.roll(undefined);
    if (servicesWithoutMarket(roll).length === 0) return missedMarket(ended, roll);
    notePart(roll, context.screen);
    const failure = await context.live.topServices(context.screen, options);
    return failure === undefined ? STREAMED : failedVisit(failure);
  },
};

const STREAMED = { kind: "streamed", exitCode: 0 } as const;

const wrong = (message: string, example: string): Failed =>
  wrongUsage("wrong-option", message, `for example:  ${example}`);

// One frame of `dwc top`: the head, as many rows as fit, the latest events, the keys. Also as CSV and JSON.

export interface TopFrame {
  readonly view: MarketView;
  readonly url: string;
  /** The age of the view while the Market does not answer. */
  readonly staleMs: number | undefined;
  readonly timeOfDay: (at: number) => string;
}

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** Of a long list of instances: so many events stay in view. The rest of the screen is for the rows. */
const MIN_EVENTS = 4;
/** The head, the table's head, the keys. */
const MIN_LINES = 3;
/** The blank lines between head, table and events. */
const BLANK_LINES = 2;
/** A screen with fewer rows shows instances only, without events and blank lines. */
const MIN_ROWS_FOR_EVENTS = 16;

const isRoomy = ({ rows }: Size): boolean => rows >= MIN_ROWS_FOR_EVENTS;

/**
 * How many rows of the table fit on the screen.
 * @param all the number of all rows
 */
export function rowsShown(all: number, size: Size): number {
  const others = isRoomy(size) ? MIN_LINES + BLANK_LINES + MIN_EVENTS : MIN_LINES;
  return Math.max(1, Math.min(all, size.rows - others));
}

/** The lines of a whole screen, cut to its width. Events fill what the rows leave. */
export function topLines(frame: TopFrame, state: TopState, size: Size): readonly Line[] {
  const blank = isRoomy(size) ? [""] : [];
  const shown = shownLines(frame, state, size);
  const eventCount = isRoomy(size) ? Math.max(0, size.rows - 1 - BLANK_LINES - shown.length - 1) : 0;
  const events = eventCount === 0 ? [] : eventLines(frame, eventCount, size);
  return [headLine(frame, size.columns), ...blank, ...shown, ...blank, ...events, keys(frame, state, size)]
    .slice(0, size.rows)
    .map((line) => cutLine(line, size.columns));
}

function shownLines(frame: TopFrame, state: TopState, size: Size): readonly Line[] {
  if (state.help) return HELP_LINES;
  const [head = "", ...rows] = tableOf(frame, state, size.columns);
  return [head, ...rows.slice(state.offset, state.offset + rowsShown(rows.length, size))];
}

const eventLines = ({ view, timeOfDay }: TopFrame, count: number, { columns }: Size): readonly Line[] =>
  view.events.slice(-count).map((event) => eventLine(event, timeOfDay(event.at), columns));

function keys({ view }: TopFrame, { sort, offset }: TopState, size: Size): Line {
  const all = view.instances.length;
  const shown = rowsShown(all, size);
  const last = Math.min(all, offset + shown);
  const more = all > shown ? `  rows ${offset + 1} to ${last} of ${all}` : "";
  return { text: `q quit  s sort: ${sort}  ↑↓ scroll  ? help${more}`, tone: "faint" };
}

/** The whole head and table, for output without a screen. */
export const plainLines = (frame: TopFrame, state: TopState, room?: number): readonly Line[] => [
  headLine(frame, room),
  ...tableOf(frame, state, room),
];

function headLine({ view, url, staleMs, timeOfDay }: TopFrame, room = Number.POSITIVE_INFINITY): Line {
  const { service, bus, busSince, calls, turns, instances } = view;
  if (staleMs !== undefined)
    return {
      text: `‼ ${url} has not answered for ${formatDuration(staleMs)}: this is as of ${timeOfDay(view.at)}`,
      tone: "warning",
    };
  const next = instances.find(({ incarnation }) => incarnation === turns.next);
  const whose = nextWords(next && `${service}/${next.instance}`, view);
  const since = isCutOff(view) && busSince !== null ? ` since ${timeOfDay(busSince)}` : "";
  const parts = [`bus ${bus}${since}`, callsWords(calls), `next: ${whose}`];
  // On a narrow screen the URL is dropped first, then the number of calls, which the rows show as well.
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
  { head: "SUCCESS", isNumber: true, dropPriority: 7 },
  { head: "ERRORS", isNumber: true, dropPriority: 6 },
  { head: "SHARE", isNumber: true, dropPriority: 1 },
  { head: "P50", isNumber: true, dropPriority: 3 },
  { head: "P99", isNumber: true, dropPriority: 4 },
  { head: "BEAT", isNumber: true, dropPriority: 2 },
  // Each countdown is whole, and so are the reasons of most faults.
  { head: "TURN", atLeast: "the bus is disconnected".length },
];

function tableOf({ view, staleMs }: TopFrame, { sort }: TopState, room?: number): readonly Line[] {
  const known = { isOld: staleMs !== undefined || isCutOff(view) };
  const rows = sorted(view.instances, sort).map((row) => ({
    cells: cellsOf(row, view, known),
    tone: row.state === "healthy" && !known.isOld ? undefined : shownTone(row.state, known),
  }));
  return table(COLUMNS, rows, room);
}

function cellsOf(
  { instance, state, calls, latency, heartbeat, turn, breaker }: InstanceRow,
  view: MarketView,
  known: Known,
): readonly string[] {
  return [
    `${view.service}/${instance}`,
    shownState(state, known),
    String(calls.lastMinute),
    successWords(calls),
    errorWords(calls),
    percent(calls.share),
    latency === null ? UNKNOWN : formatDuration(latency.p50Ms),
    latency === null ? UNKNOWN : formatDuration(latency.p99Ms),
    formatDuration(view.at - heartbeat.at),
    turnCell({ turn, breaker }, view),
  ];
}

/** An instance that is passed over shows only the reason; one whose state says it already, when that may change. */
function turnCell({ turn, breaker }: Pick<InstanceRow, "turn" | "breaker">, view: MarketView): string {
  if (turn.kind !== "passed over") return turn.kind;
  return breaker.retestAt === null || isCutOff(view) ? turn.why : `retest ${dueIn(breaker.retestAt - view.at)}`;
}

const dueIn = (ms: number): string => (ms > 0 ? `in ${formatDuration(ms)}` : "due");

/** The Market's own order has the worst first. */
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

export const CSV_HEAD =
  "at,service,instance,incarnation,state,turn,calls_last_minute,share,p50_ms,p99_ms,heartbeat_age_ms,succeeded,errors\n";

export function csvLines({ at, service, instances }: MarketView): string {
  const lines = instances.map(({ instance, incarnation, state, turn, calls, latency, heartbeat }) =>
    [
      ...[at, service, instance, incarnation, state, turn.kind, calls.lastMinute, calls.share],
      ...[latency?.p50Ms ?? "", latency?.p99Ms ?? "", at - heartbeat.at],
      ...[calls.succeeded ?? "", calls.errors ?? ""],
    ].map(csvCell),
  );
  return lines.map((cells) => `${cells.join(",")}\n`).join("");
}

/** Prevents a spreadsheet from reading a cell as a formula. All names are letters and digits anyway. */
const csvCell = (value: string | number): string => String(value).replace(/[^\w.: -]/g, "_");

export function topJson({ view, staleMs }: TopFrame): string {
  const { service, at, bus, busSince, calls, turns, instances, omitted } = view;
  const stale_ms = staleMs === undefined ? null : Math.round(staleMs);
  return oneLine({ type: "top", service, at, stale_ms, bus, busSince, calls, turns, instances, omitted });
}

// The keys of `dwc top`.

export const SORTS = ["worst", "number", "calls", "p99"] as const;

export interface TopState {
  readonly sort: (typeof SORTS)[number];
  /** The first visible row. */
  readonly offset: number;
  readonly help: boolean;
}

export const FIRST_STATE: TopState = { sort: "worst", offset: 0, help: false };

/** Key codes that terminals send. */
const KEYS = {
  up: ["\u001b[A", "\u001bOA", "k"],
  down: ["\u001b[B", "\u001bOB", "j"],
  pageUp: ["\u001b[5~"],
  pageDown: ["\u001b[6~", " "],
  home: ["\u001b[H", "\u001b[1~", "g"],
  // ^C and ^D as well: in raw mode they are ordinary keys.
  quit: ["q", "Q", "\u0003", "\u0004"],
  sort: ["s"],
  help: ["?", "h"],
  stop: ["\u001a"],
} as const;

/** An escape sequence, which begins with a control character, or any one letter. */
const ONE_KEY = /\p{Cc}(?:\[[\d;]*[A-Za-z~]|O[A-Za-z])|[\s\S]/gu;

/** One read can hold several keys: a held arrow key, fast typing, or a slow connection. */
export const keysIn = (typed: string): readonly string[] => typed.match(ONE_KEY) ?? [];

export type Pressed =
  | { readonly kind: "quit" }
  | { readonly kind: "stop" }
  | { readonly kind: "state"; readonly state: TopState };

/** @param rows the number of all rows, and of visible ones */
export function press(key: string, state: TopState, rows: { readonly all: number; readonly shown: number }): Pressed {
  const is = (name: keyof typeof KEYS): boolean => (KEYS[name] as readonly string[]).includes(key);
  if (is("quit")) return { kind: "quit" };
  if (is("stop")) return { kind: "stop" };
  if (state.help || is("help")) return { kind: "state", state: { ...state, help: !state.help } };
  if (is("sort")) return { kind: "state", state: { ...state, offset: 0, sort: nextSort(state) } };
  const last = Math.max(0, rows.all - rows.shown);
  const to = (offset: number): Pressed => ({
    kind: "state",
    state: { ...state, offset: Math.min(last, Math.max(0, offset)) },
  });
  if (is("up")) return to(state.offset - 1);
  if (is("down")) return to(state.offset + 1);
  if (is("pageUp")) return to(state.offset - rows.shown);
  if (is("pageDown")) return to(state.offset + rows.shown);
  if (is("home")) return to(0);
  return { kind: "state", state };
}

const nextSort = ({ sort }: TopState): TopState["sort"] => SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length] ?? "worst";

export const HELP_LINES: readonly string[] = [
  "q        quit (^C too)",
  "s        sort by: the worst first, number, calls of the last minute, slowest hundredth (p99)",
  "↑ ↓      scroll by a row (k, j); page keys by a screen (space); home to the first (g)",
  "?        this help; any key ends it",
];
