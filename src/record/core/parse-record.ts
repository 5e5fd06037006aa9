// Parses a line of a record. Every part is checked: a record may come by mail, be cut short, or be of another version. A
// problem is a sentence about the line. The caller adds the line's number.

import { checkServiceName, directSubject, isIncarnationId, isWarningSender } from "../../bus/core/subjects.ts";
import { isCallerName } from "../../health/caller-warning.ts";
import { areDefault, type Heartbeat, parseHeartbeat } from "../../health/heartbeat.ts";
import { RESULTS } from "../../health/result.ts";
import { defaultHealthRules, type HealthRules } from "../../settings.ts";
import { type Fields, fieldsOf, isIntegerIn, isJsonObject, parseJson } from "../../util/json.ts";
import { isOperationName } from "../../util/operation-name.ts";
import {
  type Entry,
  FORMAT,
  FORMAT_VERSION,
  type Header,
  type RecordedEvent,
  type RecordedHeartbeat,
  type RecordedPickOptions,
  WHY_ENDED,
} from "./entry.ts";

export type Parsed<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unreadable"; readonly why: string };

/** Room for ten thousand incarnations that one call was sent to, at 64 characters each, and for the rest of the line. */
export const MAX_LINE_LENGTH = 1_048_576;
/** No event randomDraws more: a tick randomDraws once for each retest that ends, and this is the most incarnations. */
const MAX_RANDOM_DRAWS = 10_000;
const BUS_STATUSES = ["connected", "disconnected", "closed"] as const;

export function parseHead(text: string): Parsed<Header> {
  const fields = objectIn(text);
  if (fields?.["format"] !== FORMAT) return unreadable("this is no record of a Market: its first line is another");
  const { formatVersion, service, wallMs, at, rules } = fields;
  if (formatVersion !== FORMAT_VERSION)
    return unreadable(
      `this record is of version ${shown(formatVersion)}, and only version ${FORMAT_VERSION} can be replayed`,
    );
  if (typeof service !== "string" || checkServiceName(service).kind === "bad")
    return unreadable("service is no name of a service");
  if (!isTime(wallMs) || !isTime(at)) return unreadable("wallMs and at are not both a time");
  const read = parseRules(rules);
  if (read.kind === "unreadable") return read;
  return readAs({ format: FORMAT, formatVersion: FORMAT_VERSION, service, wallMs, at, rules: read.value });
}

function parseRules(value: unknown): Parsed<HealthRules> {
  const given = fieldsOf(value);
  const names = Object.keys(defaultHealthRules());
  const wrong = names.find((name) => !Object.hasOwn(given, name) || !isTime(given[name]));
  if (wrong !== undefined) return unreadable(`rules.${wrong} is missing, or no number from 0`);
  return readAs(Object.fromEntries(names.map((name) => [name, given[name]])) as unknown as HealthRules);
}

function parseAsked({ incarnation, atOnce, isEvicted }: Fields): Parsed<RecordedEvent> {
  if (!isId(incarnation)) return unreadable("incarnation is no id of an incarnation");
  if (atOnce !== undefined && atOnce !== true) return unreadable("atOnce is not true");
  if (isEvicted !== undefined && isEvicted !== true) return unreadable("isEvicted is not true");
  return readAs({ kind: "asked", incarnation, ...(atOnce && { atOnce }), ...(isEvicted && { isEvicted }) });
}

function parseLateCheck(upTo: unknown): Parsed<RecordedEvent> {
  if (upTo === undefined) return readAs({ kind: "late-check" });
  return isTime(upTo) ? readAs({ kind: "late-check", upTo }) : unreadable("upTo is no time");
}

/** @param service of the header */
export function parseEntry(text: string, service: string): Parsed<Entry> {
  const fields = objectIn(text);
  if (fields === undefined) return unreadable("no JSON object");
  const { at, lastIdleTickAt, randomDraws, decided } = fields;
  if (!isTime(at)) return unreadable("at is no time");
  if (lastIdleTickAt !== undefined && !isTime(lastIdleTickAt)) return unreadable("lastIdleTickAt is no time");
  if (randomDraws !== undefined && !areDraws(randomDraws))
    return unreadable("randomDraws are not numbers from 0 to under 1");
  const event = parseEvent(fields, service);
  if (event.kind === "unreadable") return event;
  return readAs({
    ...event.value,
    ...{ at, decided },
    ...(lastIdleTickAt !== undefined && { lastIdleTickAt }),
    ...(randomDraws !== undefined && { randomDraws }),
  });
}

function parseEvent(fields: Fields, service: string): Parsed<RecordedEvent> {
  switch (fields["kind"]) {
    case "heartbeat":
      return parseHeartbeatEntry(fields["beat"], service);
    case "picked":
      return parsePicked(fields);
    case "settled":
      return parseSettled(fields);
    case "checked":
      return parseChecked(fields);
    case "overtaken":
      return isCount(fields["ticket"])
        ? readAs({ kind: "overtaken", ticket: fields["ticket"] })
        : unreadable("ticket is no whole number");
    case "asked":
      return parseAsked(fields);
    case "warned":
      return parseWarned(fields);
    case "withdrawn":
      return isId(fields["incarnation"]) && isSender(fields["sender"])
        ? readAs({ kind: "withdrawn", incarnation: fields["incarnation"], sender: fields["sender"] })
        : unreadable("incarnation or sender is no id");
    case "late-check":
      return parseLateCheck(fields["upTo"]);
    case "disconnected":
    case "reconnected":
    case "tick":
      return readAs({ kind: fields["kind"] });
    default:
      return parseContextEntry(fields);
  }
}

function parseHeartbeatEntry(value: unknown, service: string): Parsed<RecordedEvent> {
  const { incarnation } = fieldsOf(value);
  if (!isId(incarnation)) return unreadable("beat.incarnation is no id of an incarnation");
  const origin = { service, incarnation, address: directSubject(service, incarnation) };
  const parsed = parseHeartbeat({ ...(value as object), ...origin }, origin);
  if (parsed.kind === "unreadable") return unreadable(`beat: ${parsed.why}`);
  return readAs({ kind: "heartbeat", beat: withoutOrigin(parsed.beat) });
}

function withoutOrigin({
  service: _service,
  address: _address,
  operations,
  ...beat
}: Heartbeat): RecordedHeartbeat["beat"] {
  return areDefault(operations) ? beat : { ...beat, operations };
}

function parsePicked(fields: Fields): Parsed<RecordedEvent> {
  const { operation, timeoutMs, excluded, idempotent, deprioritized, isHedge } = fields;
  if (operation !== undefined && !(typeof operation === "string" && isOperationName(operation)))
    return unreadable("operation is no name of one");
  if (timeoutMs !== undefined && !isTime(timeoutMs)) return unreadable("timeoutMs is no time");
  for (const [name, ids] of Object.entries({ excluded, deprioritized })) {
    if (ids !== undefined && !(Array.isArray(ids) && ids.every(isId)))
      return unreadable(`${name} is no list of incarnations`);
  }
  for (const [name, value] of Object.entries({ idempotent, isHedge })) {
    if (value !== undefined && typeof value !== "boolean") return unreadable(`${name} is neither true nor false`);
  }
  const traits = Object.entries({ operation, timeoutMs, excluded, idempotent, deprioritized, isHedge }).filter(
    ([, value]) => value !== undefined,
  );
  return readAs({ kind: "picked", ...(Object.fromEntries(traits) as RecordedPickOptions) });
}

function parseWarned({ incarnation, sender, by, quietMs }: Fields): Parsed<RecordedEvent> {
  if (!isId(incarnation) || !isSender(sender)) return unreadable("incarnation or sender is no id");
  if (typeof by !== "string" || !isCallerName(by)) return unreadable("by is no name of a caller");
  if (!isTime(quietMs)) return unreadable("quietMs is no time");
  return readAs({ kind: "warned", incarnation, sender, by, quietMs });
}

function parseSettled({ ticket, result }: Fields): Parsed<RecordedEvent> {
  if (!isCount(ticket)) return unreadable("ticket is no whole number");
  const found = RESULTS.find((known) => known === result);
  if (found === undefined) return unreadable(`result is none of ${RESULTS.join(", ")}`);
  return readAs({ kind: "settled", ticket, result: found });
}

function parseChecked({ ticket, result }: Fields): Parsed<RecordedEvent> {
  if (!isCount(ticket)) return unreadable("ticket is no whole number");
  if (result !== "answered" && result !== "invalid") return unreadable("result is neither answered nor invalid");
  return readAs({ kind: "checked", ticket, result });
}

function parseContextEntry({ kind, stalledMs, status, why, known }: Fields): Parsed<RecordedEvent> {
  switch (kind) {
    case "stall":
      return isTime(stalledMs) ? readAs({ kind, stalledMs }) : unreadable("stalledMs is no time");
    case "bus": {
      const found = BUS_STATUSES.find((one) => one === status);
      return found === undefined
        ? unreadable(`status is none of ${BUS_STATUSES.join(", ")}`)
        : readAs({ kind, status: found });
    }
    case "end": {
      const found = WHY_ENDED.find((one) => one === why);
      return found === undefined || !isCount(known)
        ? unreadable("why or known of the end is wrong")
        : readAs({ kind, why: found, known });
    }
    default:
      return unreadable(`kind ${shown(kind)} is none that a record has`);
  }
}

function objectIn(text: string): Fields | undefined {
  const value = parseJson(text);
  return isJsonObject(value) ? value : undefined;
}

/** More than 30,000 years: later than any measured time, and arithmetic with it is exact to the millisecond. */
const MAX_TIME_MS = 1_000_000_000_000_000;
const isTime = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= MAX_TIME_MS;
const isId = (value: unknown): value is string => typeof value === "string" && isIncarnationId(value);
/** A user of a bus with logins, or a process of an open one. */
const isSender = (value: unknown): value is string =>
  isId(value) || (typeof value === "string" && isWarningSender(value));
const isCount = (value: unknown): value is number => isIntegerIn(value, 0, Number.MAX_SAFE_INTEGER);
const areDraws = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length <= MAX_RANDOM_DRAWS && value.every((draw) => isTime(draw) && draw < 1);

/** A hostile value must not fill a screen. */
const MAX_QUOTED_LENGTH = 40;
const shown = (value: unknown): string => (JSON.stringify(value) ?? "missing").slice(0, MAX_QUOTED_LENGTH);

const readAs = <T>(value: T): Parsed<T> => ({ kind: "read", value });
const unreadable = (why: string): { readonly kind: "unreadable"; readonly why: string } => ({
  kind: "unreadable",
  why,
});
