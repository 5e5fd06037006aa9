// The two witnesses of `dwc ps`, side by side.

import type { InstanceRow } from "../../../sight/row.ts";
import type { Tone } from "../../core/color.ts";
import type { Line } from "../../core/outcome.ts";
import type { Belief } from "./belief.ts";
import { percent, stateTone, stateWords, turnWords } from "./belief-words.ts";
import { shownDuration } from "./duration.ts";
import { type Column, table } from "./table.ts";
import type { Heard } from "./visited.ts";
import { nameOf } from "./who.ts";

export interface PsRow {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly address: string;
  /** What the roll call brought; undefined: there was none. */
  readonly roll: Heard["state"] | "silent" | undefined;
  readonly heard: Heard | undefined;
  readonly believed: InstanceRow | undefined;
}

/** @param heard undefined: the roll could not be called */
export function psRows(heard: readonly Heard[] | undefined, belief: Belief | undefined): readonly PsRow[] {
  const believed = new Map((belief?.instances ?? []).map((row) => [row.incarnation, row]));
  const rows: PsRow[] = (heard ?? []).map((one) => {
    const { service, instance, incarnation, address, state } = one;
    const isOurs = service === belief?.service;
    return {
      ...{ service, instance, incarnation, address, roll: state, heard: one },
      believed: isOurs ? believed.get(incarnation) : undefined,
    };
  });
  const known = new Set(rows.map(({ incarnation }) => incarnation));
  for (const row of belief?.instances ?? []) {
    if (known.has(row.incarnation)) continue;
    const { instance, incarnation, address } = row;
    const roll = heard === undefined ? undefined : "silent";
    rows.push({
      service: belief?.service ?? "",
      instance,
      incarnation,
      address,
      roll,
      heard: undefined,
      believed: row,
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
  { head: "TURN", givesWay: 7 },
  { head: "CALLS", isNumber: true, givesWay: 6 },
  { head: "SHARE", isNumber: true, givesWay: 3 },
  { head: "P50", isNumber: true, givesWay: 4 },
  { head: "P99", isNumber: true, givesWay: 5 },
  { head: "UP FOR", isNumber: true, givesWay: 2 },
  { head: "ADDRESS", givesWay: 1 },
];
const UNKNOWN = "-";

/**
 * @param wall epoch ms
 * @param room how wide the screen is
 */
export function psTable(rows: readonly PsRow[], wall: number, room?: number): readonly Line[] {
  return table(
    COLUMNS,
    rows.map((row) => ({ cells: cellsOf(row, wall), tone: toneOf(row) })),
    room,
  );
}

function cellsOf(row: PsRow, wall: number): readonly string[] {
  const { believed, heard, roll, address } = row;
  const startedAt = heard?.counts?.startedAt;
  return [
    nameOf(row),
    believed === undefined ? UNKNOWN : stateWords(believed.state),
    roll ?? UNKNOWN,
    believed === undefined ? UNKNOWN : turnWords(believed),
    believed === undefined ? UNKNOWN : String(believed.calls.lastMinute),
    believed === undefined ? UNKNOWN : percent(believed.calls.share),
    believed?.latency ? shownDuration(believed.latency.p50Ms) : UNKNOWN,
    believed?.latency ? shownDuration(believed.latency.p99Ms) : UNKNOWN,
    startedAt === undefined ? UNKNOWN : shownDuration(wall - startedAt),
    address,
  ];
}

function toneOf({ believed, roll }: PsRow): Tone | undefined {
  if (believed === undefined) return roll === "up" ? undefined : "warning";
  return believed.state === "well" ? undefined : stateTone(believed.state);
}

export function psJson({ service, instance, incarnation, address, roll, heard, believed }: PsRow): object {
  return {
    ...{ service, instance, incarnation, address },
    roll_call: roll ?? null,
    version: heard?.version ?? null,
    interval_ms: heard?.intervalMs ?? null,
    counts: heard?.counts === undefined ? null : countsJson(heard.counts),
    believed: believed ?? null,
  };
}

const countsJson = ({ startedAt, requests, errors, processingMs, dropped }: NonNullable<Heard["counts"]>): object => ({
  started_at: startedAt ?? null,
  requests,
  errors,
  processing_ms: processingMs,
  dropped,
});
