// The output of a replay: one line for each entry of the record, and below it the lines that the Market logged for it.

import type { InstanceRef } from "../../health/member.ts";
import { eventLine } from "../../monitor/events.ts";
import type { LogEntry } from "../../program/log.ts";
import type { Entry, Header } from "../../record/core/entry.ts";
import type { Replayed } from "../../record/core/replay.ts";
import { secondsText } from "../../util/format.ts";

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
    case "stall":
      return `the Market itself was stalled for ${secondsText(entry.stalledMs)}`;
    default:
      return remark(entry);
  }
}

function remark(entry: Exclude<Entry, { kind: "heartbeat" | "picked" | "settled" | "stall" }>): string {
  switch (entry.kind) {
    case "disconnected":
      return "no heartbeats can arrive: leases are frozen";
    case "reconnected":
      return "heartbeats can arrive again: leases resume";
    case "tick":
      return "time has passed";
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

function optionsText(entry: Extract<Entry, { kind: "picked" }>): string {
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
