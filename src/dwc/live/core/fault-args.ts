// Parses the arguments of `dwc fault` into a target and a fault command.

import { checkServiceName } from "../../../bus/core/subjects.ts";
import { FAULT_LIMITS, type FaultCommand } from "../../../service/core/fault-command.ts";
import type { Fault } from "../../../service/core/faults.ts";
import { formatDuration, parseDuration } from "../../../util/format.ts";
import { type Failed, quoteForMessage } from "../../core/outcome.ts";
import { nearest } from "../../core/suggest.ts";
import type { FaultRequest, FaultTarget } from "./live-types.ts";

export const FAULT_WORDS = ["pause", "slow", "fail", "mute", "kill"] as const;
export const RESET = "reset";
const DEFAULT_SERVICE = "ratings";
const EXAMPLE = "for example:  bin/dwc fault ratings/2 pause --for 20s";

/** @param forText the value of --for */
export function parseFaultArgs(args: readonly string[], forText: string | undefined): FaultRequest | Failed {
  const [first = DEFAULT_SERVICE, second, amount] = args;
  if (first === RESET || second === undefined)
    return readAll(first === RESET ? (second ?? DEFAULT_SERVICE) : first, args, forText);
  const target = readTarget(first);
  if (target === undefined || target.instance === undefined)
    return usage("bad-name", `${quoteForMessage(first)} names no instance`, EXAMPLE);
  if (second === RESET)
    return usage("extra-argument", "reset comes before its target", `for example:  bin/dwc fault reset ${first}`);
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
    return usage("bad-name", `${quoteForMessage(name)} is neither a service nor an instance`, EXAMPLE);
  if (kind === "reset" && (forText !== undefined || extra !== undefined))
    return usage(
      "extra-argument",
      "a reset takes a target and nothing else",
      "for example:  bin/dwc fault reset ratings/2",
    );
  if (kind === "list" && target.instance !== undefined)
    return usage("missing-argument", `which fault for ${name}? ${FAULT_WORDS.join(", ")}`, EXAMPLE);
  if (forText !== undefined) return usage("missing-argument", "--for needs a fault before it", EXAMPLE);
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
    return usage(
      "extra-argument",
      "kill takes neither an amount nor a time",
      `for example:  bin/dwc fault ${who} kill`,
    );
  }
  const { defaultForMs, minForMs, maxForMs } = FAULT_LIMITS;
  const forMs = forText === undefined ? defaultForMs : parseDuration(forText);
  if (forMs === undefined || !isWithin(forMs, minForMs, maxForMs))
    return usage(
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
  return usage("unknown-fault", `there is no fault ${quoteForMessage(word)}`, hint);
}

function readFault(word: Fault["kind"], who: string, amount: string | undefined): Fault | Failed {
  const { minByMs, maxByMs, minShare, maxShare } = FAULT_LIMITS;
  switch (word) {
    case "pause":
    case "mute":
      return amount === undefined
        ? { kind: word }
        : usage("extra-argument", `${word} takes no amount`, `for example:  bin/dwc fault ${who} ${word} --for 20s`);
    case "slow": {
      const byMs = parseDuration(amount ?? "");
      if (byMs !== undefined && isWithin(byMs, minByMs, maxByMs)) return { kind: word, byMs };
      return usage(
        "wrong-amount",
        `slow needs a time from 1ms to 60s${instead(amount)}`,
        `for example:  bin/dwc fault ${who} slow 300ms`,
      );
    }
    case "fail": {
      const share = readPercent(amount ?? "");
      if (share >= minShare && share <= maxShare) return { kind: word, share };
      return usage(
        "wrong-amount",
        `fail needs a share from 1% to 100%${instead(amount)}`,
        `for example:  bin/dwc fault ${who} fail 30%`,
      );
    }
  }
}

const PERCENT = 100;
const readPercent = (typed: string): number =>
  /^\d{1,3}(\.\d+)?%$/.test(typed) ? Number.parseFloat(typed) / PERCENT : 0;
const instead = (typed: string | undefined): string =>
  typed === undefined ? "" : `, and ${quoteForMessage(typed)} is none`;

const isWithin = (ms: number, least: number, most: number): boolean =>
  Number.isInteger(ms) && ms >= least && ms <= most;

const usage = (code: string, message: string, hint: string): Failed => ({
  kind: "failed",
  category: "usage",
  ...{ code, message, hint },
});

export const endsText = (ms: number): string => `ends in ${formatDuration(ms)}`;
