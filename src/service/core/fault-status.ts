// The active faults of an instance on the wire: in its heartbeats, and in its replies to fault commands. Ends are sent as
// remaining time, because clocks of two hosts differ.

import { FAULT_KINDS, type Fault, type Faults } from "./faults.ts";

/** An active fault, as it is sent and shown. */
export type FaultStatus = Fault & { readonly endsInMs: number };

export const faultStatuses = (faults: Faults, now: number): readonly FaultStatus[] =>
  faults
    .filter(({ until }) => now < until)
    .map(({ until, ...fault }) => ({ ...fault, endsInMs: Math.ceil(until - now) }));

export const statusJson = ({ kind, ...rest }: FaultStatus): object => ({ fault: kind, ...rest });

/** A status with a longer time is invalid. The longest fault that a command can begin is far shorter. */
const MAX_MS = 86_400_000;

/**
 * The field `faults` of a message. Undefined: its sender accepts no faults. Invalid entries are left out: faults decide
 * nothing, so the heartbeat still counts.
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
