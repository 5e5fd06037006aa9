// A Bus in memory: one connection to a MemoryNetwork. Calls settle in the same PendingTable as on NATS.

import {
  type Body,
  type Bus,
  type BusStatus,
  type CallOptions,
  type Denied,
  dispatchSafely,
  type Message,
  type NotSent,
  type Reply,
  type ReplyStream,
  type RequestOptions,
  StatusEmitter,
  type Subscription,
} from "../bus/bus.ts";
import type { HeaderLines } from "../bus/core/headers.ts";
import { errorLines, NatsMessage, replyOf, type WireMessage } from "../bus/nats-message.ts";
import { AWAY, CANCELLED, NO_STREAM, PendingTable } from "../bus/pending.ts";
import type { Clock } from "../clock.ts";
import { textOf } from "../util/errors.ts";
import type { ActiveFault, CallFault } from "./core/faults.ts";
import { countedReplies } from "./counted-replies.ts";
import type { MemoryNetwork, MemorySubscription } from "./memory-network.ts";
import { wireMessage } from "./wire-message.ts";

/** The code of an answer that is too large, as its asker receives it. */
const NOT_SENT = 500;

/** One connection to a memory network: a process of its own, if nothing else uses it. */
export class MemoryBus implements Bus {
  readonly network: MemoryNetwork;
  readonly #report: (sentence: string) => void;
  readonly #table: PendingTable;
  readonly #board: StatusEmitter;
  readonly #heldBack: (() => void)[] = [];
  #paused = false;
  readonly #unsent: (() => void)[] = [];
  /** Subjects that the server does not let this bus publish to, and true when it may not receive replies. */
  deniesSending: (subject: string) => boolean = () => false;
  deniesReplies = false;
  /** Counts connections: messages in flight on a dropped one never arrive. */
  connection = 0;

  constructor(network: MemoryNetwork, caller: string, report: (sentence: string) => void) {
    this.network = network;
    this.#report = report;
    const subjects = countedReplies(caller);
    this.#table = new PendingTable(network.clock, subjects);
    this.#board = new StatusEmitter((status, error) =>
      report(`a listener of the status ${status} failed: ${textOf(error)}`),
    );
    const onReply = (message: WireMessage): void => void this.#table.onReply(message.subject, replyOf(message));
    this.#listen(subjects.subscription, undefined, onReply);
  }

  /** The clock of the callers and instances that use this bus and name none. */
  get clock(): Clock {
    return this.network.clock;
  }

  get maxBodyBytes(): number {
    return this.network.maxBodyBytes;
  }

  /** Whether its connection is there. */
  get status(): BusStatus {
    return this.#board.status;
  }

  /** How many calls are out. */
  /** The number of calls in flight. */
  get pending(): number {
    return this.#table.size;
  }

  request(subject: string, body: string, options: RequestOptions): Promise<Reply> {
    return new Promise((resolve) => this.call(subject, body, options, resolve));
  }

  call(subject: string, body: Body, options: CallOptions, ended: (reply: Reply) => void): string {
    if (options.signal?.aborted) ended(CANCELLED);
    else if (this.#board.status !== "connected") ended(AWAY);
    else if (this.deniesReplies) ended(denied("subscribe to _INBOX.>"));
    else {
      this.network.clock.waitsFor?.(`a call to ${subject}`);
      const replyTo = this.#table.add(subject, options, ended);
      const failure = this.#send(subject, body, replyTo, options.lines);
      if (failure !== undefined) this.#table.settle(replyTo, failure);
      return replyTo;
    }
    return "";
  }

  cancel(replyTo: string, subject: string): void {
    this.#table.useOnce(replyTo);
    this.publish(subject, replyTo);
  }

  openStream(subject: string, body: Body, options: CallOptions, onReply: (reply: Reply) => void): ReplyStream {
    if (this.#board.status !== "connected" || this.deniesReplies) {
      onReply(this.#board.status === "connected" ? denied("subscribe to _INBOX.>") : AWAY);
      return NO_STREAM;
    }
    this.network.clock.waitsFor?.(`a stream of ${subject}`);
    const stream = this.#table.addStream(subject, options, onReply);
    const failure = this.#send(subject, body, stream.replyTo, options.lines);
    if (failure !== undefined) this.#table.settle(stream.replyTo, failure);
    return stream;
  }

  giveUp(subject: string): void {
    this.#table.failAllTo(subject);
  }

  requestMany(subject: string, body: string, waitMs: number): Promise<readonly Uint8Array[]> {
    if (this.#board.status !== "connected" || this.deniesReplies) return Promise.resolve([]);
    this.network.clock.waitsFor?.(`a request to ${subject}`);
    const gathering = this.#table.addRequestMany(subject, waitMs);
    const failure = this.#send(subject, body, gathering.replyTo);
    if (failure !== undefined) this.#table.settle(gathering.replyTo, AWAY);
    return gathering.bodies;
  }

  publish(subject: string, body: Body, replyTo?: string, lines?: HeaderLines): void {
    if (this.#board.status === "connected") this.#send(subject, body, replyTo, lines);
  }

  subscribe(subject: string, receive: (message: Message) => void, queue?: string): Subscription {
    const subscription = this.#listen(subject, queue, (message) =>
      dispatchSafely(new NatsMessage(message, this.#sendReply), receive, (subject, error) =>
        this.#report(`the receiver of ${subject} failed: ${textOf(error)}`),
      ),
    );
    return {
      close: () => {
        subscription.open = false;
        this.network.detach(subscription);
      },
      drain: async () => {
        this.network.detach(subscription);
        if (subscription.underWay > 0)
          await new Promise<void>((resolve) => Object.assign(subscription, { idle: resolve }));
        subscription.open = false;
      },
    };
  }

  async flush(): Promise<boolean> {
    const { connection } = this;
    if (this.#board.status !== "connected") return false;
    await this.#turn();
    return this.connection === connection && this.#board.status === "connected";
  }

  watch(listener: (status: BusStatus) => void): () => void {
    return this.#board.watch(listener);
  }

  async close(): Promise<void> {
    if (this.#board.status === "closed") return;
    this.#board.set("closed");
    this.#table.settleAll(AWAY);
    await this.#turn();
  }

  /** Another connection to the same network: for another process, which can die and be cut off by itself. */
  connect(): MemoryBus {
    return this.network.bus(this.#report);
  }

  /** From now on the fault affects the calls of its target, on the whole network. */
  inject(fault: CallFault): ActiveFault {
    return this.network.inject(fault);
  }

  /** Its process ends as after kill -9: without a goodbye, and nothing that it still sends goes out. */
  kill(): void {
    if (this.#board.status === "closed") return;
    this.connection += 1;
    this.#board.set("closed");
    this.#table.settleAll(AWAY);
  }

  /** This bus alone loses its connection. */
  disconnect(): void {
    if (this.#board.status !== "connected") return;
    this.connection += 1;
    this.#table.settleAll(AWAY);
    this.#board.set("disconnected");
  }

  /** The connection is back. */
  reconnect(): void {
    if (this.#board.status === "disconnected") this.#board.set("connected");
  }

  /**
   * Its process is stopped, as with ^Z: the bus still counts it as there, messages wait for it, and what its timers and
   * handlers send waits as well.
   */
  pause(): void {
    this.#paused = true;
  }

  /** The process goes on: what it had sent meanwhile goes out, late, and it receives what waited for it. */
  resume(): void {
    this.#paused = false;
    for (const act of [...this.#unsent.splice(0), ...this.#heldBack.splice(0)]) act();
  }

  /** For the network: delivers an arrived message. */
  arrive(act: () => void): void {
    if (this.#paused) this.#heldBack.push(act);
    else act();
  }

  #listen(pattern: string, queue: string | undefined, receive: (message: WireMessage) => void): MemorySubscription {
    const subscription: MemorySubscription = {
      owner: this,
      pattern,
      queue,
      receive,
      underWay: 0,
      open: true,
      idle: () => undefined,
    };
    this.network.attach(subscription);
    return subscription;
  }

  #send(subject: string, body: Body, replyTo?: string, lines?: HeaderLines): NotSent | undefined {
    const message = wireMessage(subject, body, { replyTo, lines });
    if ((message._rdata?.length ?? 0) > this.maxBodyBytes) {
      const why = `the body is over the bus's limit of ${this.maxBodyBytes} bytes`;
      this.#report(`a message to ${subject} was not sent: ${why}`);
      return { kind: "unsent", why };
    }
    if (this.deniesSending(subject)) this.#deny(subject);
    else if (this.#paused) this.#unsent.push(() => this.#route(message));
    else this.network.route(message, this);
    return undefined;
  }

  /** A message that waited. Its connection may have been lost meanwhile. */
  #route(message: WireMessage): void {
    if (this.#board.status === "connected") this.network.route(message, this);
  }

  /** As from a server: the refusal comes a moment later, and names the subject. */
  #deny(subject: string): void {
    const refusal = denied(`send to ${subject}`);
    this.network.clock.afterIoPoll(() => {
      this.#table.deny(subject, refusal);
      this.#report(refusal.why);
    });
  }

  #sendReply = (subject: string, body: Body, lines?: HeaderLines): NotSent | undefined => {
    if (this.#board.status !== "connected") return AWAY;
    const failure = this.#send(subject, body, undefined, lines);
    if (failure?.kind === "unsent")
      this.#send(subject, "", undefined, errorLines(NOT_SENT, `not sent: ${failure.why}`));
    return failure;
  };

  #turn(): Promise<void> {
    return new Promise((resolve) => this.network.clock.afterIoPoll(resolve));
  }
}

const denied = (what: string): Denied => ({ kind: "denied", why: `this process is not allowed to ${what}` });
