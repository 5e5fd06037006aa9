// The heartbeat on the wire (docs/protocol.md): its fields, its validation and its interval. On an open bus, one
// without logins, any client can send one, so every field is checked. Unknown fields are ignored, so that later
// versions can add some.

import { type Fields, isIntegerIn } from "../util/json.ts";
import { DEFAULT_OPERATION, isOperationName, MAX_OPERATIONS } from "../util/operation-name.ts";

export const HEARTBEAT_STATES = ["up", "draining", "gone"] as const;
/** What an instance says of itself: it takes calls, it leaves, or it has left. */
export type HeartbeatState = (typeof HEARTBEAT_STATES)[number];

/** A heartbeat, as docs/protocol.md has it. */
export interface Heartbeat {
  readonly service: string;
  /** The number that the operator gave the instance. */
  readonly instance: number;
  /** The id of one running process of the instance: new at every start. */
  readonly incarnation: string;
  /** The subject on which this incarnation alone receives requests. */
  readonly address: string;
  /** Counts up from 0, so that a heartbeat that arrives out of order can be dropped. */
  readonly seq: number;
  /** The sender promises its next heartbeat within this time. */
  readonly intervalMs: number;
  readonly state: HeartbeatState;
  readonly version: string;
  /**
   * The sender promises at most one answer to each request. A caller may reuse a reply subject once it has that answer.
   */
  readonly answersOnce: boolean;
  /** The operations that the instance has. */
  readonly operations: readonly string[];
}

/** The operations of an instance whose heartbeats name none. One list for all. */
export const DEFAULT_OPERATIONS: readonly string[] = [DEFAULT_OPERATION];

export const areDefault = (operations: readonly string[]): boolean =>
  operations.length === 1 && operations[0] === DEFAULT_OPERATION;

/** A message that breaks a rule of docs/protocol.md. */
export interface UnreadableHeartbeat {
  readonly kind: "unreadable";
  readonly why: string;
}

/** A heartbeat, or why the message is none. */
export type ParsedHeartbeat = { readonly kind: "heartbeat"; readonly beat: Heartbeat } | UnreadableHeartbeat;

/** The sender as the heartbeat's subject names it. The body must agree. */
export interface HeartbeatOrigin {
  readonly service: string;
  readonly incarnation: string;
  readonly address: string;
}

/** People type these numbers, and no service has more instances than six digits can count. */
export const MAX_INSTANCE = 999_999;
/** Five minutes. A heartbeat counts for two intervals (`leaseIntervals`), so a death is noticed within ten. */
export const MAX_INTERVAL_MS = 300_000;
/**
 * A shorter interval would be a flood, and two of them would pass within one turn of an event loop.
 */
export const MIN_INTERVAL_MS = 10;
/** The longest heartbeat that is read: ten times the length of ours, and a fraction of what the bus would carry. */
export const MAX_HEARTBEAT_BYTES = 4096;
/** A version is shown in tables. A longer text is not a version. */
export const MAX_VERSION_LENGTH = 64;

/**
 * Accepts a decoded body only if every field is valid and agrees with the subject. On a bus with logins the server lets
 * a client publish only to its own subjects, so no client can send heartbeats in the name of another.
 */
export function parseHeartbeat(body: unknown, origin: HeartbeatOrigin): ParsedHeartbeat {
  if (typeof body !== "object" || body === null) return unreadable("body is not an object");
  const { service, instance, incarnation, address, seq, intervalMs, state, version, answersOnce } = body as Fields;
  const { operations = DEFAULT_OPERATIONS } = body as Fields;
  if (service !== origin.service) return unreadable("service is not the one of its subject");
  if (incarnation !== origin.incarnation) return unreadable("incarnation is not the one of its subject");
  if (address !== origin.address) return unreadable("address is not the incarnation's direct subject");
  if (!isIntegerIn(instance, 1, MAX_INSTANCE))
    return unreadable(`instance is not a whole number from 1 to ${MAX_INSTANCE}`);
  if (!isIntegerIn(seq, 0, Number.MAX_SAFE_INTEGER)) return unreadable("seq is not a whole number");
  if (!isIntegerIn(intervalMs, MIN_INTERVAL_MS, MAX_INTERVAL_MS)) {
    return unreadable(`intervalMs is not a whole number from ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}`);
  }
  if (!isState(state)) return unreadable(`state is not one of ${HEARTBEAT_STATES.join(", ")}`);
  if (!areOperations(operations)) return unreadable(`operations are not 1 to ${MAX_OPERATIONS} names`);
  // Field by field, because spreading `origin` took two thirds of the time of parsing a heartbeat. Incarnation and
  // address are taken from the body, because those of `origin` are slices that would keep the whole subject in memory.
  // The service of `origin` is the caller's own string, one for all.
  return {
    kind: "heartbeat",
    beat: {
      service: origin.service,
      incarnation,
      address,
      instance,
      seq,
      intervalMs,
      state,
      version: readVersion(version),
      answersOnce: answersOnce === true,
      operations,
    },
  };
}

const unreadable = (why: string): ParsedHeartbeat => ({ kind: "unreadable", why });

function areOperations(value: unknown): value is readonly string[] {
  if (value === DEFAULT_OPERATIONS) return true;
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_OPERATIONS) return false;
  return value.every((name) => typeof name === "string" && isOperationName(name));
}

function isState(value: unknown): value is HeartbeatState {
  return value === "up" || value === "draining" || value === "gone";
}

/** No decision depends on the version, so a missing or invalid one does not invalidate the heartbeat. */
function readVersion(value: unknown): string {
  return typeof value === "string" && value.length <= MAX_VERSION_LENGTH ? value : "unknown";
}

/**
 * The largest share that jitter takes off the interval. With 0.2, instances started together spread out in a few beats.
 */
const JITTER_SHARE = 0.2;

/** Time until the next heartbeat in ms, never more than promised. `random` is in [0, 1). */
export function jitteredIntervalMs(intervalMs: number, random: number): number {
  return intervalMs * (1 - JITTER_SHARE * random);
}
