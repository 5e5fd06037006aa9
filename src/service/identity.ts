// The identity of an instance: a new incarnation id, the rules for what a service gives, and the answers to a roll call.

import { randomBytes } from "node:crypto";
import {
  checkOperationName,
  checkServiceName,
  directSubject,
  isIncarnationId,
  type NameCheck,
} from "../bus/core/subjects.ts";
import {
  type Heartbeat,
  MAX_HEARTBEAT_BYTES,
  MAX_INSTANCE,
  MAX_INTERVAL_MS,
  MAX_VERSION_LENGTH,
  MIN_INTERVAL_MS,
  parseHeartbeat,
} from "../health/heartbeat.ts";
import { decodeBody, fieldsOf, isIntegerIn } from "../util/json.ts";
import { MAX_OPERATIONS } from "../util/operation-name.ts";
import { quoted } from "../util/printable.ts";

/** 72 bits: among a million starts no two ids are equal, and an address still fits on a line. */
const ID_BYTES = 9;

/**
 * A new id at every start, so that a restarted instance is never mistaken for the process before it. The number of the
 * instance comes first, so that a person can read an address.
 */
export function newIncarnation(instance: number): string {
  return `${instance}-${randomBytes(ID_BYTES).toString("base64url")}`;
}

/** Unchecked: plain JavaScript can pass any value. */
export interface GivenIdentity {
  readonly service: unknown;
  readonly instance: unknown;
  readonly incarnation: unknown;
  readonly version: unknown;
  readonly heartbeatIntervalMs: unknown;
  readonly handlers: ReadonlyMap<string, unknown>;
}

/** The grammar of https://semver.org: three numbers, and optionally a pre-release and a build. */
const NUMBER = "(?:0|[1-9]\\d*)";
const PRE_RELEASE_PART = `(?:${NUMBER}|\\d*[A-Za-z-][\\dA-Za-z-]*)`;
const BUILD = "[\\dA-Za-z-]+(?:\\.[\\dA-Za-z-]+)*";
const SEMVER = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRE_RELEASE_PART}(?:\\.${PRE_RELEASE_PART})*)?(?:\\+${BUILD})?$`,
);

/**
 * Subjects, heartbeats and the replies of the NATS service protocol (ADR-32) contain these values. A receiver ignores the
 * whole message if one of them breaks its rule.
 * @returns the first broken rule, with the value that breaks it
 */
export function checkIdentity(given: GivenIdentity): NameCheck {
  const { service, instance, incarnation, version, heartbeatIntervalMs, handlers } = given;
  if (typeof service !== "string") return bad(`service name ${shown(service)} must be a text`);
  const name = checkServiceName(service);
  if (name.kind === "bad") return name;
  if (!isIntegerIn(instance, 1, MAX_INSTANCE))
    return bad(`instance ${shown(instance)} must be a whole number from 1 to ${MAX_INSTANCE}`);
  if (typeof incarnation !== "string" || !isIncarnationId(incarnation))
    return bad(`incarnation ${shown(incarnation)} must be 1 to 64 letters, digits, - and _`);
  if (!isVersion(version))
    return bad(
      `version ${shown(version)} must be a semantic version of up to ${MAX_VERSION_LENGTH} characters, such as 1.2.3 or 1.2.3-beta.1`,
    );
  if (!isIntegerIn(heartbeatIntervalMs, MIN_INTERVAL_MS, MAX_INTERVAL_MS))
    return bad(
      `heartbeatIntervalMs ${shown(heartbeatIntervalMs)} must be a whole number from ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}`,
    );
  return checkHandlers(handlers) ?? name;
}

/** @returns the first broken rule */
function checkHandlers(handlers: ReadonlyMap<string, unknown>): NameCheck | undefined {
  if (handlers.size === 0 || handlers.size > MAX_OPERATIONS)
    return bad(`an instance has ${handlers.size} operations: it must have 1 to ${MAX_OPERATIONS}`);
  for (const [name, handle] of handlers) {
    const check = checkOperationName(name);
    if (check.kind === "bad") return check;
    if (typeof handle !== "function") return bad(`the handler of ${name} is of type ${typeof handle}, and no function`);
  }
  return undefined;
}

/** The length is checked first, so that the regular expression never reads a long text. */
const isVersion = (version: unknown): boolean =>
  typeof version === "string" && version.length <= MAX_VERSION_LENGTH && SEMVER.test(version);

const bad = (why: string): NameCheck => ({ kind: "bad", why });

function shown(value: unknown): string {
  if (typeof value === "string") return quoted(value, MAX_VERSION_LENGTH);
  return typeof value === "number" ? String(value) : `of type ${value === null ? "null" : typeof value}`;
}

/** How long to wait for replies: many round trips on a slow network, and a start that is hardly longer. */
export const DUPLICATE_WAIT_MS = 250;

/** @returns the heartbeat of a live instance with that number, if one is among the answers to a roll call */
export const holderOf = (service: string, instance: number, answers: readonly Uint8Array[]): Heartbeat | undefined =>
  answers
    .map((bytes) => readRollCallAnswer(service, bytes))
    .find((beat) => beat !== undefined && beat.instance === instance && (beat.state === "up" || !beat.isReady));

/** A heartbeat in answer to a roll call. One that is not ready says `draining`, keeps its number, and publishes none. */
export interface RollCallAnswer extends Heartbeat {
  readonly isReady: boolean;
}

/** A reply to a roll call has no subject that names its sender, so only the consistency of its body can be checked. */
export function readRollCallAnswer(service: string, bytes: Uint8Array): RollCallAnswer | undefined {
  const decoded = decodeBody(bytes, MAX_HEARTBEAT_BYTES);
  if (decoded.kind === "unreadable") return undefined;
  const { incarnation, ready } = fieldsOf(decoded.value);
  if (typeof incarnation !== "string" || !isIncarnationId(incarnation)) return undefined;
  const address = directSubject(service, incarnation);
  const parsed = parseHeartbeat(decoded.value, { service, incarnation, address });
  return parsed.kind === "heartbeat" ? { ...parsed.beat, isReady: ready !== false } : undefined;
}
