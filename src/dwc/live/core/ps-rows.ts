// The rows of `dwc ps`: the roll call and a Market's view, side by side.

import type { InstanceRow } from "../../../monitor/snapshot.ts";
import { formatDuration } from "../../../util/format.ts";
import type { Tone } from "../../core/color.ts";
import type { Line } from "../../core/outcome.ts";
import type { DiscoveredInstance } from "./bus-result.ts";
import { nameOf } from "./instance-name.ts";
import type { MarketView } from "./market-view.ts";
import { percent, stateTone, stateWords, turnWords } from "./state-format.ts";
import { type Column, table } from "./table.ts";
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
  const marketRow = new Map((view?.instances ?? []).map((row) => [row.incarnation, row]));
  const rows: PsRow[] = (discovered ?? []).map((one) => {
    const { service, instance, incarnation, address, state } = one;
    const isOurs = service === view?.service;
    return {
      ...{ service, instance, incarnation, address, roll: state, discovered: one },
      marketRow: isOurs ? marketRow.get(incarnation) : undefined,
    };
  });
  const known = new Set(rows.map(({ incarnation }) => incarnation));
  for (const row of view?.instances ?? []) {
    if (known.has(row.incarnation)) continue;
    const { instance, incarnation, address } = row;
    const roll = discovered === undefined ? undefined : "silent";
    rows.push({
      service: view?.service ?? "",
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
  { head: "TURN", dropPriority: 7 },
  { head: "CALLS", isNumber: true, dropPriority: 6 },
  { head: "SHARE", isNumber: true, dropPriority: 3 },
  { head: "P50", isNumber: true, dropPriority: 4 },
  { head: "P99", isNumber: true, dropPriority: 5 },
  { head: "UP FOR", isNumber: true, dropPriority: 2 },
  { head: "ADDRESS", dropPriority: 1 },
];
const UNKNOWN = "-";

/**
 * @param wall epoch ms
 * @param room the width of the screen
 */
export function psTable(rows: readonly PsRow[], wall: number, room?: number): readonly Line[] {
  return table(
    COLUMNS,
    rows.map((row) => ({ cells: cellsOf(row, wall), tone: toneOf(row) })),
    room,
  );
}

function cellsOf(row: PsRow, wall: number): readonly string[] {
  const { marketRow, discovered, roll, address } = row;
  const startedAt = discovered?.counts?.startedAt;
  return [
    nameOf(row),
    marketRow === undefined ? UNKNOWN : stateWords(marketRow.state),
    roll ?? UNKNOWN,
    marketRow === undefined ? UNKNOWN : turnWords(marketRow),
    marketRow === undefined ? UNKNOWN : String(marketRow.calls.lastMinute),
    marketRow === undefined ? UNKNOWN : percent(marketRow.calls.share),
    marketRow?.latency ? formatDuration(marketRow.latency.p50Ms) : UNKNOWN,
    marketRow?.latency ? formatDuration(marketRow.latency.p99Ms) : UNKNOWN,
    startedAt === undefined ? UNKNOWN : formatDuration(wall - startedAt),
    address,
  ];
}

function toneOf({ marketRow, roll }: PsRow): Tone | undefined {
  if (marketRow === undefined) return roll === "up" ? undefined : "warning";
  return marketRow.state === "healthy" ? undefined : stateTone(marketRow.state);
}

export function psJson({ service, instance, incarnation, address, roll, discovered, marketRow }: PsRow): object {
  return {
    ...{ service, instance, incarnation, address },
    roll_call: roll ?? null,
    version: discovered?.version ?? null,
    interval_ms: discovered?.intervalMs ?? null,
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
}: NonNullable<DiscoveredInstance["counts"]>): object => ({
  started_at: startedAt ?? null,
  requests,
  errors,
  processing_ms: processingMs,
  dropped,
});
