// A frame of `dwc top` without a Market: what the instances say of themselves.

import { formatDuration } from "../../util/format.ts";
import { type Line, oneLine } from "../cli/core/result.ts";
import type { DiscoveredInstance } from "../live/core/live-types.ts";
import {
  type Column,
  callsWords,
  errorWords,
  nameOf,
  rollTone,
  rollWords,
  selfCounted,
  successWords,
  sumOfCounted,
  table,
  UNKNOWN,
} from "./format.ts";
import { psJson } from "./ps.ts";

export interface BusFrame {
  readonly instances: readonly DiscoveredInstance[];
  /** Epoch ms. */
  readonly at: number;
  /** For the requests between both. Its own `before` is not read. */
  readonly before: BusFrame | undefined;
}

const COLUMNS: readonly Column[] = [
  { head: "INSTANCE" },
  { head: "ROLL CALL" },
  { head: "PER SECOND", isNumber: true },
  { head: "AVERAGE", isNumber: true, dropPriority: 5 },
  { head: "CALLS", isNumber: true, dropPriority: 6 },
  { head: "SUCCESS", isNumber: true, dropPriority: 8 },
  { head: "ERRORS", isNumber: true, dropPriority: 7 },
  { head: "TOTAL CALLS", isNumber: true, dropPriority: 3 },
  { head: "TOTAL ERRORS", isNumber: true, dropPriority: 4 },
  { head: "UP FOR", isNumber: true, dropPriority: 2 },
  { head: "ADDRESS", dropPriority: 1 },
];
const MS_PER_SECOND = 1_000;

interface Rates {
  readonly perSecond: number | undefined;
  /** Of the requests since the frame before, or else of all. */
  readonly averageMs: number | undefined;
}

function ratesOf({ counts, incarnation }: DiscoveredInstance, { at, before }: BusFrame): Rates {
  if (counts === undefined) return { perSecond: undefined, averageMs: undefined };
  const earlier = before?.instances.find((one) => one.incarnation === incarnation)?.counts;
  const average = (requests: number, ms: number): number | undefined => (requests > 0 ? ms / requests : undefined);
  if (before === undefined || earlier === undefined)
    return { perSecond: undefined, averageMs: average(counts.requests, counts.processingMs) };
  const requests = counts.requests - earlier.requests;
  return {
    perSecond: Math.max(0, (requests / Math.max(1, at - before.at)) * MS_PER_SECOND),
    averageMs: average(requests, counts.processingMs - earlier.processingMs),
  };
}

export function busTopLines(frame: BusFrame, room?: number): readonly Line[] {
  const { instances, at } = frame;
  const up = instances.filter(({ state }) => state === "up").length;
  const calls = sumOfCounted(instances);
  const counted = calls === undefined ? "" : `; ${callsWords(calls)}`;
  const head = `no Market: ${instances.length} instances answer the roll call, ${up} of them up${counted}`;
  const rows = instances.map((one) => ({
    cells: cellsOf(one, frame, at),
    tone: rollTone(one),
  }));
  return [head, ...(rows.length === 0 ? [] : table(COLUMNS, rows, room))];
}

function cellsOf(one: DiscoveredInstance, frame: BusFrame, at: number): readonly string[] {
  const { perSecond, averageMs } = ratesOf(one, frame);
  const { requests, errors, startedAt } = one.counts ?? {};
  const recent = selfCounted(one.counts);
  return [
    nameOf(one),
    rollWords(one),
    perSecond === undefined ? UNKNOWN : perSecond.toFixed(1),
    averageMs === undefined ? UNKNOWN : formatDuration(averageMs),
    recent === undefined ? UNKNOWN : String(recent.lastMinute),
    successWords(recent ?? {}),
    errorWords(recent ?? {}),
    requests === undefined ? UNKNOWN : String(requests),
    errors === undefined ? UNKNOWN : String(errors),
    startedAt === undefined ? UNKNOWN : formatDuration(at - startedAt),
    one.address,
  ];
}

export function busTopJson(frame: BusFrame): string {
  const instances = frame.instances.map((one) => ({
    ...psJson({ ...one, roll: one.state, discovered: one, marketRow: undefined }),
    per_second: ratesOf(one, frame).perSecond ?? null,
  }));
  return oneLine({ type: "top", source: "bus", at: frame.at, instances });
}

export const BUS_CSV_HEAD =
  "at,service,instance,incarnation,roll_call,requests,errors,per_second,average_ms,calls_last_minute,succeeded,failed\n";

export function busCsvLines(frame: BusFrame): string {
  return frame.instances
    .map((one) => {
      const { perSecond, averageMs } = ratesOf(one, frame);
      const counts = [one.counts?.requests ?? "", one.counts?.errors ?? "", perSecond ?? "", averageMs ?? ""];
      const recent = selfCounted(one.counts);
      const lastMinute = [recent?.lastMinute ?? "", recent?.succeeded ?? "", recent?.errors ?? ""];
      return `${[frame.at, one.service, one.instance, one.incarnation, one.state, ...counts, ...lastMinute].join(",")}\n`;
    })
    .join("");
}
