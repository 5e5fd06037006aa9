// What an instance says of the faults that are on in it: in its heartbeats, and in its answer to whoever asked for one.
// Times are told as what is left of them, as clocks of two hosts differ.

import { FAULT_KINDS, type Fault, type Faults } from "./faults.ts";

/** As it stands on the wire, and for whoever shows it. */
export type FaultNote = Fault & { readonly endsInMs: number };

export const notesOf = (faults: Faults, now: number): readonly FaultNote[] =>
  faults
    .filter(({ until }) => now < until)
    .map(({ until, ...fault }) => ({ ...fault, endsInMs: Math.ceil(until - now) }));

export const noteJson = ({ kind, ...rest }: FaultNote): object => ({ fault: kind, ...rest });

/** Somebody's claim to be faulty for longer than this is no claim. Any order's longest end is far below it. */
const LONGEST_MS = 86_400_000;

/**
 * What the field `faults` of a message says; undefined: its sender takes none. What cannot be read is left out: it decides
 * nothing, and costs nobody a heartbeat.
 */
export function readNotes(body: unknown): readonly FaultNote[] | undefined {
  const { faults } = Object(body) as { faults?: unknown };
  if (!Array.isArray(faults)) return undefined;
  const notes = faults.slice(0, FAULT_KINDS.length).map(readNote);
  return notes.filter((note) => note !== undefined);
}

function readNote(value: unknown): FaultNote | undefined {
  const { fault, byMs, share, endsInMs } = Object(value) as Record<string, unknown>;
  const kind = FAULT_KINDS.find((known) => known === fault);
  if (kind === undefined || !isAmount(endsInMs, LONGEST_MS)) return undefined;
  switch (kind) {
    case "pause":
    case "mute":
      return { kind, endsInMs };
    case "slow":
      return isAmount(byMs, LONGEST_MS) ? { kind, byMs, endsInMs } : undefined;
    case "fail":
      return isAmount(share, 1) ? { kind, share, endsInMs } : undefined;
  }
}

const isAmount = (value: unknown, most: number): value is number =>
  typeof value === "number" && value >= 0 && value <= most;

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
