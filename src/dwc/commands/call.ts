// `dwc call ratings get camera`: makes one call as a Market does, and prints its times. The answer goes to stdout and
// all notes to stderr, so that a program can parse the answer.

import type { Unanswered, UnansweredReason } from "../../connect/index.ts";
import { checkOperationName, checkServiceName } from "../../protocol.ts";
import { formatDuration, parseDuration, roundTo2 } from "../../util/format.ts";
import { parseJson } from "../../util/json.ts";
import { nearest } from "../../util/nearest.ts";
import type { Command } from "../cli/core/command.ts";
import { type CommandResult, type Failed, failed, jsonText, quoteForMessage, wrongUsage } from "../cli/core/result.ts";
import { shellWord } from "../identity/core/names.ts";
import { failedVisit, OWN_SERVICE, warningsJson, warningsOf } from "../live/core/failures.ts";
import type { CallReport, Connected } from "../live/core/live-types.ts";
import { nameOf, whoJson } from "./format.ts";

const RAISE = "raise max_payload in the configuration of the bus, or the limit of the account";

/** The range of REQUEST_TIMEOUT_MS in the settings. */
const MIN_MS = 10;
const MAX_MS = 60_000;

export const call: Command = {
  name: "call",
  isLive: true,
  summary: "one call to a service: the answer, who gave it, where the time went",
  about: [
    "It works as a Market's call: a roll call, the first instance in turn, and the next one if that one does not run.",
    "WHAT is the request, any JSON value, or '' for none; for ratings the name of a thing is enough. Only get is sent again",
    "where it may have been executed. Exit code 1: refused, or not answered.",
  ],
  args: [
    { name: "SERVICE", meaning: "its name, such as ratings" },
    { name: "OPERATION", meaning: "one that the service has, such as get" },
    { name: "WHAT", meaning: "the request; left out: {}", isOptional: true },
  ],
  options: [{ name: "timeout", value: "TIME", meaning: "such as 500ms or 2s, instead of REQUEST_TIMEOUT_MS" }],
  example: "bin/dwc call ratings get camera",
  run: async ({ args, values }, context) => {
    const [service = "", operation = "", what = "{}"] = args;
    const name = checkServiceName(service);
    if (name.kind === "bad") return wrongUsage("bad-name", name.why, "for example:  bin/dwc call ratings get camera");
    const named = checkOperationName(operation);
    if (named.kind === "bad") return wrongUsage("bad-name", named.why, `for example:  bin/dwc call ${service} get`);
    const given = requestOf(service, what);
    if (given === undefined) return wrongRequest(service, operation, what);
    const typed = values.get("timeout");
    const timeoutMs = typed === undefined ? undefined : parseDuration(typed);
    if (typed !== undefined && !isTimeout(timeoutMs)) return wrongTimeout(typed);
    const result = await context.live.call({ service, operation, request: given.request, timeoutMs });
    return result.kind === "not-connected" ? failedVisit(result) : outcomeOf({ service, operation, what }, result);
  },
};

/** Parses the request. The protocol leaves its content to each service. Undefined: it is not JSON. */
function requestOf(service: string, what: string): { readonly request: unknown } | undefined {
  if (what === "") return { request: undefined };
  const request = parseJson(what);
  if (service === OWN_SERVICE && request === undefined && /^[\w-]+$/.test(what)) return { request: { thingID: what } };
  return request === undefined ? undefined : { request };
}

const wrongRequest = (service: string, operation: string, what: string): Failed =>
  wrongUsage(
    "wrong-request",
    `a request to ${service} has to be JSON, and ${quoteForMessage(what)} is none`,
    `for example:  bin/dwc call ${service} ${operation} '{"name":"Ada"}'`,
  );

const isTimeout = (ms: number | undefined): boolean => ms !== undefined && ms >= MIN_MS && ms <= MAX_MS;

const wrongTimeout = (typed: string): Failed =>
  wrongUsage(
    "wrong-option",
    `--timeout ${quoteForMessage(typed)} is no time from 10ms to 60s`,
    "for example:  --timeout 500ms",
  );

/** As typed. */
interface TypedCall {
  readonly service: string;
  readonly operation: string;
  readonly what: string;
}

function outcomeOf({ service, operation, what }: TypedCall, result: Connected<CallReport>): CommandResult {
  const { outcome } = result.value;
  const details = reportJson(result);
  const warnings = warningsOf(result);
  const notes = [...timingLines(result), ...warnings];
  switch (outcome.kind) {
    case "ok":
      return {
        kind: "done",
        // An answer without a body is an empty one.
        lines: outcome.value === undefined ? [] : [jsonText(outcome.value, { isForeign: true })],
        isForeign: true,
        notes: [`answered by ${nameOf(outcome.instance)}, ${outcome.instance.address}`, ...notes],
        json: { answer: outcome.value ?? null, ...details },
        ifUnwritten: {
          effect: "the call was made, and answered",
          again: `to make it again:  bin/dwc call ${service} ${operation} ${shellWord(what)}`,
        },
      };
    case "error": {
      const message = `${nameOf(outcome.instance)} refused it: ${outcome.code} ${outcome.message}`;
      const data = outcome.data === undefined ? {} : { data: outcome.data };
      return { ...failed("refused", message, "", { ...details, status: outcome.code, ...data }), notes };
    }
    case "unanswered":
      return {
        ...failed(
          CODES[outcome.reason],
          failureText({ service, operation }, outcome, result.value),
          hintFor({ service, operation }, outcome, result.value),
          details,
        ),
        // Without these warnings, a request that the bus refused would look like a service without instances.
        notes: warnings,
      };
  }
}

/** The codes of the errors, as the JSON of `dwc` has them. */
const CODES: { readonly [R in UnansweredReason]: string } = {
  timeout: "request-timed-out",
  cancelled: "the-caller-gave-up",
  disconnected: "the-bus-is-disconnected",
  "no-instances": "all-services-are-down",
  "no-such-operation": "no-such-operation",
  draining: "draining",
  "breakers-open": "breakers-open",
  overloaded: "overloaded",
  denied: "not-permitted",
  "invalid-response": "the-answer-was-not-readable",
  failed: "not-sent",
};

type Named = Pick<TypedCall, "service" | "operation">;

function failureText(
  { service, operation }: Named,
  outcome: Unanswered,
  { attempted, known, callMs }: CallReport,
): string {
  const { reason, detail = "" } = outcome;
  const last = attempted.at(-1);
  switch (reason) {
    case "timeout": {
      if (last === undefined) return "request timed out";
      return `request timed out: ${nameOf(last)}, ${last.address}, has not answered within ${formatDuration(callMs)}`;
    }
    case "no-instances":
      return known.length === 0
        ? `all services are down: no instance answered the roll call of ${service}`
        : `all services are down: of ${known.length} that answered the roll call of ${service} none accepted the call`;
    case "no-such-operation":
      return `no instance of ${service} has the operation ${operation}`;
    case "draining":
      return `all services are down: every instance of ${service} is leaving`;
    case "breakers-open":
      return `all services are down: no instance of ${service} answers`;
    case "overloaded":
      return `every instance of ${service} is overloaded, and has not begun the call`;
    case "denied":
      return `not permitted: ${detail}`;
    case "invalid-response":
      return `the answer was not readable: ${detail}`;
    case "failed":
      return detail;
    case "cancelled":
      return "the caller gave up";
    case "disconnected":
      return "the bus is disconnected";
  }
}

function hintFor({ service, operation }: Named, { reason, detail = "" }: Unanswered, report: CallReport): string {
  if (reason === "no-such-operation") return operationHint(service, operation, report.operations);
  if (reason === "failed") return detail.includes("over the bus's limit") ? RAISE : "";
  return reason === "disconnected" ? "what is wrong:  bin/dwc check" : nextStep(service, report);
}

/** The operations that its instances have. */
function operationHint(service: string, operation: string, has: readonly string[]): string {
  const near = nearest(operation, has);
  if (near !== undefined) return `did you mean  bin/dwc call ${service} ${near} ?   (it has ${has.join(", ")})`;
  return `it has ${has.join(", ")}:  bin/dwc call ${service} ${has[0] ?? "get"}`;
}

/** After a timeout a Market's view explains the instance. Without instances, the hint is to start some. */
function nextStep(service: string, { attempted, known }: CallReport): string {
  const last = attempted.at(-1);
  if (last !== undefined) return `what a Market believes of it:  bin/dwc explain ${nameOf(last)}`;
  if (known.length === 0 && service === OWN_SERVICE) return "to start three instances:  make startRatings COUNT=3";
  return "which instances run:  bin/dwc ps";
}

function timingLines({ connectMs, value }: Connected<CallReport>): readonly string[] {
  const { resolveMs, callMs, processingMs } = value;
  const own = processingMs === undefined ? "" : ` (of it the instance ${formatDuration(processingMs)})`;
  const times = [
    `connect ${formatDuration(connectMs)}`,
    `resolve ${formatDuration(resolveMs)}`,
    `send to answer ${formatDuration(callMs)}${own}`,
  ];
  return [times.join(", ")];
}

function reportJson(result: Connected<CallReport>): Readonly<Record<string, unknown>> {
  const { connectMs, value } = result;
  const { outcome, attempted, resolveMs, callMs, processingMs } = value;
  return {
    answered_by: "instance" in outcome ? whoJson(outcome.instance) : null,
    asked: attempted.map(whoJson),
    times_ms: {
      connect: roundTo2(connectMs),
      resolve: roundTo2(resolveMs),
      call: roundTo2(callMs),
      processing: processingMs === undefined ? null : roundTo2(processingMs),
    },
    ...warningsJson(result),
  };
}
