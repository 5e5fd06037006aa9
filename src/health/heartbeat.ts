// The heartbeat as it goes over the wire (docs/protocol.md): what a sender says, and what a receiver
// believes of bytes that anybody may have sent. Unknown fields are ignored, so that later versions can add some.

export const HEARTBEAT_STATES = ["up", "draining", "gone"] as const;
export type HeartbeatState = (typeof HEARTBEAT_STATES)[number];

export interface Heartbeat {
  readonly service: string;
  /** The number that a person gave the instance. */
  readonly instance: number;
  /** One running process of that instance: a fresh id at every start. */
  readonly incarnation: string;
  /** The direct subject of this incarnation. */
  readonly address: string;
  /** Counts up from 0: a beat that arrives out of order is known by it. */
  readonly seq: number;
  /** Longest time until the next beat, in ms, as the sender promises it. */
  readonly intervalMs: number;
  readonly state: HeartbeatState;
  readonly version: string;
  /** Promises one answer at most to each request: a caller may use a reply subject again once it has that answer. */
  readonly answersOnce: boolean;
}

export type ParsedHeartbeat =
  | { readonly kind: "heartbeat"; readonly beat: Heartbeat }
  | { readonly kind: "unreadable"; readonly why: string };

/** What the subject of a heartbeat says about its sender; the body must say the same. */
export interface HeartbeatOrigin {
  readonly service: string;
  readonly incarnation: string;
  readonly address: string;
}

/** A person types these numbers; six digits are more than any service has instances. */
export const MAX_INSTANCE = 999_999;
/** No sender may promise less often than every five minutes: its death would go unnoticed for ten. */
export const MAX_INTERVAL_MS = 300_000;
/** Below this a sender would be a flood; and a lease of twice it would lapse between two turns of an event loop. */
export const MIN_INTERVAL_MS = 10;
/** A version is shown in tables; anything longer is no version. */
export const MAX_VERSION_LENGTH = 64;

/**
 * Believes a decoded body only if every field obeys its rule and agrees with the subject it came on: on a secured bus
 * the broker vouches for the subject, so that nobody can beat in another's name.
 */
export function parseHeartbeat(body: unknown, origin: HeartbeatOrigin): ParsedHeartbeat {
  if (typeof body !== "object" || body === null) return unreadable("body is not an object");
  const { service, instance, incarnation, address, seq, intervalMs, state, version, answersOnce } = body as Record<
    string,
    unknown
  >;
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
  // Field by field: spreading the origin took most of the time of a heartbeat (three times as many a second without it).
  // The strings are the body's own: the origin's are slices and joins that would keep all of the subject with them.
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
    },
  };
}

const unreadable = (why: string): ParsedHeartbeat => ({ kind: "unreadable", why });

export function isIntegerIn(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isState(value: unknown): value is HeartbeatState {
  return value === "up" || value === "draining" || value === "gone";
}

/** The version decides nothing, so a missing or odd one costs nobody its heartbeat. */
function readVersion(value: unknown): string {
  return typeof value === "string" && value.length <= MAX_VERSION_LENGTH ? value : "unknown";
}

/** How much of the interval jitter may take away: with a fifth, a fleet started together is spread out after a few beats. */
const JITTER_SHARE = 0.2;

/** Time until the next beat in ms: never more than promised, and fresh at every call. `random` is in [0, 1). */
export function jitteredIntervalMs(intervalMs: number, random: number): number {
  return intervalMs * (1 - JITTER_SHARE * random);
}
