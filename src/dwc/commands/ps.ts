// `dwc ps`: every instance, from two independent sources. The roll call shows which instances send heartbeats now. A
// Market, if one runs, adds its view. A difference between them points to a problem.

import type { InstanceRow } from "../../monitor/snapshot.ts";
import { checkServiceName } from "../../protocol.ts";
import { formatDuration } from "../../util/format.ts";
import type { Command, CommandContext } from "../cli/core/command.ts";
import { earlyLine } from "../cli/core/early-line.ts";
import { type CommandResult, type Line, type Tone, wrongUsage } from "../cli/core/result.ts";
import {
  failedMarket,
  failedVisit,
  MARKET_OPTION,
  OWN_SERVICE,
  startSome,
  warningsJson,
  warningsOf,
  wrongMarket,
} from "../live/core/failures.ts";
import type {
  BoardFailure,
  BoardResult,
  BusResult,
  DiscoveredInstance,
  LastMinuteStats,
} from "../live/core/live-types.ts";
import type { MarketView } from "../live/core/parse-answers.ts";
import {
  availableWidth,
  type Column,
  callsWords,
  cutOffWords,
  errorWords,
  isCutOff,
  type Known,
  nameOf,
  percent,
  ROLL_WORDS,
  rollTone,
  rollWords,
  selfCounted,
  shownState,
  shownTone,
  successWords,
  sumOfCounted,
  table,
  UNKNOWN,
} from "./format.ts";

export const ps: Command = {
  name: "ps",
  isLive: true,
  summary: "every instance: who answers the roll call, and what the Market believes of it",
  about: [
    "ROLL CALL comes from the bus: the instances that answer one. STATE, TURN, CALLS, SUCCESS, ERRORS and times come from",
    "the Market, are of the last minute, and are missing if none answers. A paused instance is silent in the one, and open",
    "in the other.",
    "For services that no Market calls there are OPERATIONS, and what their instances count: CALLS, SUCCESS and ERRORS of the",
    "last minute, and since the start the totals and the average time.",
  ],
  args: [{ name: "SERVICE", meaning: "only this one's; left out: all that can be found", isOptional: true }],
  options: [MARKET_OPTION],
  example: "bin/dwc ps",
  run: async ({ args, values, flags }, context) => {
    const [service] = args;
    const name = service === undefined ? undefined : checkServiceName(service);
    if (name?.kind === "bad") return wrongUsage("bad-name", name.why, "for example:  bin/dwc ps ratings");
    const wrong = wrongMarket(values.get("market"));
    if (wrong !== undefined) return wrong;
    const { live, screen } = context;
    const asked = { service, isMarketNamed: values.has("market") };
    const calling = live.roll(service);
    const viewing = live.fetchView(values.get("market"));
    if (screen.isTerminal && !flags.has("json")) {
      screen.showMeanwhile([{ text: earlyLine(["ps"]) ?? "", tone: "faint" }]);
      // The Market answers in milliseconds; the roll call waits for each instance that may answer.
      void viewing.then((board) => screen.showMeanwhile(linesSoFar(board, asked, context)));
    }
    const [roll, board] = await Promise.all([calling, viewing]);
    if (roll.kind === "not-connected" && board.kind !== "board") return failedVisit(roll);
    return listed(roll, board, asked, context);
  },
};

interface Asked {
  /** Undefined: all. */
  readonly service: string | undefined;
  readonly isMarketNamed: boolean;
}

/** The Market's view, before the roll call has ended. */
function linesSoFar(board: BoardResult, { service }: Asked, { live, screen }: CommandContext): readonly Line[] {
  const waits: Line = { text: "calling the roll …", tone: "faint" };
  if (board.kind !== "board") return [waits];
  const { view } = board;
  const rows = psRows(undefined, view).filter((row) => service === undefined || row.service === service);
  const known = { isOld: isCutOff(view) };
  return [...psTable(rows, live.wall(), availableWidth(screen), known), waits];
}

function listed(
  roll: BusResult<readonly DiscoveredInstance[]>,
  board: BoardResult,
  { service, isMarketNamed }: Asked,
  { live, screen }: Pick<CommandContext, "live" | "screen">,
): CommandResult {
  const discovered = roll.kind === "connected" ? roll.value : undefined;
  const view = board.kind === "board" ? board.view : undefined;
  const rows = psRows(discovered, view).filter((row) => service === undefined || row.service === service);
  const isOfMarket =
    isMarketNamed ||
    rows.length === 0 ||
    rows.some((row) => row.service === OWN_SERVICE || row.marketRow !== undefined);
  const tableOf = isOfMarket ? psTable : busTable;
  const known = { isOld: view !== undefined && isCutOff(view) };
  return {
    kind: "done",
    lines:
      rows.length === 0
        ? []
        : [...tableOf(rows, live.wall(), availableWidth(screen), known), ...totalLines(view), ...countedLines(rows)],
    notes: [
      ...(rows.length === 0 ? [`no instance runs: ${startSome(service ?? OWN_SERVICE)}`] : []),
      ...(view !== undefined && isCutOff(view) ? [`the Market ${cutOffWords(view, live.timeOfDay)}`] : []),
      ...(roll.kind === "not-connected" ? [`no roll call: ${roll.why}`] : warningsOf(roll)),
      ...(board.kind === "board" || !isOfMarket ? [] : unseen(board)),
    ],
    json: {
      roll_call: discovered !== undefined,
      market: {
        ...{ url: board.url, answers: view !== undefined },
        ...(view !== undefined && { bus: view.bus, busSince: view.busSince }),
      },
      calls: view?.calls ?? null,
      instances: rows.map(psJson),
      ...warningsJson(roll),
    },
    ifUnwritten: "read-only",
  };
}

/** The calls of all instances. */
const totalLines = (view: MarketView | undefined): readonly Line[] =>
  view === undefined ? [] : [`${view.service}: ${callsWords(view.calls)}`];

/** The calls of each service that no Market calls, as far as its instances count them. */
function countedLines(rows: readonly PsRow[]): readonly Line[] {
  const own = rows.filter(({ marketRow }) => marketRow === undefined).flatMap(({ discovered }) => discovered ?? []);
  return [...new Set(own.map(({ service }) => service))].flatMap((service) => {
    const calls = sumOfCounted(own.filter((one) => one.service === service));
    return calls === undefined ? [] : [`${service}: ${callsWords(calls)}`];
  });
}

/** The note for a missing view of the Market. The roll call succeeded, so this is no failure. */
function unseen(board: BoardFailure): readonly string[] {
  const { message, hint } = failedMarket(board);
  return [message, hint];
}

// The rows of `dwc ps`: the roll call and a Market's view, side by side.

export interface PsRow {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly address: string;
  /** The result of the roll call; undefined: there was none. */
  readonly roll: DiscoveredInstance["state"] | "silent" | undefined;
  readonly discovered: DiscoveredInstance | undefined;
  readonly marketRow: InstanceRow | undefined;
}

/** @param discovered undefined: the roll call failed */
export function psRows(
  discovered: readonly DiscoveredInstance[] | undefined,
  view: MarketView | undefined,
): readonly PsRow[] {
  const marketRow = new Map(view?.instances.map((row) => [row.incarnation, row]));
  const rows: PsRow[] = (discovered ?? []).map((one) => {
    const { service, instance, incarnation, address, state } = one;
    const isOurs = service === view?.service;
    return {
      ...{ service, instance, incarnation, address, roll: state, discovered: one },
      marketRow: isOurs ? marketRow.get(incarnation) : undefined,
    };
  });
  if (view === undefined) return rows.sort(inOrder);
  const known = new Set(rows.map(({ incarnation }) => incarnation));
  for (const row of view.instances) {
    if (known.has(row.incarnation)) continue;
    const { instance, incarnation, address } = row;
    const roll = discovered === undefined ? undefined : "silent";
    rows.push({
      service: view.service,
      instance,
      incarnation,
      address,
      roll,
      discovered: undefined,
      marketRow: row,
    });
  }
  return rows.sort(inOrder);
}

function inOrder(a: PsRow, b: PsRow): number {
  if (a.service !== b.service) return a.service < b.service ? -1 : 1;
  return a.instance - b.instance || (a.incarnation < b.incarnation ? -1 : 1);
}

const COLUMNS: readonly Column[] = [
  { head: "INSTANCE" },
  { head: "STATE" },
  { head: "ROLL CALL" },
  { head: "TURN", dropPriority: 9 },
  { head: "CALLS", isNumber: true, dropPriority: 6 },
  { head: "SUCCESS", isNumber: true, dropPriority: 8 },
  { head: "ERRORS", isNumber: true, dropPriority: 7 },
  { head: "SHARE", isNumber: true, dropPriority: 3 },
  { head: "P50", isNumber: true, dropPriority: 4 },
  { head: "P99", isNumber: true, dropPriority: 5 },
  { head: "UP FOR", isNumber: true, dropPriority: 2 },
  { head: "ADDRESS", dropPriority: 1 },
];

const ALL_KNOWN: Known = { isOld: false };

/**
 * @param wall epoch ms
 * @param room the width of the screen
 */
export function psTable(rows: readonly PsRow[], wall: number, room?: number, known = ALL_KNOWN): readonly Line[] {
  return table(
    COLUMNS,
    rows.map((row) => ({ cells: cellsOf(row, wall, known), tone: toneOf(row, known) })),
    room,
  );
}

const BUS_COLUMNS: readonly Column[] = [
  { head: "INSTANCE" },
  { head: "ROLL CALL" },
  { head: "OPERATIONS", dropPriority: 3 },
  { head: "CALLS", isNumber: true, dropPriority: 7 },
  { head: "SUCCESS", isNumber: true, dropPriority: 9 },
  { head: "ERRORS", isNumber: true, dropPriority: 8 },
  { head: "TOTAL CALLS", isNumber: true, dropPriority: 5 },
  { head: "TOTAL ERRORS", isNumber: true, dropPriority: 6 },
  { head: "AVERAGE", isNumber: true, dropPriority: 4 },
  { head: "UP FOR", isNumber: true, dropPriority: 2 },
  { head: "ADDRESS", dropPriority: 1 },
];

/** What the bus alone knows: for services that no Market calls. */
export function busTable(rows: readonly PsRow[], wall: number, room?: number): readonly Line[] {
  return table(
    BUS_COLUMNS,
    rows.map((row) => ({ cells: busCellsOf(row, wall), tone: toneOf(row, ALL_KNOWN) })),
    room,
  );
}

function busCellsOf(row: PsRow, wall: number): readonly string[] {
  const { discovered, address } = row;
  const { startedAt, requests, errors, processingMs } = discovered?.counts ?? {};
  const recent = selfCounted(discovered?.counts);
  const average = requests === undefined || requests === 0 ? undefined : (processingMs ?? 0) / requests;
  return [
    nameOf(row),
    discovered === undefined ? rollCell(row) : rollWords(discovered),
    discovered?.operations.join(",") ?? UNKNOWN,
    recent === undefined ? UNKNOWN : String(recent.lastMinute),
    successWords(recent ?? {}),
    errorWords(recent ?? {}),
    requests === undefined ? UNKNOWN : String(requests),
    errors === undefined ? UNKNOWN : String(errors),
    average === undefined ? UNKNOWN : formatDuration(average),
    startedAt === undefined ? UNKNOWN : formatDuration(wall - startedAt),
    address,
  ];
}

const rollCell = ({ roll }: PsRow): string => (roll === undefined ? UNKNOWN : ROLL_WORDS[roll]);

function cellsOf(row: PsRow, wall: number, known: Known): readonly string[] {
  const { marketRow, discovered, address } = row;
  const startedAt = discovered?.counts?.startedAt;
  return [
    nameOf(row),
    marketRow === undefined ? UNKNOWN : shownState(marketRow.state, known),
    rollCell(row),
    marketRow === undefined ? UNKNOWN : marketRow.turn.kind,
    marketRow === undefined ? UNKNOWN : String(marketRow.calls.lastMinute),
    marketRow === undefined ? UNKNOWN : successWords(marketRow.calls),
    marketRow === undefined ? UNKNOWN : errorWords(marketRow.calls),
    marketRow === undefined ? UNKNOWN : percent(marketRow.calls.share),
    marketRow?.latency ? formatDuration(marketRow.latency.p50Ms) : UNKNOWN,
    marketRow?.latency ? formatDuration(marketRow.latency.p99Ms) : UNKNOWN,
    startedAt === undefined ? UNKNOWN : formatDuration(wall - startedAt),
    address,
  ];
}

function toneOf({ marketRow, discovered }: PsRow, known: Known): Tone | undefined {
  if (marketRow === undefined) return discovered === undefined ? "warning" : rollTone(discovered);
  return marketRow.state === "healthy" && !known.isOld ? undefined : shownTone(marketRow.state, known);
}

export function psJson({ service, instance, incarnation, address, roll, discovered, marketRow }: PsRow): object {
  return {
    ...{ service, instance, incarnation, address },
    roll_call: roll ?? null,
    version: discovered?.version ?? null,
    interval_ms: discovered?.intervalMs ?? null,
    operations: discovered?.operations ?? null,
    counts: discovered?.counts === undefined ? null : countsJson(discovered.counts),
    believed: marketRow ?? null,
  };
}

const countsJson = ({
  startedAt,
  requests,
  errors,
  processingMs,
  dropped,
  lastMinute,
}: NonNullable<DiscoveredInstance["counts"]>): object => ({
  started_at: startedAt ?? null,
  requests,
  errors,
  processing_ms: processingMs,
  dropped,
  last_minute: lastMinuteJson(lastMinute),
});

export const lastMinuteJson = (stats: LastMinuteStats | undefined): object | null =>
  stats === undefined ? null : { requests: stats.requests, errors: stats.errors, last_error: stats.lastError };
