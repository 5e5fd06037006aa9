// The result of a connection to the bus, and the instances found there.

import type { HeartbeatState } from "../../../health/heartbeat.ts";
import type { InstanceRef } from "../../../health/member.ts";

/** One process that answered the roll call. Its counters are known only if it answers the service verbs. */
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

/** No connection: why, and what to type. */
export interface NotConnected {
  readonly kind: "not-connected";
  readonly code:
    | "no-bus"
    | "bus-silent"
    | "not-nats"
    | "refused"
    | "open-bus"
    /** A limit of the bus is reached, or the TLS handshake fails: the user has to change a configuration. */
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
  /** Problems during the connection, such as a subject that the bus refused, a sentence each. */
  readonly notes: readonly string[];
}

export type BusResult<T> = Connected<T> | NotConnected;
