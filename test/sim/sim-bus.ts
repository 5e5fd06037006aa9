// A Bus on the simulated server. Everything below the connection is simulated. Everything above it is production code:
// the link with its pings, the table of pending calls, the reading of replies.

import {
  type Body,
  type Bus,
  type BusStatus,
  type CallOptions,
  type Denied,
  type Message,
  type NotSent,
  type Reply,
  type ReplyStream,
  type RequestOptions,
  StatusEmitter,
  type Subscription,
} from "../../src/bus/bus.ts";
import type { HeaderLines } from "../../src/bus/core/headers.ts";
import {
  BusConnection,
  type ClientConnection,
  type SubscriptionSpec,
  type WireSubscribing,
  type WireSubscription,
} from "../../src/bus/nats-connection.ts";
import { errorLines, NatsMessage, replyOf, type WireMessage } from "../../src/bus/nats-message.ts";
import { AWAY, CANCELLED, NO_STREAM, PendingTable } from "../../src/bus/pending.ts";
import { countedReplies } from "../../src/testing/counted-replies.ts";
import { wireMessage } from "../../src/testing/wire-message.ts";
import type { Host } from "./host.ts";
import type { Connection, Permissions, Server, Sub } from "./server.ts";

/** As the real dialler has it: between two attempts, give or take half. */
const REDIAL_AFTER_MS = 250;
/** How long a dial waits for a server that says nothing. */
const DIAL_TIMEOUT_MS = 2_000;
const POLL_INTERVAL_MS = 100;
/** A day has a few hundred calls: with this delay reply subjects are reused many times. */
const REUSE_DELAY = 4;

/** The largest body that a simulated bus takes: far more than ours have, and little to make too large. */
export const MAX_BODY_BYTES = 1_000;
const UNSENT: Extract<NotSent, { kind: "unsent" }> = {
  kind: "unsent",
  why: `the body is over the bus's limit of ${MAX_BODY_BYTES} bytes`,
};
const DENIED: Denied = { kind: "denied", why: "this process is not allowed to" };
const NOTHING: WireMessage = { subject: "", data: new Uint8Array(0) };

export class SimBus implements Bus {
  readonly maxBodyBytes = MAX_BODY_BYTES;
  readonly #host: Host;
  readonly #server: Server;
  readonly #random: () => number;
  readonly #pending: PendingTable;
  readonly #board = new StatusEmitter((_status, error) => this.failed(error));
  readonly #subscriptions = new Set<SubscriptionSpec>();
  #link: BusConnection<SimWire> | undefined;
  #repliesDenied: Denied | undefined;
  /** Messages that this process fails to send: an instance may answer and not beat. */
  swallows: (subject: string) => boolean = () => false;
  /** A reply has reached this process' socket, also when the process is stalled. */
  arrived: (subject: string) => void = () => undefined;

  /** How it writes its bodies; anything but UTF-8 is not readable. */
  encoding: BufferEncoding = "utf8";

  /** A listener has failed. */
  failed: (error: unknown) => void = (error) => {
    throw error;
  };

  /** When it last found the bus. */
  connectedAtMs = Number.NEGATIVE_INFINITY;

  constructor(host: Host, server: Server, random: () => number) {
    this.#host = host;
    this.#server = server;
    this.#random = random;
    const subjects = countedReplies(host.name);
    const isDoubted = (sentAtMs: number): boolean => this.#link?.isSuspect(sentAtMs) !== false;
    this.#pending = new PendingTable(host, subjects, isDoubted, REUSE_DELAY);
    const receive = (message: WireMessage): void => void this.#pending.onReply(message.subject, replyOf(message));
    const denied = (): void => {
      this.#repliesDenied = { ...DENIED, ofReplies: true };
      this.#pending.settleAll(this.#repliesDenied);
    };
    this.#subscriptions.add({ subject: subjects.subscription, queue: undefined, onMessage: receive, denied });
    void this.#keepDialling();
  }

  warningSender(): string {
    return `_.${this.#host.name}`;
  }

  get status(): BusStatus {
    return this.#board.status;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** It is connected, as far as it knows, and its messages get through. */
  get isReached(): boolean {
    return this.#board.status === "connected" && this.#link?.wire.isCutOff === false;
  }

  get #wire(): SimWire | undefined {
    return this.#board.status === "connected" && this.#link?.live === true ? this.#link.wire : undefined;
  }

  /** The inbox of the call that is sent next: by it an observer knows the reply on its way. */
  nextReplyTo: string | undefined;

  request(subject: string, body: string, options: RequestOptions): Promise<Reply> {
    return new Promise((resolve) => this.call(subject, body, options, resolve));
  }

  call(subject: string, body: Body, options: CallOptions, ended: (reply: Reply) => void): string {
    const wire = this.#wire;
    if (options.signal?.aborted) ended(CANCELLED);
    else if (wire === undefined) ended(AWAY);
    else if (this.#repliesDenied !== undefined) ended(this.#repliesDenied);
    else if (sizeOf(wireMessage(subject, body, { lines: options.lines })) > MAX_BODY_BYTES) ended(UNSENT);
    else {
      const replyTo = this.#pending.add(subject, options, ended);
      this.nextReplyTo = replyTo;
      wire.publish(wireMessage(subject, this.#encoded(body), { replyTo, lines: options.lines }));
      return replyTo;
    }
    return "";
  }

  cancel(replyTo: string, subject: string): void {
    this.#pending.useOnce(replyTo);
    this.publish(subject, replyTo);
  }

  openStream(subject: string, body: Body, options: CallOptions, onReply: (reply: Reply) => void): ReplyStream {
    const wire = this.#wire;
    if (wire === undefined || this.#repliesDenied !== undefined) {
      onReply(this.#repliesDenied ?? AWAY);
      return NO_STREAM;
    }
    const stream = this.#pending.addStream(subject, options, onReply);
    wire.publish(wireMessage(subject, this.#encoded(body), { replyTo: stream.replyTo, lines: options.lines }));
    return stream;
  }

  giveUp(subject: string): void {
    this.#pending.failAllTo(subject);
  }

  requestMany(subject: string, body: string, waitMs: number): Promise<readonly Uint8Array[]> {
    const wire = this.#wire;
    if (wire === undefined || this.#repliesDenied !== undefined) return Promise.resolve([]);
    const gathering = this.#pending.addRequestMany(subject, waitMs);
    wire.publish(wireMessage(subject, body, { replyTo: gathering.replyTo }));
    return gathering.bodies;
  }

  publish(subject: string, body: Body, replyTo?: string, lines?: HeaderLines): void {
    if (!this.swallows(subject)) this.#wire?.publish(wireMessage(subject, this.#encoded(body), { replyTo, lines }));
  }

  #encoded(body: Body): Uint8Array {
    return typeof body === "string" ? Buffer.from(body, this.encoding) : body;
  }

  subscribe(subject: string, receive: (message: Message) => void, queue?: string): Subscription {
    let open = true;
    const onMessage = (message: WireMessage): void => {
      if (open) receive(new NatsMessage(message, this.#answer));
    };
    const spec: SubscriptionSpec = { subject, queue, onMessage };
    this.#subscriptions.add(spec);
    if (this.#link?.live === true) this.#link.subscribe(spec);
    return {
      close: () => {
        open = false;
        this.#subscriptions.delete(spec);
        this.#link?.unsubscribe(spec);
      },
      drain: async () => {
        this.#subscriptions.delete(spec);
        await this.#link?.drain(spec);
        open = false;
      },
    };
  }

  flush(): Promise<boolean> {
    const link = this.#board.status === "connected" ? this.#link : undefined;
    return link === undefined ? Promise.resolve(false) : link.flush();
  }

  watch(listener: (status: BusStatus) => void): () => void {
    return this.#board.watch(listener);
  }

  close(): Promise<void> {
    this.#board.set("closed");
    this.#pending.settleAll(AWAY);
    this.#link?.end("closed by us");
    return Promise.resolve();
  }

  #answer = (subject: string, body: Body, lines?: HeaderLines): NotSent | undefined => {
    // As on NATS: it receives messages, and requests, a round trip before "connected" is reported.
    const wire = this.#link?.wire;
    if (wire === undefined) return AWAY;
    const message = wireMessage(subject, body, { lines });
    const isTooLarge = sizeOf(message) > MAX_BODY_BYTES;
    wire.publish(
      isTooLarge ? wireMessage(subject, "", { lines: errorLines(500, `not sent: ${UNSENT.why}`) }) : message,
    );
    return isTooLarge ? UNSENT : undefined;
  };

  // The connection.

  async #keepDialling(): Promise<void> {
    while (this.#board.status !== "closed") {
      const wire = await this.#dial();
      if (wire !== undefined) await this.#stayOn(new BusConnection(wire, this.#host));
      this.#pending.settleAll(AWAY);
      this.#board.set("disconnected");
      await this.#pause(REDIAL_AFTER_MS * (0.5 + this.#random()));
    }
  }

  async #dial(): Promise<SimWire | undefined> {
    let answers = this.#server.answers(this.#host);
    // The server's machine has taken the call; it speaks as soon as it can.
    for (let waitedMs = 0; answers === "silent" && waitedMs < DIAL_TIMEOUT_MS; waitedMs += POLL_INTERVAL_MS) {
      await this.#pause(POLL_INTERVAL_MS);
      answers = this.#server.answers(this.#host);
    }
    return answers === "yes" ? this.#connect() : undefined;
  }

  #connect(): SimWire {
    const denied = (subject: string): void => this.#pending.deny(subject, DENIED);
    return new SimWire(this.#server, this.#host, { arrived: (subject) => this.arrived(subject), denied });
  }

  async #stayOn(link: BusConnection<SimWire>): Promise<void> {
    this.#link = link;
    this.#repliesDenied = undefined;
    for (const spec of this.#subscriptions) link.subscribe(spec);
    if (await link.flush()) {
      this.connectedAtMs = this.#host.timeline.now;
      this.#board.set("connected");
    }
    await link.ended;
    this.#link = undefined;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#host.after(ms, resolve));
  }
}

/** Headers and body, as the server counts them. */
const sizeOf = ({ _rdata }: WireMessage): number => _rdata?.length ?? 0;

interface Ears {
  readonly arrived: (subject: string) => void;
  /** The server has refused a message to that subject. */
  readonly denied: (subject: string) => void;
}

/** The verbs that the link uses of the client library's connection. */
class SimWire implements ClientConnection {
  readonly #connection: Connection;
  readonly #server: Server;
  readonly #closed: Promise<unknown>;
  readonly #flushes = new Set<() => void>();
  readonly #denied: (subject: string) => void;
  #received = 0;

  constructor(server: Server, host: Host, { arrived, denied }: Ears) {
    this.#server = server;
    this.#denied = denied;
    let lost: (why: Error) => void = () => undefined;
    this.#closed = new Promise((resolve) => {
      lost = resolve;
    });
    this.#connection = server.accept(host, (why) => {
      lost(new Error(why));
      for (const fail of [...this.#flushes]) fail();
    });
    this.#connection.arrival = ({ subject }) => arrived(subject);
  }

  publish(message: WireMessage): void {
    const { subject } = message;
    if (!this.#connection.isOpen) return;
    this.#connection.up(() => {
      if (this.#permissions?.deniesSending(subject)) this.#refuse(() => this.#denied(subject));
      else this.#server.route(message, this.#connection.node);
    });
  }

  get #permissions(): Permissions | undefined {
    return this.#server.permissions.get(this.#connection.host);
  }

  #refuse(report: () => void): void {
    this.#connection.down(() =>
      this.#connection.host.read(() => {
        if (this.#connection.isOpen) report();
      }),
    );
  }

  subscribe(subject: string, { queue, callback }: WireSubscribing): WireSubscription {
    const receive = (message: WireMessage): void => {
      this.#received += 1;
      callback(null, message);
    };
    const sub: Sub = { connection: this.#connection, subject, queue, receive };
    const refused = (): void => callback(new Error("not permitted"), NOTHING);
    this.#connection.up(() => {
      if (this.#permissions?.deniesReplies && subject.startsWith("_INBOX.")) this.#refuse(refused);
      else this.#server.add(sub);
    });
    const unsubscribe = (): void => this.#connection.up(() => this.#server.remove(sub));
    return { unsubscribe, drain: () => Promise.resolve(unsubscribe()) };
  }

  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#connection.isOpen) return reject(new Error("closed"));
      const fail = (): void => reject(new Error("closed"));
      this.#flushes.add(fail);
      const pong = (): void => {
        this.#flushes.delete(fail);
        resolve();
      };
      this.#connection.up(() => this.#connection.down(() => this.#connection.host.read(pong)));
    });
  }

  closed(): Promise<unknown> {
    return this.#closed;
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }

  get isCutOff(): boolean {
    return this.#server.isCutOff(this.#connection);
  }

  stats(): { readonly inMsgs: number } {
    return { inMsgs: this.#received };
  }
}
