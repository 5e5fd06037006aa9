// Replays a record file: runs every line through the same deciding code and prints it with the decision. The replay
// ends at the end of the file, or at the first line that is unreadable or decided differently.

import { isoTime } from "../clock.ts";
import type { InstanceRef } from "../connect/index.ts";
import { eventLine } from "../monitor/events.ts";
import { asText, type LogEntry } from "../program/log.ts";
import type { Entry, Header, RecordedPick } from "../record/core/entry.ts";
import { MAX_LINE_LENGTH, type Parsed, parseEntry, parseHead } from "../record/core/parse-record.ts";
import { Replay, type Replayed } from "../record/core/replay.ts";
import { type FileLine, linesOf } from "../record/record-file.ts";
import { secondsText } from "../util/format.ts";
import { parseJson } from "../util/json.ts";

/** The result of a replay. */
export type Verdict =
  | { readonly kind: "same"; readonly sentence: string }
  | { readonly kind: "trouble"; readonly sentence: string };

/**
 * @param print takes one line
 * @returns the last sentence: the result, or the line at which the replay ended and why; rejects with what `print` throws
 */
export async function replayFile(path: string, print: (line: string) => void): Promise<Verdict> {
  const reader = new Reader(print);
  try {
    for await (const line of linesOf(path)) {
      const why = reader.read(line);
      if (why !== undefined) return trouble(`${path}, line ${line.number}: ${why}`);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return trouble(`${path} cannot be read (${code}): type  make replay FILE=a-record`);
  }
  return reader.verdict(path);
}

const HOW = { iso: isoTime, asText } as const;

class Reader {
  readonly #print: (line: string) => void;
  #replay: { readonly head: Header; readonly replay: Replay } | undefined;
  #lines = 0;
  #changes = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** The problem with that line; undefined: none. */
  read({ number, text, isComplete, isTooLong }: FileLine): string | undefined {
    if (isTooLong || text.length > MAX_LINE_LENGTH)
      return `longer than ${MAX_LINE_LENGTH} characters: this is no line of a record`;
    this.#lines = number;
    const isBeginning = this.#replay === undefined;
    const why = this.#replay === undefined ? this.#begin(text) : this.#next(number, text, this.#replay);
    if (why === undefined || isComplete || parseJson(text) !== undefined) return why;
    return isBeginning
      ? "its first line is cut off, or this is no record of a Market"
      : "cut off in the middle: the file ends here, and every line before was decided the same";
  }

  #begin(text: string): string | undefined {
    const head = parseHead(text);
    if (head.kind === "unreadable") return head.why;
    this.#replay = { head: head.value, replay: new Replay(head.value) };
    for (const line of headLines(head.value, isoTime)) this.#print(line);
    return undefined;
  }

  #next(
    number: number,
    text: string,
    { head, replay }: { readonly head: Header; readonly replay: Replay },
  ): string | undefined {
    const entry: Parsed<Parameters<Replay["run"]>[0]> = parseEntry(text, head.service);
    if (entry.kind === "unreadable") return entry.why;
    const outcome = replay.run(entry.value);
    if (outcome.kind === "diverged") return `decided differently than recorded. ${outcome.why}`;
    this.#changes += outcome.replayed.changes.length;
    const at = { number, service: head.service };
    for (const line of replayedLines(at, outcome.replayed, HOW)) this.#print(line);
    return undefined;
  }

  verdict(path: string): Verdict {
    if (this.#replay === undefined) return trouble(`${path} is empty: no Market has written a record there`);
    const open = this.#replay.replay.isOver
      ? ""
      : " It has no end entry: the Market was killed or is still running, or the file was cut.";
    const changes = `${this.#changes} changes of state`;
    return {
      kind: "same",
      sentence: `${path}: ${this.#lines} lines, ${changes}, and every decision the same as recorded.${open}`,
    };
  }
}

const trouble = (sentence: string): Verdict => ({ kind: "trouble", sentence });

/** Enough digits for the line numbers of a hundred megabytes. */
const NUMBER_WIDTH = 7;
const KIND_WIDTH = 12;

/** @param iso formats a time (epoch ms) */
export function headLines({ service, wallMs, rules }: Header, iso: (wallMs: number) => string): readonly string[] {
  const timings = [
    `request timeout ${rules.requestTimeoutMs} ms`,
    `failure limit ${rules.failureLimit}`,
    `retest delay ${rules.retestDelayMs} to ${rules.retestDelayMaxMs} ms`,
  ];
  return [`record of ${service}, begun ${iso(wallMs)}: ${timings.join(", ")}`];
}

/**
 * One line for an entry of the record, and below it the lines that the Market logged for it.
 * @param number the line number in the record
 * @param asText formats a log line as the Market does
 */
export function replayedLines(
  { number, service }: { readonly number: number; readonly service: string },
  replayed: Replayed,
  { iso, asText }: { readonly iso: (wallMs: number) => string; readonly asText: (line: LogEntry) => string },
): readonly string[] {
  const { entry, changes, wallMs } = replayed;
  const place = `${String(number).padStart(NUMBER_WIDTH)}  ${iso(wallMs)}  `;
  const printed = changes.map((change) => asText(eventLine(service, change)));
  return [
    `${place}${entry.kind.padEnd(KIND_WIDTH)} ${inWords(replayed)}`.trimEnd(),
    ...printed.map((line) => `${" ".repeat(place.length)}-> ${line}`),
  ];
}

function inWords(replayed: Replayed): string {
  const { entry, ticket } = replayed;
  switch (entry.kind) {
    case "heartbeat": {
      const { incarnation, state, seq, intervalMs } = entry.beat;
      return `${incarnation} is ${state} (seq ${seq}, heartbeat interval ${intervalMs} ms)`;
    }
    case "picked":
      return `${chosenInWords(replayed)}${optionsText(entry)}`;
    case "settled":
      return `call ${entry.ticket} to ${ticket === undefined ? "?" : named(ticket.who)}: ${entry.result}`;
    case "checked":
      return `the answer to call ${entry.ticket} to ${ticket === undefined ? "?" : named(ticket.who)}: ${entry.result}`;
    case "overtaken":
      return `a hedge has overtaken call ${entry.ticket} to ${ticket === undefined ? "?" : named(ticket.who)}`;
    case "stall":
      return `the Market itself was stalled for ${secondsText(entry.stalledMs)}`;
    default:
      return remark(entry);
  }
}

type Remark = Exclude<Entry, { kind: "heartbeat" | "picked" | "settled" | "checked" | "overtaken" | "stall" }>;

function remark(entry: Remark): string {
  switch (entry.kind) {
    case "disconnected":
      return "no heartbeats can arrive: leases are frozen";
    case "reconnected":
      return "heartbeats can arrive again: leases resume";
    case "tick":
      return "time has passed";
    case "late-check":
      return "answers are owed for too long";
    case "asked":
      return `${entry.incarnation} is asked if it is there`;
    case "warned":
      return `${entry.by} warns of ${entry.incarnation}, which owes it an answer for ${Math.round(entry.quietMs)} ms`;
    case "withdrawn":
      return `the warning of ${entry.incarnation} is taken back`;
    case "bus":
      return `calls: ${entry.status}`;
    case "end":
      return `${entry.why}; ${entry.known} incarnations were known`;
  }
}

function chosenInWords({ pick: turn, callNumber }: Replayed): string {
  if (turn === undefined) return "";
  const { call, retests, newcomerProbes } = turn;
  const copies = [
    ...retests.map(({ who }) => `, retest of ${named(who)}`),
    ...newcomerProbes.map(({ who }) => `, newcomer probe of ${named(who)}`),
  ];
  return `${call === undefined ? "no instance: all services are down" : `call ${callNumber} to ${named(call.who)}`}${copies.join("")}`;
}

const named = ({ instance, incarnation }: InstanceRef): string => `instance ${instance} (${incarnation})`;

function optionsText(entry: RecordedPick): string {
  const { excluded = [], idempotent, deprioritized = [], isHedge } = entry;
  const late = isHedge === true ? excluded.at(-1) : undefined;
  const been = excluded.filter((incarnation) => incarnation !== late);
  return [
    late === undefined ? "" : `, as a hedge of the call to ${late}`,
    been.length === 0 ? "" : `, after ${oneOrMany(been)}`,
    deprioritized.length === 0 ? "" : `, avoiding ${oneOrMany(deprioritized)}`,
    idempotent === false ? ", not idempotent" : "",
  ].join("");
}

const oneOrMany = (incarnations: readonly string[]): string =>
  incarnations.length === 1 ? String(incarnations[0]) : `${incarnations.length} others`;
