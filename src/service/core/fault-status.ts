// What an instance says of the faults that are on in it: in its heartbeats, and in its answer to whoever asked for one.
// Times are told as what is left of them, as clocks of two hosts differ.

import { FAULT_KINDS, type Fault, type Faults } from "./faults.ts";

/** As it stands on the wire, and for whoever shows it. */
export type FaultStatus = Fault & { readonly endsInMs: number };

export const faultStatuses = (faults: Faults, now: number): readonly FaultStatus[] =>
  faults
    .filter(({ until }) => now < until)
    .map(({ until, ...fault }) => ({ ...fault, endsInMs: Math.ceil(until - now) }));

export const statusJson = ({ kind, ...rest }: FaultStatus): object => ({ fault: kind, ...rest });

/** Somebody's claim to be faulty for longer than this is no claim. Any order's longest end is far below it. */
const MAX_MS = 86_400_000;

/**
 * What the field `faults` of a message says; undefined: its sender takes none. What cannot be read is left out: it decides
 * nothing, and costs nobody a heartbeat.
 */
export function parseFaultStatuses(body: unknown): readonly FaultStatus[] | undefined {
  const { faults } = Object(body) as { faults?: unknown };
  if (!Array.isArray(faults)) return undefined;
  const statuses = faults.slice(0, FAULT_KINDS.length).map(parseFaultStatus);
  return statuses.filter((note) => note !== undefined);
}

function parseFaultStatus(value: unknown): FaultStatus | undefined {
  const { fault, byMs, share, endsInMs } = Object(value) as Record<string, unknown>;
  const kind = FAULT_KINDS.find((known) => known === fault);
  if (kind === undefined || !isAmount(endsInMs, MAX_MS)) return undefined;
  switch (kind) {
    case "pause":
    case "mute":
      return { kind, endsInMs };
    case "slow":
      return isAmount(byMs, MAX_MS) ? { kind, byMs, endsInMs } : undefined;
    case "fail":
      return isAmount(share, 1) ? { kind, share, endsInMs } : undefined;
  }
}

const isAmount = (value: unknown, max: number): value is number =>
  typeof value === "number" && value >= 0 && value <= max;

const PERCENT = 100;

/** `paused`, `slow by 300 ms`, `fails 30 % of its calls`, `silent: no heartbeats` */
export function faultText(fault: Fault): string {
  switch (fault.kind) {
    case "pause":
      return "paused";
    case "slow":
      return `slow by ${fault.byMs} ms`;
    case "fail":
      return `fails ${Math.round(fault.share * PERCENT)} % of its calls`;
    case "mute":
      return "silent: no heartbeats";
  }
}
