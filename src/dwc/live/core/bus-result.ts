// A visit to the bus: whether it let us in, and who was heard there. Only shapes.

import type { HeartbeatState } from "../../../health/heartbeat.ts";
import type { InstanceRef } from "../../../health/member.ts";

/** One process that answered the roll call. What it counts is known only of those that answer the service verbs. */
export interface DiscoveredInstance extends InstanceRef {
  readonly state: HeartbeatState;
  readonly version: string;
  readonly intervalMs: number;
  readonly counts: DiscoveredStats | undefined;
}

export interface DiscoveredStats {
  /** Epoch ms, by the instance's own clock. */
  readonly startedAt: number | undefined;
  readonly requests: number;
  readonly errors: number;
  readonly processingMs: number;
  readonly dropped: number;
}

/** Not in: why, and what to type. */
export interface NotConnected {
  readonly kind: "not-connected";
  readonly code:
    | "no-bus"
    | "bus-silent"
    | "not-nats"
    | "refused"
    | "open-bus"
    /** It has no room for us, or TLS does not come about: a person changes its configuration or ours. */
    | "bus-limited"
    | "bus-failed"
    | "bad-credentials";
  readonly why: string;
  readonly hint: string;
}

export interface Connected<T> {
  readonly kind: "connected";
  readonly value: T;
  readonly secured: boolean;
  readonly connectMs: number;
  /** What the bus did not allow, or what else went wrong on the way, in sentences. */
  readonly notes: readonly string[];
}

export type BusResult<T> = Connected<T> | NotConnected;
