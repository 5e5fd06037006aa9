// The context of a request, which a handler receives beside the body.
//
// Its costly parts are made when they are read: the metadata, the deadline, the signal with its timer. Most handlers read none
// of it. So these are getters of the class, and a request pays for one small object.

import type { Headers } from "../bus/core/headers.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { InstanceRef } from "../health/member.ts";
import type { Trace } from "../trace/core/trace.ts";
import { type Metadata, metadataOf } from "./core/metadata.ts";
import { timeoutOf } from "./core/request-headers.ts";
import { StreamError } from "./stream-error.ts";

/**
 * A request, besides its body. A handler passes it whole to the calls that it makes (`within`). Most of it is made when it
 * is read, by getters that a copy of the object (`{ ...context }`) lacks.
 */
export interface RequestContext {
  readonly operation: string;
  /** The instance that handles the request. */
  readonly instance: InstanceRef;
  /** The texts that the caller gave. Frozen; empty without any. */
  readonly metadata: Metadata;
  /** All headers of the request, by their names in lower case. Read only. */
  readonly headers: Headers;
  /** The trace that the request belongs to, if it has one: for the log, and for calls that the handler makes. */
  readonly trace: Trace | undefined;
  /**
   * Aborted when the caller waits no more: its time is over, or it has given up. For a stream the time is that of its first
   * reply. From then on the signal is aborted when the stream ends before its items do.
   */
  readonly signal: AbortSignal;
  /**
   * When the time of the caller is over: epoch ms, as of `Date.now()`. Infinity if the caller did not say, and once a stream
   * has begun.
   */
  readonly deadline: number;
}

/** Shared by the requests of one instance. */
export interface ContextSource {
  readonly instance: InstanceRef;
  readonly clock: Pick<Clock, "wall" | "after">;
  /** Real time in ms: callers wait on while this process does not run. */
  readonly realNow: () => number;
}

type SignalState =
  | { readonly kind: "unread" }
  | { readonly kind: "read"; readonly controller: AbortController; readonly stopTimer: Cancel }
  /** The request was aborted before its handler read the signal. */
  | { readonly kind: "aborted"; readonly reason: DOMException }
  /** The request is over, and its handler has not read the signal. */
  | { readonly kind: "over" };

const UNREAD: SignalState = { kind: "unread" };
const OVER: SignalState = { kind: "over" };
const NO_TIMER: Cancel = () => undefined;
/** A timer of Node with a longer delay ends at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class ReceivedContext implements RequestContext {
  readonly operation: string;
  readonly headers: Headers;
  readonly trace: Trace | undefined;
  readonly #source: ContextSource;
  readonly #receivedAt: number;
  #metadata: Metadata | undefined;
  #signal: SignalState = UNREAD;
  #hasBegun = false;

  /** @param receivedAt in real time */
  constructor(
    source: ContextSource,
    operation: string,
    headers: Headers,
    trace: Trace | undefined,
    receivedAt: number,
  ) {
    this.#source = source;
    this.operation = operation;
    this.headers = headers;
    this.trace = trace;
    this.#receivedAt = receivedAt;
  }

  get instance(): InstanceRef {
    return this.#source.instance;
  }

  get metadata(): Metadata {
    this.#metadata ??= metadataOf(this.headers);
    return this.#metadata;
  }

  get deadline(): number {
    const leftMs = this.#leftMs();
    return leftMs === undefined ? Number.POSITIVE_INFINITY : this.#source.clock.wall() + leftMs;
  }

  get signal(): AbortSignal {
    if (this.#signal.kind === "read") return this.#signal.controller.signal;
    const controller = new AbortController();
    const before = this.#signal;
    const stopTimer = before.kind === "unread" ? this.#abortInTime() : NO_TIMER;
    this.#signal = { kind: "read", controller, stopTimer };
    if (before.kind === "aborted") controller.abort(before.reason);
    return controller.signal;
  }

  /** The answer is not wanted any more. */
  abort(reason: DOMException): void {
    if (this.#signal.kind === "unread") this.#signal = { kind: "aborted", reason };
    if (this.#signal.kind !== "read") return;
    this.#signal.stopTimer();
    this.#signal.controller.abort(reason);
  }

  /** The answer has begun, and is a stream: the caller waits for as long as it lasts. */
  begin(): void {
    this.#hasBegun = true;
    if (this.#signal.kind === "read") this.#signal.stopTimer();
  }

  /** The request is over: its signal is aborted no more. */
  end(): void {
    if (this.#signal.kind === "read") this.#signal.stopTimer();
    else this.#signal = OVER;
  }

  /**
   * Whether a handler has thrown this because its caller waits no more. It is the reason of its signal, or what Node makes of
   * that, or the failure of a call that the handler made within this request.
   */
  isStoppedBy(thrown: unknown): boolean {
    if (isGivenUpCall(thrown)) return this.#isAbandoned();
    if (this.#signal.kind !== "read") return false;
    const { aborted, reason } = this.#signal.controller.signal;
    return aborted && (thrown === reason || ABORT_NAMES.has(nameOf(thrown)));
  }

  #isAbandoned(): boolean {
    const leftMs = this.#leftMs();
    if (this.#signal.kind === "aborted" || (leftMs !== undefined && leftMs <= TIMER_SPREAD_MS)) return true;
    return this.#signal.kind === "read" && this.#signal.controller.signal.aborted;
  }

  /** How long the caller still waits. Undefined: it did not say. */
  #leftMs(): number | undefined {
    const timeoutMs = this.#hasBegun ? undefined : timeoutOf(this.headers);
    return timeoutMs === undefined ? undefined : this.#receivedAt + timeoutMs - this.#source.realNow();
  }

  #abortInTime(): Cancel {
    const leftMs = this.#leftMs();
    if (leftMs === undefined || leftMs > MAX_TIMER_MS) return NO_TIMER;
    return this.#source.clock.after(Math.max(0, leftMs), () => this.abort(timeIsOver()));
  }
}

/** Timers that are set for one moment by two parts of a process end so far apart, at most, on an idle machine. */
const TIMER_SPREAD_MS = 5;
const ABORT_NAMES: ReadonlySet<unknown> = new Set(["AbortError", "TimeoutError"]);

function nameOf(thrown: unknown): unknown {
  try {
    return thrown instanceof Error ? thrown.name : undefined;
  } catch {
    return undefined;
  }
}

/** The error of a call without an answer (a CallError), or of a stream, that ended by its time or by its signal. */
function isGivenUpCall(thrown: unknown): boolean {
  try {
    if (thrown instanceof StreamError) return thrown.reason === "cancelled";
    const { outcome } = Object(thrown) as { readonly outcome?: unknown };
    const { kind, reason } = Object(outcome) as { readonly kind?: unknown; readonly reason?: unknown };
    return kind === "unanswered" && (reason === "timeout" || reason === "cancelled");
  } catch {
    return false;
  }
}

/** As `AbortSignal.timeout` has it. */
const timeIsOver = (): DOMException => new DOMException("the time of the caller is over", "TimeoutError");
/** As an AbortController has it, with the reason in words. */
export const abortedBecause = (why: string): DOMException => new DOMException(why, "AbortError");
