// The faults that can be injected into an instance with CHAOS=1 (docs/commands.md, "Faults on purpose"). One row of `FAULTS`
// describes each: the parsers of the wire, of the board's form and of `dwc fault` follow from it, and so do the texts, the
// board's buttons, the completion and the lists in the docs. What a fault does is in injector.ts and active-faults.ts.

import { parseDuration, parsePercent } from "../../util/format.ts";
import { type Fields, fieldsOf, isIntegerIn } from "../../util/json.ts";

/** The number that a fault needs besides its duration. */
export interface FaultAmount {
  /** Its field on the wire. */
  readonly field: string;
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
  /** In `dwc fault`. `range` completes "needs …". */
  readonly typed: {
    readonly example: string;
    readonly range: string;
    /** Reads the amount as a person types it. Undefined: it is none. */
    parse(typed: string): number | undefined;
  };
  /** In the board's form, which has it in units that people use: `per` of them are 1. */
  readonly form: {
    readonly field: string;
    readonly per: number;
    readonly before: string;
    readonly after: string;
    readonly preset: number;
  };
}

const DELAY = {
  field: "byMs",
  min: 1,
  max: 60_000, // the longest REQUEST_TIMEOUT_MS: every caller has given up by then
  isWhole: true,
  typed: { example: "300ms", range: "a time from 1ms to 60s", parse: parseDuration },
  form: { field: "byMs", per: 1, before: "by", after: "ms", preset: 300 },
} as const satisfies FaultAmount;

const SHARE = {
  field: "share",
  min: 0.01,
  max: 1,
  isWhole: false,
  typed: { example: "30%", range: "a share from 1% to 100%", parse: parsePercent },
  form: { field: "percent", per: 100, before: "", after: "% of calls", preset: 30 },
} as const satisfies FaultAmount;

/** What a fault is, and what is said of it. */
export interface FaultRow {
  readonly amount?: FaultAmount;
  /** What it does, for help, completion and docs. */
  readonly meaning: string;
  /** Its button on the board. */
  readonly button: string;
  /** An active one, in logs, on the board and in dwc. */
  text(amount: number): string;
}

const PERCENT = 100;

/** All faults, by name. */
export const FAULTS = {
  pause: { meaning: "its process stops, as after kill -STOP", button: "Pause", text: () => "paused" },
  slow: {
    amount: DELAY,
    meaning: "its answers are delayed by that time",
    button: "Slow",
    text: (byMs) => `slow by ${byMs} ms`,
  },
  fail: {
    amount: SHARE,
    meaning: "that share of its answers are errors",
    button: "Fail",
    text: (share) => `fails ${Math.round(share * PERCENT)} % of its calls`,
  },
  mute: {
    meaning: "it answers, and sends no heartbeats",
    button: "Stop heartbeats",
    text: () => "silent: no heartbeats",
  },
} as const satisfies Readonly<Record<string, FaultRow>>;

/** Commands that begin no fault: they have no end. */
export const ORDERS = {
  kill: { meaning: "its process ends at once, as after kill -9" },
  reset: { meaning: "all faults end now" },
  list: { meaning: "the reply names the active faults, and nothing changes" },
} as const;

/** The names of the faults (docs/protocol.md). */
export type FaultKind = keyof typeof FAULTS;
type AmountOf<Row> = Row extends { readonly amount: { readonly field: infer Field extends string } }
  ? { readonly [F in Field]: number }
  : unknown;
/** A fault with a duration: its kind, and the amount of that kind. */
export type Fault = { [Kind in FaultKind]: { readonly kind: Kind } & AmountOf<(typeof FAULTS)[Kind]> }[FaultKind];

const ROWS: Readonly<Record<FaultKind, FaultRow>> = FAULTS;
/** The names of all faults. */
export const FAULT_KINDS = Object.keys(FAULTS) as readonly FaultKind[];
/** What `dwc fault` and the board offer for one instance. */
export const FAULT_WORDS: readonly (FaultKind | "kill")[] = [...FAULT_KINDS, "kill"];

/** The amount of a fault: its limits, and how it is typed. Undefined: the fault has none. */
export const amountOfKind = (kind: FaultKind): FaultAmount | undefined => ROWS[kind].amount;
/** What a fault, or an order such as `reset`, does, as a sentence. */
export const meaningOf = (word: FaultKind | keyof typeof ORDERS): string => ({ ...ROWS, ...ORDERS })[word].meaning;

/** @param amount of a kind that has one, in the range of its row */
export function faultOf(kind: FaultKind, amount: number): Fault {
  const field = ROWS[kind].amount?.field;
  return { kind, ...(field !== undefined && { [field]: amount }) } as Fault;
}

/** Undefined: a fault of that kind has none. */
export function amountOf(fault: Fault): number | undefined {
  const field = ROWS[fault.kind].amount?.field;
  return field === undefined ? undefined : (fault as unknown as Readonly<Record<string, number>>)[field];
}

/** `paused`, `slow by 300 ms`, `fails 30 % of its calls`, `silent: no heartbeats` */
export const faultText = (fault: Fault): string => ROWS[fault.kind].text(amountOf(fault) ?? 0);

/** Whether it is a number within the limits. */
export const isAmountIn = ({ min, max, isWhole }: FaultAmount, value: unknown): value is number =>
  isWhole ? isIntegerIn(value, min, max) : typeof value === "number" && value >= min && value <= max;

// Commands on the wire.

/** A command to an instance that takes faults (docs/protocol.md). */
export type FaultCommand =
  | { readonly kind: "begin"; readonly fault: Fault; readonly forMs: number }
  /** Ends the process as `kill -9` does. */
  | { readonly kind: "kill" }
  /** Ends all faults now. */
  | { readonly kind: "reset" }
  /** Returns the active faults and changes nothing. */
  | { readonly kind: "list" };

type Bad = { readonly kind: "bad"; readonly why: string };
/** A command, or why it is none. */
export type ParsedFaultCommand = FaultCommand | Bad;

/** How long a fault lasts. */
export const FAULT_LIMITS = {
  defaultForMs: 60_000, // a breaker is retested after 30 s: it opens, is retested, and opens again within this time
  minForMs: 500, // the clock does not notice a pause of 250 ms, and a person does not see the effect of less
  maxForMs: 600_000, // twice the longest retest delay, so all rules have acted. A forgotten fault ends by then
} as const;

/** The refusal of any command but list and reset that is sent to all instances at once. */
export const SINGLE_INSTANCE_ONLY = "bad request: this command goes to one incarnation";

/** A command that is not carried out: the error reply to its client, with a code of HTTP. */
export interface CommandRefusal {
  readonly code: number;
  readonly message: string;
}

/** The code for a valid command that is stale: a client that still waits may send it again at once. */
export const STALE_COMMAND = 425;

/** The names of the commands on the wire. */
export const FAULT_COMMANDS = [...FAULT_KINDS, ...(["kill", "reset", "list"] as const)];

/** Parses a command from any client. @param body any decoded value */
export function parseCommand(body: unknown): ParsedFaultCommand {
  const fields = fieldsOf(body);
  const { fault, forMs = FAULT_LIMITS.defaultForMs } = fields;
  const name = FAULT_COMMANDS.find((known) => known === fault);
  if (name === undefined) return bad(`"fault" must be one of ${FAULT_COMMANDS.join(", ")}`);
  if (name === "kill" || name === "reset" || name === "list") return { kind: name };
  const { minForMs, maxForMs } = FAULT_LIMITS;
  if (!isIntegerIn(forMs, minForMs, maxForMs))
    return bad(`"forMs" must be a whole number from ${minForMs} to ${maxForMs}`);
  const parsed = parseFault(name, fields);
  return parsed.kind === "bad" ? parsed : { kind: "begin", fault: parsed, forMs };
}

function parseFault(kind: FaultKind, fields: Fields): Fault | Bad {
  const amount = amountOfKind(kind);
  if (amount === undefined) return faultOf(kind, 0);
  const value = fields[amount.field];
  if (isAmountIn(amount, value)) return faultOf(kind, value);
  return bad(`"${amount.field}" must be a ${amount.isWhole ? "whole " : ""}number from ${amount.min} to ${amount.max}`);
}

const bad = (why: string): Bad => ({ kind: "bad", why });

/** The body of the command on the wire. */
export function encodeCommand(command: FaultCommand): string {
  if (command.kind !== "begin") return JSON.stringify({ fault: command.kind });
  const { kind, ...amount } = command.fault;
  return JSON.stringify({ fault: kind, ...amount, forMs: command.forMs });
}

// Active faults on the wire: in heartbeats, and in the replies to fault commands. Ends are sent as remaining time, because
// clocks of two hosts differ.

/** An active fault, as it is sent and shown. */
export type FaultStatus = Fault & { readonly endsInMs: number };

export const statusJson = ({ kind, ...rest }: FaultStatus): object => ({ fault: kind, ...rest });

/** A status with a longer time is invalid. The longest fault that a command can begin is far shorter. */
const MAX_MS = 86_400_000;

/**
 * The field `faults` of a message. Undefined: its sender accepts no faults. Invalid entries are left out: faults decide
 * nothing, so the heartbeat still counts.
 */
export function parseFaultStatuses(body: unknown): readonly FaultStatus[] | undefined {
  const { faults } = fieldsOf(body);
  if (!Array.isArray(faults)) return undefined;
  const statuses = faults.slice(0, FAULT_KINDS.length).map(parseFaultStatus);
  return statuses.filter((status) => status !== undefined);
}

function parseFaultStatus(value: unknown): FaultStatus | undefined {
  const fields = fieldsOf(value);
  const { endsInMs } = fields;
  const kind = FAULT_KINDS.find((known) => known === fields["fault"]);
  if (kind === undefined || !isFrom0To(endsInMs, MAX_MS)) return undefined;
  const amount = amountOfKind(kind);
  if (amount === undefined) return { ...faultOf(kind, 0), endsInMs };
  const number = fields[amount.field];
  return isFrom0To(number, amount.isWhole ? MAX_MS : amount.max) ? { ...faultOf(kind, number), endsInMs } : undefined;
}

const isFrom0To = (value: unknown, max: number): value is number =>
  typeof value === "number" && value >= 0 && value <= max;

// Events of an instance that takes faults.

/** A fault has begun or ended. */
export type FaultEvent =
  | { readonly kind: "takes faults" }
  | { readonly kind: "fault begins"; readonly fault: Fault; readonly forMs: number }
  | { readonly kind: "fault ended"; readonly fault: Fault; readonly why: WhyFaultEnded }
  | { readonly kind: "killed" };

/** Why a fault has ended. */
export type WhyFaultEnded = "over" | "reset" | "continued early";
