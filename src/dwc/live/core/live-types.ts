// The live service: roll call, call, fault, a Market's view, and the facts of `dwc check`, with their results.
// live-service.ts implements it.

import type { Outcome } from "../../../connect/index.ts";
import type { FaultCommand, InstanceRef } from "../../../protocol.ts";
import type { FaultReceiver, FaultReply, HeartbeatState } from "../../../service/index.ts";
import type { AbortSignal, Screen } from "../../cli/core/command.ts";
import type { EventFollower } from "../bus-events.ts";
import type { Facts, KnownFacts } from "../facts.ts";
import type { Follower } from "../market-client.ts";
import type { MarketView } from "./parse-answers.ts";

export interface CallOrder {
  readonly service: string;
  readonly operation: string;
  /** Undefined: a request without a body. */
  readonly request: unknown;
  /** Undefined: the timeout of the settings. */
  readonly timeoutMs: number | undefined;
}

export interface CallReport {
  readonly outcome: Outcome;
  /** The instances that answered the roll call. */
  readonly known: readonly InstanceRef[];
  /** The operations that they have, sorted. */
  readonly operations: readonly string[];
  /** The instances that received the request, in order. */
  readonly attempted: readonly InstanceRef[];
  /** From the start until the instances were known. */
  readonly resolveMs: number;
  /** From sending to the result, all attempts together. */
  readonly callMs: number;
  /** The processing time by the instance's own counter; undefined: it has none, or served other calls meanwhile. */
  readonly processingMs: number | undefined;
}

export interface FaultTarget {
  /** Undefined: all instances of the service. */
  readonly instance: number | undefined;
  /** One process of that number. */
  readonly incarnation?: string;
}

export interface FaultRequest {
  readonly service: string;
  /** Undefined: all instances, for a list or a reset. */
  readonly target: FaultTarget | undefined;
  readonly order: FaultCommand;
}

export interface FaultReport {
  /** Whether the credentials allow fault commands. If not, the other fields are empty. */
  readonly mayAsk: boolean;
  /** The name in the credentials. */
  readonly holder: string;
  /** The instances that carried out the command, with their active faults. */
  readonly takers: readonly FaultReceiver[];
  /** The instances that match the target, and the others that accept faults. */
  readonly meant: readonly FaultReceiver[];
  readonly others: readonly FaultReceiver[];
  /** The reply of the target. Of several replies, a failure takes precedence. */
  readonly reply: FaultReply | undefined;
}

/** The result of fetching a Market's board. */
export type BoardResult = Board | BoardFailure;

export interface Board {
  readonly kind: "board";
  readonly url: string;
  readonly view: MarketView;
}

export type BoardFailure =
  | { readonly kind: "nothing"; readonly url: string; readonly why: string }
  | { readonly kind: "silent"; readonly url: string }
  | Boardless;

/** A program answers, but not with a board. */
export interface Boardless {
  readonly kind: "no board";
  readonly url: string;
  readonly why: NoBoard;
  readonly admin: AdminPlace;
}

export type NoBoard =
  /** It reports that the board is on its admin port. */
  | "admin port"
  /** It is an admin listener, and refuses the host name in the address. */
  | "foreign name"
  | "not yet"
  | "none";

/** The admin listener of a Market, derived from the settings and the port of its page. */
export interface AdminPlace {
  readonly port: number | "off";
  /** It was tried as well, as that Market is on this machine. */
  readonly isAsked: boolean;
}

export interface TopOptions {
  readonly count: number;
  readonly everyMs: number;
  readonly format: "table" | "json" | "csv";
  /** With --count each frame is printed whole, even on a terminal. */
  readonly isWhole: boolean;
}

export type TopEnd = { readonly kind: "ended" } | BoardFailure;

export interface LiveService {
  /** Epoch ms. */
  wall(): number;
  /** 23:59:01, where the terminal is. */
  timeOfDay(at: number): string;
  /** Follows a Market's events until the signal aborts. */
  follow(url: string, until: AbortSignal, follower: Follower): Promise<void>;
  top(marketUrl: string | undefined, screen: Screen, options: TopOptions): Promise<TopEnd>;
  /** The same from the bus alone. @returns why not, if it cannot connect */
  topServices(screen: Screen, options: TopOptions): Promise<NotConnected | undefined>;
  /** Prints the events of the services on the bus, from now on. */
  followServices(follower: EventFollower): Promise<BusResult<void>>;
  /** Calls the roll of one service, or of all that can be found. */
  roll(service: string | undefined, listenMs?: number): Promise<BusResult<readonly DiscoveredInstance[]>>;
  /** Those that answer within a moment, for completion. */
  names(listenMs: number): Promise<readonly DiscoveredInstance[]>;
  call(order: CallOrder): Promise<BusResult<CallReport>>;
  fault(request: FaultRequest): Promise<BusResult<FaultReport>>;
  /** @param marketUrl undefined: the address of the settings, here and below */
  fetchView(marketUrl: string | undefined): Promise<BoardResult>;
  /** @param onPart called with each answer as it comes */
  collectFacts(marketUrl: string | undefined, onPart?: (known: KnownFacts) => void): Promise<Facts>;
}

/** One process that answered the roll call. Its counters are known only if it answers the service verbs. */
export interface DiscoveredInstance extends InstanceRef {
  readonly state: HeartbeatState;
  readonly version: string;
  readonly intervalMs: number;
  readonly operations: readonly string[];
  readonly counts: DiscoveredStats | undefined;
}

export interface DiscoveredStats {
  /** Epoch ms, by the instance's own clock. */
  readonly startedAt: number | undefined;
  readonly requests: number;
  readonly errors: number;
  readonly processingMs: number;
  readonly dropped: number;
  /** Undefined: it does not count them, as another implementation need not. */
  readonly lastMinute?: LastMinuteStats | undefined;
  readonly byOperation?: readonly OperationStats[];
}

/** The requests of the last minute. */
export interface LastMinuteStats {
  readonly requests: number;
  /** Without those that are the fault of the caller. */
  readonly errors: number;
  /** The last of them. Null: there was none. */
  readonly lastError: string | null;
}

export interface OperationStats {
  readonly name: string;
  readonly requests: number;
  readonly errors: number;
  /** Empty: none. */
  readonly lastError: string;
  readonly processingMs: number;
  readonly lastMinute?: LastMinuteStats | undefined;
}

/** No connection, or no right: why, and what to type. */
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
    | "bad-credentials"
    /** The credentials do not permit it. */
    | "not-permitted";
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
