// The port of the bus: requests, publishing and subscriptions. It is implemented on NATS (nats-bus.ts) and, in tests,
// in memory; one contract suite runs over both. An expected failure is a Reply: nothing here throws or rejects for it.

/// <reference lib="esnext.disposable" preserve="true" />

import type { Clock } from "../clock.ts";
import { callSafely, Emitter } from "../util/emitter.ts";
import type { Report } from "../util/throttle.ts";
import type { HeaderLines, Headers } from "./core/headers.ts";

/** A body as it is sent: a text goes out as UTF-8. */
export type Body = string | Uint8Array;

/** How a request ended: exactly one of these, always within the caller's timeout. */
export type Reply =
  | { readonly kind: "answered"; readonly body: Uint8Array; readonly headers?: Headers }
  /** The service answered with an error (`Nats-Service-Error-Code`): the instance is alive. */
  | { readonly kind: "service-error"; readonly code: number; readonly message: string; readonly body?: Uint8Array }
  /**
   * No process subscribes to the subject. The request was delivered to none, so any request may be sent again
   * elsewhere.
   */
  | { readonly kind: "no-responders" }
  | { readonly kind: "timeout" }
  /** No answer, because the receiver died. It may have executed the request before. */
  | { readonly kind: "receiver-died" }
  /** The caller gave up: says nothing about the instance. */
  | { readonly kind: "cancelled" }
  | NotSent
  | Denied;

/** Says nothing about the instance. */
export type NotSent =
  /** The bus was disconnected when the message was sent, or while the call was in flight. */
  | { readonly kind: "disconnected" }
  /** The message never left this process, because it is too large for this bus. */
  | { readonly kind: "unsent"; readonly why: string };

/** The server does not permit the message, or its answer: says nothing about the instance. */
export interface Denied {
  readonly kind: "denied";
  /** For the operator: which subject, with which credentials, and what to type. */
  readonly why: string;
  /** The answer is not permitted. If the message was sent, its receiver may have it. */
  readonly ofReplies?: true;
}

/** A message that a subscription has received. */
export interface Message {
  readonly subject: string;
  readonly body: Uint8Array;
  /** Where an answer is expected, if one is; undefined for a subject that must not get answers (takesReplies). */
  readonly replyTo: string | undefined;
  /** Parsed on each access. Without any, or where they cannot be parsed, it is empty. */
  readonly headers: Headers;
  /**
   * Answers, if an answer is expected.
   * @returns why it was not sent. In place of one that is too large, an error is sent
   */
  answer(body: Body, lines?: HeaderLines): NotSent | undefined;
  /** Answers with an error: `code` as in HTTP. @returns why it was not sent */
  refuse(code: number, message: string, body?: Body): NotSent | undefined;
}

/** Receives messages until it is closed. */
export interface Subscription {
  /** Ends the subscription. No message is received after this call. */
  close(): void;
  /** Ends the subscription at the bus, and resolves once the messages in flight have been received. */
  drain(): Promise<void>;
}

/** How a request is sent, and how long its sender waits. */
export interface RequestOptions {
  /** The headers of the request. */
  readonly lines?: HeaderLines;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** How one request to one instance is sent. */
export interface CallOptions extends RequestOptions {
  /**
   * The instance at that subject promises at most one answer to each request: reply subjects are reused (slot-pool.ts).
   */
  readonly answersOnce?: boolean;
  /** The call must not be executed twice. If its receiver dies, it ends only at its timeout, as `receiver-died`. */
  readonly notIdempotent?: boolean;
}

/** A request that is answered by many messages, in their order. */
export interface ReplyStream {
  /** Its reply subject, which names the stream to the instance. Empty: the request was not sent. */
  readonly replyTo: string;
  /** No reply is reported after this call. */
  end(): void;
}

/** `disconnected` dials on in the background; `closed` is final. */
export type BusStatus = "connected" | "disconnected" | "closed";

/**
 * A connection to the bus, on which clients and instances work. `connectBus` makes one, and `memoryBus` one for tests.
 */
export interface Bus {
  readonly status: BusStatus;
  /** The clock of the instances and callers that use this bus and name none. Undefined: that of the machine. */
  readonly clock?: Clock | undefined;
  /** Why the bus is disconnected; undefined while it is connected, and before the first attempt has ended. */
  readonly lastFailure?:
    | { readonly kind: string; readonly message: string; readonly isDenial?: boolean | undefined }
    | undefined;
  /**
   * As which this connection may warn other callers of instances of `service`: two parts of a subject (docs/protocol.md).
   * Undefined: its credentials do not permit that. A bus without this method is open to all.
   */
  warningSender?(service: string): string | undefined;
  /** The largest body that this bus accepts; undefined: not known, or no limit. */
  readonly maxBodyBytes?: number | undefined;
  /** Sends a request and waits for one answer. */
  request(subject: string, body: string, options: RequestOptions): Promise<Reply>;
  /**
   * The same with a callback, for callers that make many thousand calls a second. `onReply` is called exactly once:
   * before this method returns, if the call could not be sent. It must not throw.
   * @returns its reply subject, which names the call to its receiver; empty if it was not sent
   */
  call(subject: string, body: Body, options: CallOptions, onReply: (reply: Reply) => void): string;
  /**
   * Sends the receiver of a call, at `subject`, that its answer is not wanted any more. The call stays in flight until its
   * answer or its timeout. Its reply subject is never used again, so that the message cannot cancel a later call.
   * @param replyTo what `call` has returned
   */
  cancel(replyTo: string, subject: string): void;
  /**
   * Sends a request that is answered by many messages. `onReply` is called with each, until `end()`, or until the first
   * that is not `answered`. The timeout is that of the first. `onReply` is called before this method returns, if the
   * request could not be sent. It must not throw.
   */
  openStream(subject: string, body: Body, options: CallOptions, onReply: (reply: Reply) => void): ReplyStream;
  /**
   * The process that served the subject is dead. Calls in flight to it end as `receiver-died` at once
   * (`notIdempotent`: at their timeout), and so do its streams.
   */
  giveUp(subject: string): void;
  /**
   * Sends a request and collects all answers within `waitMs`. A request that is not permitted ends at once, with none.
   */
  requestMany(subject: string, body: string, waitMs: number): Promise<readonly Uint8Array[]>;
  /** Sends a message. Drops it while the bus is disconnected, because it would arrive too late. */
  publish(subject: string, body: Body, replyTo?: string, lines?: HeaderLines): void;
  /** Each message goes to one subscriber of each `queue`. A handler that throws is reported. */
  subscribe(
    subject: string,
    receive: (message: Message) => void,
    queue?: string,
    /** `required`: the program cannot work without it. If the bus denies it, the connection is ended. */
    need?: "required",
  ): Subscription;
  /**
   * Resolves true once the bus has processed all that was sent before, and its messages until then have been received.
   */
  flush(): Promise<boolean>;
  /** Calls `listener` on every change of status from now on. @returns removes the listener */
  watch(listener: (status: BusStatus) => void): () => void;
  /** Sends what is queued and disconnects. Calls in flight end as `away`. */
  close(): Promise<void>;
}

/**
 * Waits until `bus` is connected, or closed for good; at most for the limit, where there is one. What a socket holds by then
 * is read first.
 * @returns whether it is connected
 */
export function untilConnected(
  bus: Pick<Bus, "status" | "watch">,
  limit?: { readonly clock: Pick<Clock, "after" | "afterIoPoll">; readonly limitMs: number },
): Promise<boolean> {
  if (bus.status !== "disconnected") return Promise.resolve(bus.status === "connected");
  return new Promise((resolve) => {
    const end = (): void => {
      cancel?.();
      stop();
      resolve(bus.status === "connected");
    };
    const cancel = limit?.clock.after(limit.limitMs, () => limit.clock.afterIoPoll(end));
    const stop = bus.watch((status) => {
      if (status !== "disconnected") end();
    });
  });
}

/** A handler that throws must not stop the read loop, and one that rejects must not crash the process. */
export function dispatchSafely(
  message: Message,
  receive: (message: Message) => unknown,
  onError: (subject: string, error: unknown) => void,
): void {
  callSafely(receive, message, (error) => onError(message.subject, error));
}

/**
 * A user's `report`, which may throw or reject, as one that never does. A message that it fails to take goes to stderr.
 */
export const safely =
  (report: (message: string) => unknown): Report =>
  (message) =>
    callSafely(report, message, () => console.error(message));

/** The status of a bus, which emits its changes. */
export class StatusEmitter {
  readonly #emitter: Emitter<BusStatus>;
  #status: BusStatus = "disconnected";

  constructor(onError: (status: BusStatus, error: unknown) => void) {
    this.#emitter = new Emitter((error, status) => onError(status, error));
  }

  get status(): BusStatus {
    return this.#status;
  }

  watch(listener: (status: BusStatus) => void): () => void {
    return this.#emitter.watch(listener);
  }

  /** Emits the status if it is new. A closed bus stays closed. */
  set(status: BusStatus): void {
    if (status === this.#status || this.#status === "closed") return;
    this.#status = status;
    this.#emitter.emit(status);
  }
}
