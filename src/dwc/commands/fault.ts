// `dwc fault ratings/2 pause --for 20s`: injects a fault into an instance that was started with CHAOS=1. The instance
// ends the fault by itself, as this command and the terminal may be gone by then.

import {
  amountOf,
  amountOfKind,
  checkServiceName,
  FAULT_KINDS,
  FAULT_LIMITS,
  FAULT_WORDS,
  type Fault,
  type FaultCommand,
  type FaultStatus,
  faultOf,
  faultText,
  isAmountIn,
  meaningOf,
} from "../../protocol.ts";
import type { FaultReceiver } from "../../service/index.ts";
import { formatDuration, parseDuration } from "../../util/format.ts";
import { isIntegerIn } from "../../util/json.ts";
import { nearest } from "../../util/nearest.ts";
import type { Command } from "../cli/core/command.ts";
import {
  type CommandResult,
  type Failed,
  failed,
  type IfUnwritten,
  type Line,
  quoteForMessage,
  wrongUsage,
} from "../cli/core/result.ts";
import { shellWord } from "../identity/core/names.ts";
import { failedVisit, OWN_SERVICE, startAgain, warningsJson, warningsOf } from "../live/core/failures.ts";
import type { Connected, FaultReport, FaultRequest, FaultTarget } from "../live/core/live-types.ts";
import { availableWidth, nameOf, table } from "./format.ts";

export const RESET = "reset";
const USAGE_WIDTH = 15;
const AMOUNTS = FAULT_KINDS.flatMap((kind) => {
  const typed = amountOfKind(kind)?.typed;
  return typed === undefined ? [] : [{ kind, typed }];
});
/** `slow 300ms` */
const usageOf = (word: string): string =>
  [word, ...AMOUNTS.flatMap(({ kind, typed }) => (kind === word ? [typed.example] : []))].join(" ");

export const fault: Command = {
  name: "fault",
  isLive: true,
  summary: `a fault on purpose, with an end: ${FAULT_WORDS.join(", ")}; and the reset of all`,
  about: [
    "Of instances that were started with CHAOS=1. On a secured bus only an admin may ask. A fault ends by itself, after a",
    "minute unless --for says when (10m at most), even if this command has ended. Without a FAULT: what is on now.",
    ...FAULT_WORDS.map((word) => `  ${usageOf(word).padEnd(USAGE_WIDTH)} ${meaningOf(word)}`),
    `  ${`${RESET} [WHO]`.padEnd(USAGE_WIDTH)} in place of WHO: ${meaningOf("reset")}`,
  ],
  args: [
    { name: "WHO", meaning: "an instance, such as ratings/2; or reset; left out: ratings", isOptional: true },
    {
      name: "FAULT",
      meaning: `${FAULT_WORDS.slice(0, -1).join(", ")} or ${FAULT_WORDS.at(-1)}; behind reset: a service or an instance`,
      isOptional: true,
    },
    {
      name: "AMOUNT",
      meaning: AMOUNTS.map(({ kind, typed }) => `of ${kind} ${typed.range}, such as ${typed.example}`).join("; "),
      isOptional: true,
    },
  ],
  options: [{ name: "for", value: "TIME", meaning: "when it ends, such as 20s or 5m; else after 60s" }],
  example: "bin/dwc fault ratings/2 pause --for 20s",
  run: async ({ args, values }, context) => {
    const request = parseFaultArgs(args, values.get("for"));
    if ("kind" in request) return request;
    const result = await context.live.fault(request);
    return result.kind === "not-connected"
      ? failedVisit(result)
      : outcomeOf(request, result, availableWidth(context.screen));
  },
};

function outcomeOf(request: FaultRequest, result: Connected<FaultReport>, room: number): CommandResult {
  const { value: report } = result;
  const [warnings, inJson] = [warningsOf(result), warningsJson(result)];
  const wrong = whyNot(request, report);
  if (wrong !== undefined) return { ...wrong, notes: warnings, details: { ...wrong.details, ...inJson } };
  const { takers } = report;
  return {
    kind: "done",
    lines: takers.length === 0 ? [] : receiversTable(takers, room),
    notes: [...nextSteps(request, takers), ...warnings],
    json: {
      asked: request.order.kind === "begin" ? request.order.fault.kind : request.order.kind,
      instances: takers.map(takerJson),
      ...inJson,
    },
    ifUnwritten: request.order.kind === "list" ? "read-only" : done(request),
  };
}

const done = ({ service }: FaultRequest): IfUnwritten => ({
  effect: "the fault command was carried out nevertheless",
  again: `to see what is on:  bin/dwc fault ${service}`,
});

function nextSteps({ service, order }: FaultRequest, takers: readonly FaultReceiver[]): readonly string[] {
  const [taker] = takers;
  if (taker === undefined) return [`no instance of ${service} takes faults: ${startTakers(service)}`];
  if (order.kind === "kill") {
    return [`${nameOf(taker)} is killed. Next:  ${startAgain(service, taker, true)}`];
  }
  if (order.kind !== "begin") return [];
  return [`it ends by itself; sooner with  bin/dwc fault ${RESET} ${nameOf(taker)}`];
}

const startTakers = (service: string): string =>
  service === OWN_SERVICE
    ? "to start three that do, type  CHAOS=1 make startRatings COUNT=3"
    : `start one of ${service} that does`;

function receiversTable(takers: readonly FaultReceiver[], room: number): readonly Line[] {
  return table(
    [{ head: "INSTANCE" }, { head: "FAULTS" }, { head: "INCARNATION", dropPriority: 1 }],
    takers.map((taker) => ({
      cells: [nameOf(taker), taker.faults.map(noteText).join("; ") || "none", taker.incarnation],
      tone: taker.faults.length > 0 ? "warning" : undefined,
    })),
    room,
  );
}

const noteText = (note: FaultStatus): string => `${faultText(note)}, ${endsText(note.endsInMs)}`;

const takerJson = ({ service, instance, incarnation, faults }: FaultReceiver): object => ({
  ...{ service, instance, incarnation },
  faults: faults.map((note) => ({
    fault: note.kind,
    ...amountJson(note),
    ends_in_ms: note.endsInMs,
  })),
});

/** In the words of the other JSON of dwc: `byMs` is `by_ms`. */
function amountJson(note: FaultStatus): object {
  const field = amountOfKind(note.kind)?.field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return field === undefined ? {} : { [field]: amountOf(note) };
}

// Reasons why a fault was not injected.

function whyNot({ service, target, order }: FaultRequest, report: FaultReport): Failed | undefined {
  if (!report.mayAsk) return notAllowed(report.holder);
  if (target === undefined) return undefined;
  const { meant, reply } = report;
  const name = `${service}/${target.incarnation ?? target.instance}`;
  if (meant.length === 0) return unknown(service, name, report);
  if (order.kind !== "reset" && meant.length > 1) return several(name, meant);
  switch (reply?.kind) {
    case undefined:
    case "done":
      return undefined;
    case "refused":
      return failed("refused", `${name} refused it: ${reply.why}`, "what is on:  bin/dwc fault");
    case "unanswered":
      return failed("no-answer", `${name} does not answer (${reply.why})`, "which instances run:  bin/dwc ps");
  }
}

function unknown(service: string, name: string, { others }: FaultReport): Failed {
  if (others.length === 0)
    return failed("faults-not-enabled", `no instance of ${service} takes faults`, startTakers(service));
  const names = others.map(nameOf).join(", ");
  return failed("unknown-instance", `${name} takes no faults, or is not there`, `there are:  ${names}`);
}

const several = (name: string, meant: readonly FaultReceiver[]): Failed =>
  failed(
    "several-processes",
    `${name} is more than one process`,
    `say which:  ${meant.map(({ service, incarnation }) => `${service}/${incarnation}`).join("  or  ")}`,
  );

const notAllowed = (holder: string): Failed =>
  failed(
    "not-allowed",
    `on this bus only admins may ask for faults, and the credentials of ${holder} are no admin's`,
    holder.includes("@")
      ? `ask its owner for:  bin/dwc revoke ${shellWord(holder)}  and then  bin/dwc invite-user ${shellWord(holder)} --admin`
      : "ask its owner for:  bin/dwc invite-user EMAIL --admin",
  );

// Parses the arguments of `dwc fault` into a target and a fault command.

const DEFAULT_SERVICE = "ratings";
const EXAMPLE = "for example:  bin/dwc fault ratings/2 pause --for 20s";

/** @param forText the value of --for */
export function parseFaultArgs(args: readonly string[], forText: string | undefined): FaultRequest | Failed {
  const [first = DEFAULT_SERVICE, second, amount] = args;
  if (first === RESET || second === undefined)
    return readAll(first === RESET ? (second ?? DEFAULT_SERVICE) : first, args, forText);
  const target = readTarget(first);
  if (target === undefined || target.instance === undefined)
    return wrongUsage("bad-name", `${quoteForMessage(first)} names no instance`, EXAMPLE);
  if (second === RESET)
    return wrongUsage("extra-argument", "reset comes before its target", `for example:  bin/dwc fault reset ${first}`);
  const order = readOrder(first, second, amount, forText);
  return order.kind === "failed" ? order : { service: target.service, target, order };
}

function readAll(
  name: string,
  [first, , extra]: readonly string[],
  forText: string | undefined,
): FaultRequest | Failed {
  const target = readTarget(name);
  const kind = first === RESET ? "reset" : "list";
  if (target === undefined)
    return wrongUsage("bad-name", `${quoteForMessage(name)} is neither a service nor an instance`, EXAMPLE);
  if (kind === "reset" && (forText !== undefined || extra !== undefined))
    return wrongUsage(
      "extra-argument",
      "a reset takes a target and nothing else",
      "for example:  bin/dwc fault reset ratings/2",
    );
  if (kind === "list" && target.instance !== undefined)
    return wrongUsage("missing-argument", `which fault for ${name}? ${FAULT_WORDS.join(", ")}`, EXAMPLE);
  if (forText !== undefined) return wrongUsage("missing-argument", "--for needs a fault before it", EXAMPLE);
  return { service: target.service, target: target.instance === undefined ? undefined : target, order: { kind } };
}

/** `ratings`, `ratings/2`, or `ratings/2-AP7huB_5qrds` if two processes have one number. */
function readTarget(typed: string): (FaultTarget & { readonly service: string }) | undefined {
  const [, service = "", number, incarnation] = /^([^/]+)(?:\/(\d{1,6})(-[\w-]{1,60})?)?$/.exec(typed) ?? [];
  if (checkServiceName(service).kind === "bad") return undefined;
  const instance = number === undefined ? undefined : Number(number);
  return { service, instance, ...(incarnation !== undefined && { incarnation: `${number}${incarnation}` }) };
}

function readOrder(
  who: string,
  word: string,
  amount: string | undefined,
  forText: string | undefined,
): FaultCommand | Failed {
  const known = FAULT_WORDS.find((one) => one === word);
  if (known === undefined) return unknownFault(who, word);
  if (known === "kill") {
    if (amount === undefined && forText === undefined) return { kind: "kill" };
    return wrongUsage(
      "extra-argument",
      "kill takes neither an amount nor a time",
      `for example:  bin/dwc fault ${who} kill`,
    );
  }
  const { defaultForMs, minForMs, maxForMs } = FAULT_LIMITS;
  const forMs = forText === undefined ? defaultForMs : parseDuration(forText);
  if (forMs === undefined || !isIntegerIn(forMs, minForMs, maxForMs))
    return wrongUsage(
      "wrong-option",
      `--for ${quoteForMessage(forText ?? "")} is no time from 500ms to 10m`,
      "for example:  --for 20s",
    );
  const fault = readFault(known, who, amount);
  return fault.kind === "failed" ? fault : { kind: "begin", fault, forMs };
}

function unknownFault(who: string, word: string): Failed {
  const near = nearest(word, FAULT_WORDS);
  const hint =
    near === undefined ? `there are:  ${FAULT_WORDS.join(", ")}` : `did you mean  bin/dwc fault ${who} ${near} ?`;
  return wrongUsage("unknown-fault", `there is no fault ${quoteForMessage(word)}`, hint);
}

function readFault(word: Fault["kind"], who: string, typed: string | undefined): Fault | Failed {
  const amount = amountOfKind(word);
  if (amount === undefined)
    return typed === undefined
      ? faultOf(word, 0)
      : wrongUsage("extra-argument", `${word} takes no amount`, `for example:  bin/dwc fault ${who} ${word} --for 20s`);
  const value = amount.typed.parse(typed ?? "");
  if (isAmountIn(amount, value)) return faultOf(word, value);
  return wrongUsage(
    "wrong-amount",
    `${word} needs ${amount.typed.range}${instead(typed)}`,
    `for example:  bin/dwc fault ${who} ${word} ${amount.typed.example}`,
  );
}

const instead = (typed: string | undefined): string =>
  typed === undefined ? "" : `, and ${quoteForMessage(typed)} is none`;

export const endsText = (ms: number): string => `ends in ${formatDuration(ms)}`;
