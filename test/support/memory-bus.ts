// A Bus without a network: a MemoryNetwork hands out buses that are wired to each other. Calls settle in the same
// PendingTable as on NATS. Every message takes its way through the clock, so a test that pushes the clock decides when
// it arrives, and after a stall it arrives as from a socket: after the timers that are overdue.

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
  type RequestOptions,
  StatusEmitter,
  type Subscription,
} from "../../src/bus/bus.ts";
import type { HeaderLines } from "../../src/bus/core/headers.ts";
import { errorLines, NatsMessage, replyOf, type WireMessage } from "../../src/bus/nats-message.ts";
import { PendingTable } from "../../src/bus/pending.ts";
import type { Clock } from "../../src/clock.ts";
import { countedReplies } from "./counted-replies.ts";
import { NO_RESPONDERS_BLOCK, wireMessage } from "./wire-message.ts";

const AWAY: NotSent = { kind: "disconnected" };
const CANCELLED: Reply = { kind: "cancelled" };
/** As a NATS server has it by default. */
const MAX_BODY_BYTES = 1_048_576;
/** The code of an answer that is too large, as its asker receives it. */
const NOT_SENT = 500;

export interface NetworkOptions {
  /** How long a message is under way; a function may answer differently for each. */
  readonly delayMs?: number | ((subject: string) => number);
  /** Messages that never arrive. */
  readonly loses?: (subject: string) => boolean;
}

interface TestSubscription {
  readonly owner: MemoryBus;
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly receive: (message: WireMessage) => void;
  underWay: number;
  open: boolean;
  /** Called once no message is being handled. */
  idle: () => void;
}

/** The fake clock also simulates sockets. With the real one the next turn of the loop stands for them. */
type NetworkClock = Clock & { read?(act: () => void): void };

export class MemoryNetwork {
  readonly clock: NetworkClock;
  /** May be changed at any time; applies to messages sent from then on. */
  delayMs: number | ((subject: string) => number);
  loses: (subject: string) => boolean;
  /** The largest body that the server takes; may be changed at any time. */
  maxBodyBytes = MAX_BODY_BYTES;
  readonly #ears = new Set<TestSubscription>();
  readonly #buses: MemoryBus[] = [];
  #turns = 0;
  #up = true;

  constructor(clock: NetworkClock, options: NetworkOptions = {}) {
    this.clock = clock;
    this.delayMs = options.delayMs ?? 0;
    this.loses = options.loses ?? (() => false);
  }

  /** A new bus, connected unless the network is down. */
  bus(report: (sentence: string) => void = () => undefined): MemoryBus {
    const bus = new MemoryBus(this, String(this.#buses.length + 1), report);
    this.#buses.push(bus);
    if (this.#up) bus.reconnect();
    return bus;
  }

  /** The server is gone, for everyone. */
  disconnect(): void {
    this.#up = false;
    for (const bus of this.#buses) bus.disconnect();
  }

  reconnect(): void {
    this.#up = true;
    for (const bus of this.#buses) bus.reconnect();
  }

  attach(subscription: TestSubscription): void {
    this.#ears.add(subscription);
  }

  detach(subscription: TestSubscription): void {
    this.#ears.delete(subscription);
  }

  /** Chooses the receivers at once, as a server does; the message arrives later. */
  route(message: WireMessage): void {
    const chosen = this.#choose(message.subject);
    if (chosen.length > 0) for (const subscription of chosen) this.#deliver(subscription, message);
    else if (message.reply !== undefined) this.route(wireMessage(message.reply, "", { block: NO_RESPONDERS_BLOCK }));
  }

  #choose(subject: string): readonly TestSubscription[] {
    const chosen: TestSubscription[] = [];
    const groups = new Map<string, TestSubscription[]>();
    for (const subscription of this.#ears) {
      if (subscription.owner.status !== "connected" || !matches(subscription.pattern, subject)) continue;
      if (subscription.queue === undefined) chosen.push(subscription);
      else groups.set(subscription.queue, [...(groups.get(subscription.queue) ?? []), subscription]);
    }
    for (const group of groups.values()) {
      this.#turns += 1;
      const picked = group[this.#turns % group.length];
      if (picked !== undefined) chosen.push(picked);
    }
    return chosen;
  }

  #deliver(subscription: TestSubscription, message: WireMessage): void {
    if (this.loses(message.subject)) return;
    const { connection } = subscription.owner;
    subscription.underWay += 1;
    const arrive = (): void =>
      subscription.owner.arrive(() => {
        if (subscription.open && subscription.owner.connection === connection) subscription.receive(message);
        subscription.underWay -= 1;
        if (subscription.underWay === 0) subscription.idle();
      });
    const delayMs = typeof this.delayMs === "function" ? this.delayMs(message.subject) : this.delayMs;
    if (delayMs > 0) this.clock.after(delayMs, () => this.#read(arrive));
    else this.#read(arrive);
  }

  #read(act: () => void): void {
    if (this.clock.read === undefined) this.clock.afterIoPoll(act);
    else this.clock.read(act);
  }
}

export class MemoryBus implements Bus {
  readonly #network: MemoryNetwork;
  readonly #report: (sentence: string) => void;
  readonly #table: PendingTable;
  readonly #board: StatusEmitter;
  readonly #heldBack: (() => void)[] = [];
  #paused = false;
  /** Subjects that the server does not let this bus publish to, and true when it may not receive replies. */
  deniesSending: (subject: string) => boolean = () => false;
  deniesReplies = false;
  /** Counts connections: messages in flight on a dropped one never arrive. */
  connection = 0;

  constructor(network: MemoryNetwork, caller: string, report: (sentence: string) => void) {
    this.#network = network;
    this.#report = report;
    const subjects = countedReplies(caller);
    this.#table = new PendingTable(network.clock, subjects);
    this.#board = new StatusEmitter((status, error) =>
      report(`a listener of the status ${status} failed: ${String(error)}`),
    );
    const onReply = (message: WireMessage): void => void this.#table.onReply(message.subject, replyOf(message));
    this.#listen(subjects.subscription, undefined, onReply);
  }

  get maxBodyBytes(): number {
    return this.#network.maxBodyBytes;
  }

  get status(): BusStatus {
    return this.#board.status;
  }

  /** How many calls are out. */
  get pending(): number {
    return this.#table.size;
  }

  request(subject: string, body: string, options: RequestOptions): Promise<Reply> {
    return new Promise((resolve) => this.call(subject, body, options, resolve));
  }

  call(subject: string, body: Body, options: CallOptions, ended: (reply: Reply) => void): void {
    if (options.signal?.aborted) ended(CANCELLED);
    else if (this.#board.status !== "connected") ended(AWAY);
    else if (this.deniesReplies) ended(denied("subscribe to _INBOX.>"));
    else {
      const replyTo = this.#table.add(subject, options, ended);
      const failure = this.#send(subject, body, replyTo, options.lines);
      if (failure !== undefined) this.#table.settle(replyTo, failure);
    }
  }

  giveUp(subject: string): void {
    this.#table.failAllTo(subject);
  }

  requestMany(subject: string, body: string, waitMs: number): Promise<readonly Uint8Array[]> {
    if (this.#board.status !== "connected" || this.deniesReplies) return Promise.resolve([]);
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
        this.#report(`the receiver of ${subject} failed: ${String(error)}`),
      ),
    );
    return {
      close: () => {
        subscription.open = false;
        this.#network.detach(subscription);
      },
      drain: async () => {
        this.#network.detach(subscription);
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

  /** This bus alone loses its connection. */
  disconnect(): void {
    if (this.#board.status !== "connected") return;
    this.connection += 1;
    this.#table.settleAll(AWAY);
    this.#board.set("disconnected");
  }

  reconnect(): void {
    if (this.#board.status === "disconnected") this.#board.set("connected");
  }

  /** Its process is stopped, as with ^Z: the bus still counts it as there, and messages wait for it. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    for (const act of this.#heldBack.splice(0)) act();
  }

  /** For the network: delivers an arrived message. */
  arrive(act: () => void): void {
    if (this.#paused) this.#heldBack.push(act);
    else act();
  }

  #listen(pattern: string, queue: string | undefined, receive: (message: WireMessage) => void): TestSubscription {
    const subscription: TestSubscription = {
      owner: this,
      pattern,
      queue,
      receive,
      underWay: 0,
      open: true,
      idle: () => undefined,
    };
    this.#network.attach(subscription);
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
    else this.#network.route(message);
    return undefined;
  }

  /** As from a server: the refusal comes a moment later, and names the subject. */
  #deny(subject: string): void {
    const refusal = denied(`send to ${subject}`);
    this.#network.clock.afterIoPoll(() => {
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
    return new Promise((resolve) => this.#network.clock.afterIoPoll(resolve));
  }
}

const denied = (what: string): Denied => ({ kind: "denied", why: `this process is not allowed to ${what}` });

/** True when a subject matches a pattern: `*` is one token, `>` is all the rest. */
export function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const given = subject.split(".");
  for (const [place, token] of wanted.entries()) {
    if (token === ">") return given.length > place;
    if (given[place] === undefined || (token !== "*" && token !== given[place])) return false;
  }
  return wanted.length === given.length;
}
