// The bus on NATS. The library makes one connection, over a socket of ours. The rest is ours: reconnecting for ever,
// subscribing before "connected" is emitted, and requests. The library's reconnecting was rejected: it gives up on the
// second refused login, cannot be ended while it dials, queues what is published meanwhile, and never settles a flush
// whose connection is gone. So was its request(): it captures two stack traces and starts a timer for every call.

import type { NatsConnection } from "nats";
import type { Clock } from "../clock.ts";
import { Emitter } from "../util/emitter.ts";
import { stackOf, textOf } from "../util/errors.ts";
import { ThrottledReporter } from "../util/throttle.ts";
import {
  type Body,
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
  safely,
} from "./bus.ts";
import {
  type ConnectFailure,
  type ConnectResult,
  permissionError,
  redactLogin,
  repliesDenied,
  warningText,
} from "./connect-failure.ts";
import { type BusAddress, readBusAddress } from "./core/bus-address.ts";
import { type Credentials, warningSenderOf } from "./core/credentials.ts";
import { type Greeting, greetingOf } from "./core/greeting.ts";
import type { HeaderLines } from "./core/headers.ts";
import { OpenGuard } from "./core/open-bus.ts";
import { isAbsence } from "./core/redial.ts";
import { denialOf, readServerError, StandingDenials } from "./core/server-errors.ts";
import { assertSubject } from "./core/subjects.ts";
import { LoginIdentity } from "./login-identity.ts";
import type { BusConnection, BusLink, SubscriptionSpec } from "./nats-connection.ts";
import { publishFrame, whyNotSent } from "./nats-frame.ts";
import { openLink } from "./nats-link.ts";
import { NatsMessage, notSentLines, replyOf, type WireMessage } from "./nats-message.ts";
import { checked, type KnownServer, type NatsBus, type NatsBusOptions } from "./nats-options.ts";
import { AWAY, CANCELLED, NO_STREAM, PendingTable } from "./pending.ts";
import { newProcessPart, type ReplySubjects, replySubjectsOf } from "./reply-subjects.ts";

export type { Authenticator } from "nats";
export type { NatsBus, NatsBusOptions } from "./nats-options.ts";

/** How long the last messages may take at the end; a healthy server needs a millisecond. */
const CLOSE_TIMEOUT_MS = 1_000;
const LEFT_OPEN_BUS = "it is open, and this process has joined a bus with logins meanwhile";

interface WarningSenders {
  readonly of: Credentials | undefined;
  readonly byService: Map<string, string | undefined>;
}

/** Returns at once, with status "disconnected", and dials in the background until it is closed. @throws TypeError: `checked` */
export function connectNatsBus(options: NatsBusOptions): NatsBus {
  return new NatsBusImpl(checked(options));
}

class NatsBusImpl implements NatsBus {
  readonly #clock: Clock;
  readonly #reporter: ThrottledReporter;
  readonly #pending: PendingTable;
  readonly #subscriptions = new Set<SubscriptionSpec>();
  readonly #status: StatusEmitter;
  readonly #link: BusLink<NatsConnection>;
  readonly #attempts = new Emitter<ConnectResult>((error) =>
    this.#report("watcher", `a listener of connection attempts failed: ${textOf(error)}`),
  );
  readonly #identity: LoginIdentity;
  readonly #processPart = newProcessPart();
  /** By service, with the credentials that they follow from: parsing those takes 20 µs. */
  #warningSenders: WarningSenders | undefined;
  readonly #newReplySubjects: () => ReplySubjects;
  #replySubscription: SubscriptionSpec | undefined;
  readonly #openGuard: OpenGuard;
  readonly #reportOpen: (warning: string) => void;
  #lastFailure: ConnectFailure | undefined;
  /** The server has denied a subscription of this connection that the program can do without. */
  #optionalDenial: ConnectFailure | undefined;
  readonly #denials: StandingDenials;
  /** Set if the server has denied the subscription for replies: every call on this connection ends with it. */
  #repliesDenied: Denied | undefined;

  constructor(options: NatsBusOptions) {
    const { clock, inboxPrefix } = options;
    this.#clock = clock;
    this.#reporter = new ThrottledReporter(safely(options.report));
    // The key holds the subject: a denial that matters must not be suppressed by one that does not.
    this.#denials = new StandingDenials(clock, (subject, sentence) =>
      this.#report(`not allowed to subscribe to ${subject}`, sentence),
    );
    this.#reportOpen = options.reportOpen ? safely(options.reportOpen) : (warning) => this.#report("open", warning);
    this.#status = new StatusEmitter((status, error) =>
      this.#report("watcher", `a listener of the bus failed on "${status}": ${textOf(error)}`),
    );
    this.#identity = new LoginIdentity(options);
    this.#newReplySubjects = () => replySubjectsOf(this.#identity.credentials, this.#processPart, inboxPrefix);
    const isBusSuspect = (sentAtMs: number): boolean => this.#link.connection?.isSuspect(sentAtMs) !== false;
    this.#pending = new PendingTable(clock, this.#newReplySubjects(), isBusSuspect);
    this.#openGuard = new OpenGuard(options, this.#identity, options.urls.map(readBusAddress), () => this.#leave());
    this.#link = openLink(options, this.#identity, {
      report: (kind, sentence) => this.#report(kind, sentence),
      beforeLogin: () => this.#subscribeToReplies(this.#newReplySubjects()),
      serverError: (words, address) => this.#onServerError(words, address),
      denied: (operation, subject) => this.#onDenial(operation, subject),
      objection: (greeting, address) => this.#objectionTo(greeting, address),
      prepare: (connection) => this.#prepare(connection),
      ready: (greeting) => this.#ready(greeting),
      away: (failure) => this.#onConnectFailure(failure),
      ended: () => void this.close(),
    });
  }

  /** Called before each login: its credentials determine the reply subjects. No call is in flight then. */
  #subscribeToReplies(subjects: ReplySubjects): void {
    const { subscription: subject } = subjects;
    if (this.#replySubscription?.subject === subject) return;
    if (this.#replySubscription !== undefined) this.#subscriptions.delete(this.#replySubscription);
    const pass = (message: WireMessage): void => void this.#pending.onReply(message.subject, replyOf(message));
    this.#replySubscription = { subject, queue: undefined, onMessage: pass, denied: () => this.#denyReplies(subject) };
    this.#subscriptions.add(this.#replySubscription);
    this.#pending.replyUnder(subjects);
  }

  get status(): BusStatus {
    return this.#status.status;
  }

  get pending(): number {
    return this.#pending.size;
  }

  get lastError(): string | undefined {
    return this.#lastFailure?.message;
  }

  get lastFailure(): ConnectFailure | undefined {
    return this.#lastFailure;
  }

  get requiresAuth(): boolean | undefined {
    return this.#wire?.info && greetingOf(this.#wire.info).asksLogin;
  }

  get credentials(): Credentials | undefined {
    return this.#identity.credentials;
  }

  get lastServer(): KnownServer | undefined {
    return this.#link.lastServer;
  }

  get maxBodyBytes(): number | undefined {
    return this.#wire?.info?.max_payload;
  }

  warningSender(service: string): string | undefined {
    const { credentials } = this.#identity;
    const isCurrent = this.#warningSenders?.of === credentials;
    const { byService } = (isCurrent && this.#warningSenders) || { byService: new Map<string, string | undefined>() };
    this.#warningSenders = { of: credentials, byService };
    if (!byService.has(service)) byService.set(service, warningSenderOf(credentials, service, this.#processPart));
    return byService.get(service);
  }

  watchAttempts(listener: (attempt: ConnectResult) => void): () => void {
    return this.#attempts.watch(listener);
  }

  request(subject: string, body: string, options: RequestOptions): Promise<Reply> {
    assertSubject(subject);
    return new Promise((resolve) => this.call(subject, body, options, resolve));
  }

  call(subject: string, body: Body, options: CallOptions, onReply: (reply: Reply) => void): string {
    assertSubject(subject);
    const wire = this.#wire;
    if (wire === undefined || this.#repliesDenied !== undefined || options.signal?.aborted) {
      onReply(options.signal?.aborted ? CANCELLED : (this.#repliesDenied ?? AWAY));
      return "";
    }
    const replyTo = this.#pending.add(subject, options, onReply);
    const failure = this.#send(wire, subject, body, replyTo, options.lines);
    if (failure !== undefined) this.#pending.settle(replyTo, failure);
    return replyTo;
  }

  cancel(replyTo: string, subject: string): void {
    this.#pending.useOnce(replyTo);
    this.publish(subject, replyTo);
  }

  openStream(subject: string, body: Body, options: CallOptions, onReply: (reply: Reply) => void): ReplyStream {
    assertSubject(subject);
    const wire = this.#wire;
    if (wire === undefined || this.#repliesDenied !== undefined) {
      onReply(this.#repliesDenied ?? AWAY);
      return NO_STREAM;
    }
    const stream = this.#pending.addStream(subject, options, onReply);
    const failure = this.#send(wire, subject, body, stream.replyTo, options.lines);
    if (failure !== undefined) this.#pending.settle(stream.replyTo, failure);
    return stream;
  }

  giveUp(subject: string): void {
    this.#pending.failAllTo(subject);
  }

  requestMany(subject: string, body: string, waitMs: number): Promise<readonly Uint8Array[]> {
    assertSubject(subject);
    const wire = this.#wire;
    if (wire === undefined || this.#repliesDenied !== undefined) return Promise.resolve([]);
    const { replyTo, bodies } = this.#pending.addRequestMany(subject, waitMs);
    if (this.#send(wire, subject, body, replyTo) !== undefined) this.#pending.settle(replyTo, AWAY);
    return bodies;
  }

  publish(subject: string, body: Body, replyTo?: string, lines?: HeaderLines): void {
    assertSubject(subject);
    if (replyTo !== undefined) assertSubject(replyTo);
    const wire = this.#wire;
    if (wire !== undefined) this.#send(wire, subject, body, replyTo, lines);
  }

  subscribe(subject: string, receive: (message: Message) => void, queue?: string, need?: "required"): Subscription {
    assertSubject(subject);
    let open = true;
    const spec: SubscriptionSpec = {
      subject,
      queue,
      onMessage: (message) => {
        if (open) dispatchSafely(new NatsMessage(message, this.#sendReply), receive, this.#onHandlerError);
      },
      denied: () => this.#withoutSubscription(subject, need),
    };
    this.#subscriptions.add(spec);
    this.#subscribeOn(this.#link.connection, spec);
    return {
      close: () => {
        open = false;
        this.#subscriptions.delete(spec);
        this.#link.connection?.unsubscribe(spec);
      },
      drain: async () => {
        this.#subscriptions.delete(spec);
        await this.#link.connection?.drain(spec);
        open = false;
      },
    };
  }

  flush(): Promise<boolean> {
    const connection = this.#status.status === "connected" ? this.#link.connection : undefined;
    return connection === undefined ? Promise.resolve(false) : connection.flush();
  }

  watch(listener: (status: BusStatus) => void): () => void {
    return this.#status.watch(listener);
  }

  readonly [Symbol.asyncDispose] = (): Promise<void> => this.close();

  async close(): Promise<void> {
    if (this.#status.status === "closed") return;
    this.#status.set("closed");
    this.#openGuard.close();
    this.#denials.clear();
    this.#pending.settleAll(AWAY);
    await this.#link.close(CLOSE_TIMEOUT_MS);
  }

  /** The connection to send on, while connected. */
  get #wire(): NatsConnection | undefined {
    return this.#status.status === "connected" ? this.#link.connection?.wire : undefined;
  }

  /** @returns why the message was not sent */
  #send(wire: NatsConnection, subject: string, body: Body, replyTo = "", lines?: HeaderLines): NotSent | undefined {
    try {
      publishFrame(wire, subject, replyTo, body, lines);
      return undefined;
    } catch (failure) {
      const why = whyNotSent(wire, failure);
      if (why === undefined) return AWAY;
      this.#report("not sent", `a message to ${subject} was not sent: ${why}`);
      return { kind: "unsent", why };
    }
  }

  #sendReply = (subject: string, body: Body, lines?: HeaderLines): NotSent | undefined => {
    const wire = this.#link.connection?.wire; // requests arrive a round trip before "connected" is emitted
    if (wire === undefined) return AWAY;
    const failure = this.#send(wire, subject, body, "", lines);
    // The caller of a request whose answer is too large receives an error at once, and need not wait for its timeout.
    if (failure?.kind === "unsent") this.#send(wire, subject, "", "", notSentLines(failure.why));
    return failure;
  };

  #onHandlerError = (subject: string, error: unknown): void => {
    this.#report("receiver", `the receiver of ${subject} failed: ${stackOf(error)}`);
  };

  #prepare(connection: BusConnection<NatsConnection>): void {
    this.#repliesDenied = undefined;
    this.#optionalDenial = undefined;
    this.#denials.clear();
    for (const spec of this.#subscriptions) this.#subscribeOn(connection, spec);
  }

  #subscribeOn(connection: BusConnection<NatsConnection> | undefined, spec: SubscriptionSpec): void {
    try {
      if (connection?.live) connection.subscribe(spec);
    } catch {
      // The connection has just broken, and its end is not emitted yet. The subscription is made again on the next one.
    }
  }

  #objectionTo(greeting: Greeting, address: BusAddress): ConnectFailure | undefined {
    const sentence = this.#openGuard.greeted(greeting, address);
    return sentence === undefined ? undefined : { kind: "open", message: sentence };
  }

  #leave(): void {
    this.#link.connection?.end(LEFT_OPEN_BUS);
  }

  #ready({ name }: Greeting): void {
    if (this.#openGuard.objection !== undefined) {
      this.#leave();
      return;
    }
    this.#lastFailure = this.#optionalDenial;
    const warning = this.#openGuard.joined(name);
    if (warning !== undefined) this.#reportOpen(warning);
    this.#status.set("connected");
    this.#attempts.emit({ kind: "connected" });
  }

  #onConnectFailure(failure: ConnectFailure): void {
    this.#lastFailure = failure;
    this.#denials.clear();
    // The caller that awaits the first login reports the rejection and exits. Do not log it here too.
    const isReportedByCaller = (failure.kind === "refused" || failure.kind === "open") && this.#attempts.hasListeners;
    const isReported = isReportedByCaller || failure.isDenial === true; // a denial was reported when it came
    if (!isAbsence(failure) && !isReported) this.#report(failure.kind, failure.message);
    this.#pending.settleAll(AWAY);
    this.#status.set("disconnected");
    this.#attempts.emit(failure);
  }

  /** The server sent an error. One that ends the connection is reported as the reason for the end. */
  #onServerError(words: string, address: BusAddress): void {
    const error = readServerError(words);
    if (error.kind === "denied") this.#onDenial(error.operation, error.subject);
    // The server has rejected a subscription for its limits and keeps the connection, which is useless without it.
    if (error.kind === "limited") this.#link.connection?.end(words);
    if (error.kind === "other")
      this.#report(error.means, warningText(redactLogin(words, address), error.means, address));
  }

  #onDenial(operation: "publish" | "subscription", subject: string): void {
    const { about, message } = permissionError(operation, subject, this.#identity);
    // Once a required subscription was denied, the connection has ended: one message says why.
    if (operation === "subscription" && this.#link.connection?.live === true) this.#denials.add(subject, message);
    if (operation === "subscription") return;
    this.#pending.deny(subject, { kind: "denied", why: message });
    this.#report(about, message);
  }

  /** The server has denied the subscription. The denial has been reported already. */
  #withoutSubscription(subject: string, need: "required" | undefined): void {
    if (need === "required") this.#link.connection?.end(denialOf(subject));
    const { message } = permissionError("subscription", subject, this.#identity);
    this.#optionalDenial = { kind: "limited", message };
    if (this.status === "connected") this.#lastFailure = this.#optionalDenial;
  }

  /** No reply can arrive until the next login: the calls in flight end now, and later calls end at once. */
  #denyReplies(subject: string): void {
    this.#repliesDenied = repliesDenied(subject, this.#identity);
    this.#pending.settleAll(this.#repliesDenied);
  }

  #report(kind: string, sentence: string): void {
    this.#reporter.report(kind, sentence, this.#clock.now());
  }
}
