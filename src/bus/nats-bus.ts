// The Bus on NATS. CONTRIBUTING.md lists the files that use the client library.
// The library makes one connection at a time, over a socket of ours. Everything beyond is ours: dialling without end,
// subscribing before a listener hears of "connected", and the requests. Its own reconnecting was rejected: it gives up on
// the second refused login, cannot be ended while it dials, keeps what is published meanwhile, and never settles a flush
// whose connection is gone. Its own request() was rejected: it captures two stack traces and starts a timer for every call.

import { randomBytes } from "node:crypto";
import { type Authenticator, headers, type MsgHdrs, type NatsConnection } from "nats";
import type { Clock } from "../clock.ts";
import { AttemptBoard } from "./attempt-board.ts";
import type { BusStatus, CallOptions, Denied, Message, NotSent, Reply, RequestOptions, Subscription } from "./bus.ts";
import {
  type ConnectFailure,
  type ConnectResult,
  permissionError,
  shownWords,
  warningText,
} from "./connect-failure.ts";
import { type BusAddress, readBusAddress } from "./core/bus-address.ts";
import type { Credentials } from "./core/credentials.ts";
import { type Greeting, greetingOf } from "./core/greeting.ts";
import { isAbsence } from "./core/redial.ts";
import { denialOf, readServerError } from "./core/server-errors.ts";
import { assertSubject } from "./core/subjects.ts";
import { StandingDenials } from "./denials.ts";
import { Dialler, type MetServer } from "./dialler.ts";
import { dispatchSafely } from "./dispatch.ts";
import { StatusEmitter } from "./emitter.ts";
import type { Greeted } from "./handshake.ts";
import { LoginIdentity } from "./login-identity.ts";
import type { LinkOptions, NatsBus } from "./nats-bus-types.ts";
import { publishFrame } from "./nats-frame.ts";
import type { BusConnection, SubscriptionSpec } from "./nats-link.ts";
import { logIn, loginOf } from "./nats-login.ts";
import {
  ERROR_CODE_HEADER,
  ERROR_HEADER,
  headerText,
  NatsMessage,
  replyOf,
  type ServiceError,
  type WireMessage,
} from "./nats-message.ts";
import { DIAL_WITHIN_MS, dialOptions } from "./nats-options.ts";
import { OpenGuard } from "./open-case.ts";
import { AWAY, CANCELLED, PendingTable } from "./pending.ts";
import { type ReplySubjects, replySubjectsOf } from "./reply-subjects.ts";
import { safely } from "./safe-report.ts";
import { ThrottledReporter } from "./throttled-reporter.ts";

export type { Authenticator } from "nats";
export type { NatsBus } from "./nats-bus-types.ts";

export interface NatsBusOptions extends LinkOptions {
  readonly authenticator?: Authenticator;
  /** For the answer to a login; without it as long as for the greeting. */
  readonly loginWithinMs?: number;
}

/** How long goodbyes may take at the end; a server that is well needs a millisecond. */
const CLOSE_WITHIN_MS = 1_000;
/** 64 bits: no two processes with the same credentials share a part. It is no secret. */
const PROCESS_PART_BYTES = 8;
/** The code of an answer that is too large for the bus, as its asker receives it. */
const NOT_SENT = 500;
const LEFT = "it is open, and this process has joined a bus with logins meanwhile";

/** Returns at once, with status "away", and connects in the background for as long as it is not closed. */
export function connectNatsBus(options: NatsBusOptions): NatsBus {
  return new NatsBusImpl(options);
}

class NatsBusImpl implements NatsBus {
  readonly #clock: Clock;
  readonly #sparing: ThrottledReporter;
  readonly #pending: PendingTable;
  readonly #subscriptions = new Set<SubscriptionSpec>();
  readonly #board: StatusEmitter;
  readonly #dialler: Dialler<NatsConnection>;
  readonly #attempts = new AttemptBoard((error) =>
    this.#say("watcher", `a listener failed when told of an attempt: ${String(error)}`),
  );
  readonly #identity: LoginIdentity;
  readonly #newReplySubjects: () => ReplySubjects;
  #replies: SubscriptionSpec | undefined;
  readonly #open: OpenGuard;
  readonly #sayOpen: (warning: string) => void;
  #trouble: ConnectFailure | undefined;
  /** Of this connection: a subscription that this program can do without. */
  #denial: ConnectFailure | undefined;
  readonly #denials: StandingDenials;
  /** How every call ends on this connection: set once the server has refused the subscription for answers. */
  #repliesDenied: Denied | undefined;

  constructor(options: NatsBusOptions) {
    const { clock, inboxPrefix } = options;
    this.#clock = clock;
    this.#sparing = new ThrottledReporter(safely(options.report));
    // Of each subject: one that this program needs must not hide behind one that it can do without.
    this.#denials = new StandingDenials(clock, (subject, sentence) =>
      this.#say(`not allowed to hear ${subject}`, sentence),
    );
    this.#sayOpen = options.reportOpen ? safely(options.reportOpen) : (warning) => this.#say("open", warning);
    this.#board = new StatusEmitter((status, error) =>
      this.#say("watcher", `a listener failed when told ${status}: ${String(error)}`),
    );
    this.#identity = new LoginIdentity(options);
    const processPart = randomBytes(PROCESS_PART_BYTES).toString("base64url");
    this.#newReplySubjects = () => replySubjectsOf(this.#identity.credentials, processPart, inboxPrefix);
    const isDoubted = (sentAtMs: number): boolean => this.#dialler.link?.isSuspect(sentAtMs) !== false;
    this.#pending = new PendingTable(clock, this.#newReplySubjects(), isDoubted);
    this.#open = new OpenGuard(options, this.#identity, options.urls.map(readBusAddress), () => this.#leave());
    this.#dialler = new Dialler<NatsConnection>({
      urls: options.urls,
      clock: options.clock,
      loginWithinMs: options.loginWithinMs,
      caller: this.#identity,
      hasNews: () => options.authenticator === undefined && this.#identity.hasNews,
      open: (address, greeted) => this.#logIn(address, greeted, options),
      objection: (greeting, address) => this.#objectionTo(greeting, address),
      prepare: (link) => this.#prepare(link),
      ready: (greeting) => this.#ready(greeting),
      away: (lastError) => this.#onConnectFailure(lastError),
    });
  }

  #logIn(address: BusAddress, greeted: Greeted, options: NatsBusOptions): Promise<NatsConnection> {
    const { name, authenticator, loginWithinMs = DIAL_WITHIN_MS } = options;
    const unreadable = this.#identity.renew();
    if (unreadable !== undefined) this.#say("credentials", unreadable);
    this.#hearRepliesUnder(this.#newReplySubjects());
    const login = loginOf(authenticator, this.#identity.credentials);
    const hearError = (words: string): void => this.#hearError(words, address);
    const dial = { ...dialOptions(address, name, loginWithinMs), ...login };
    return logIn(greeted, dial, hearError, this.#clock, loginWithinMs);
  }

  /** Before each login: the caller's own part of reply subjects follows from its credentials. No call is out then. */
  #hearRepliesUnder(subjects: ReplySubjects): void {
    const { subscription: subject } = subjects;
    if (this.#replies?.subject === subject) return;
    if (this.#replies !== undefined) this.#subscriptions.delete(this.#replies);
    const hear = (message: WireMessage): void => void this.#pending.onReply(message.subject, replyOf(message));
    this.#replies = { subject, queue: undefined, onMessage: hear, denied: () => this.#denyReplies(subject) };
    this.#subscriptions.add(this.#replies);
    this.#pending.replyUnder(subjects);
  }

  get status(): BusStatus {
    return this.#board.status;
  }

  get pending(): number {
    return this.#pending.size;
  }

  get lastError(): string | undefined {
    return this.#trouble?.message;
  }

  get lastTrouble(): ConnectFailure | undefined {
    return this.#trouble;
  }

  get requiresAuth(): boolean | undefined {
    const info = this.#wire?.info;
    return info && greetingOf(info).asksLogin;
  }

  get credentials(): Credentials | undefined {
    return this.#identity.credentials;
  }

  get lastServer(): MetServer | undefined {
    return this.#dialler.lastServer;
  }

  get maxBodyBytes(): number | undefined {
    return this.#wire?.info?.max_payload;
  }

  watchAttempts(listener: (attempt: ConnectResult) => void): () => void {
    return this.#attempts.watch(listener);
  }

  request(subject: string, body: string, options: RequestOptions): Promise<Reply> {
    assertSubject(subject);
    return new Promise((resolve) => this.call(subject, body, options, resolve));
  }

  call(subject: string, body: string, options: CallOptions, ended: (reply: Reply) => void): void {
    assertSubject(subject);
    const wire = this.#wire;
    if (options.signal?.aborted) ended(CANCELLED);
    else if (wire === undefined) ended(AWAY);
    else if (this.#repliesDenied !== undefined) ended(this.#repliesDenied);
    else {
      const replyTo = this.#pending.add(subject, options, ended);
      const failure = this.#send(wire, subject, body, replyTo);
      if (failure !== undefined) this.#pending.settle(replyTo, failure);
    }
  }

  giveUp(subject: string): void {
    this.#pending.failAllTo(subject);
  }

  requestMany(subject: string, body: string, waitMs: number): Promise<readonly Uint8Array[]> {
    assertSubject(subject);
    const wire = this.#wire;
    if (wire === undefined || this.#repliesDenied !== undefined) return Promise.resolve([]);
    const { replyTo, bodies } = this.#pending.addGathering(subject, waitMs);
    const failure = this.#send(wire, subject, body, replyTo);
    if (failure !== undefined) this.#pending.settle(replyTo, AWAY);
    return bodies;
  }

  publish(subject: string, body: string, replyTo?: string): void {
    assertSubject(subject);
    if (replyTo !== undefined) assertSubject(replyTo);
    const wire = this.#wire;
    if (wire !== undefined) this.#send(wire, subject, body, replyTo);
  }

  subscribe(subject: string, receive: (message: Message) => void, queue?: string, need?: "required"): Subscription {
    assertSubject(subject);
    let open = true;
    const hearing: SubscriptionSpec = {
      subject,
      queue,
      onMessage: (message) => {
        if (open) dispatchSafely(new NatsMessage(message, this.#answer), receive, this.#onHandlerError);
      },
      denied: () => this.#withoutSubscription(subject, need),
    };
    this.#subscriptions.add(hearing);
    this.#subscribeOn(this.#dialler.link, hearing);
    return {
      close: () => {
        open = false;
        this.#subscriptions.delete(hearing);
        this.#dialler.link?.unsubscribe(hearing);
      },
      drain: async () => {
        this.#subscriptions.delete(hearing);
        await this.#dialler.link?.drain(hearing);
        open = false;
      },
    };
  }

  flush(): Promise<boolean> {
    const link = this.#board.status === "connected" ? this.#dialler.link : undefined;
    return link === undefined ? Promise.resolve(false) : link.flush();
  }

  watch(listener: (status: BusStatus) => void): () => void {
    return this.#board.watch(listener);
  }

  async close(): Promise<void> {
    if (this.#board.status === "closed") return;
    this.#board.set("closed");
    this.#open.close();
    this.#denials.clear();
    this.#pending.settleAll(AWAY);
    await this.#dialler.close(CLOSE_WITHIN_MS);
  }

  /** What to send on, while connected. */
  get #wire(): NatsConnection | undefined {
    return this.#board.status === "connected" ? this.#dialler.link?.wire : undefined;
  }

  /** @returns what a request ends as that could not be sent */
  #send(wire: NatsConnection, subject: string, body: string, replyTo = "", error?: ServiceError): NotSent | undefined {
    try {
      if (error === undefined) publishFrame(wire, subject, replyTo, body);
      else wire.publish(subject, Buffer.from(body), { headers: errorHeaders(error) });
      return undefined;
    } catch (failure) {
      return this.#notSent(wire, subject, failure);
    }
  }

  #notSent(wire: NatsConnection, subject: string, error: unknown): NotSent {
    if (wire.isClosed()) return AWAY;
    const limit = wire.info?.max_payload;
    const tooLarge = (error as { code?: unknown }).code === "MAX_PAYLOAD_EXCEEDED";
    const why = tooLarge ? `the body is over the bus's limit of ${limit} bytes` : String(error);
    this.#say("not sent", `a message to ${subject} was not sent: ${why}`);
    return { kind: "unsent", why };
  }

  #answer = (subject: string, body: string, error?: ServiceError): NotSent | undefined => {
    const wire = this.#dialler.link?.wire; // it hears, and is asked, a round trip before "connected" is told
    if (wire === undefined) return AWAY;
    const failure = this.#send(wire, subject, body, "", error);
    // The asker would wait in vain for an answer that is too large: it is told so instead.
    if (failure?.kind === "unsent")
      this.#send(wire, subject, "", "", { code: NOT_SENT, message: `not sent: ${failure.why}` });
    return failure;
  };

  #onHandlerError = (subject: string, error: unknown): void => {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#say("receiver", `the receiver of ${subject} failed: ${what}`);
  };

  #prepare(link: BusConnection<NatsConnection>): void {
    this.#repliesDenied = undefined;
    this.#denial = undefined;
    this.#denials.clear();
    for (const hearing of this.#subscriptions) this.#subscribeOn(link, hearing);
  }

  #subscribeOn(link: BusConnection<NatsConnection> | undefined, hearing: SubscriptionSpec): void {
    try {
      if (link?.live) link.subscribe(hearing);
    } catch {
      // The connection broke a moment ago and nobody has told us yet: the next one hears it.
    }
  }

  #objectionTo(greeting: Greeting, address: BusAddress): ConnectFailure | undefined {
    const sentence = this.#open.greeted(greeting, address);
    return sentence === undefined ? undefined : { kind: "open", message: sentence };
  }

  #leave(): void {
    this.#dialler.link?.end(LEFT);
  }

  #ready({ name }: Greeting): void {
    if (this.#open.objection !== undefined) {
      this.#leave();
      return;
    }
    this.#trouble = this.#denial;
    const warning = this.#open.joined(name);
    if (warning !== undefined) this.#sayOpen(warning);
    this.#board.set("connected");
    this.#attempts.tell({ kind: "connected" });
  }

  #onConnectFailure(lastError: ConnectFailure): void {
    this.#trouble = lastError;
    this.#denials.clear();
    // Whoever waits for the first login tells of its refusal, and ends with it: it is not to be said twice.
    const isToldThere = (lastError.kind === "refused" || lastError.kind === "open") && this.#attempts.isWatched;
    if (!isAbsence(lastError) && !isToldThere) this.#say(lastError.kind, lastError.message);
    this.#pending.settleAll(AWAY);
    this.#board.set("away");
    this.#attempts.tell(lastError);
  }

  /** An error that the server sent. What it ends the connection by is told as that end. */
  #hearError(words: string, address: BusAddress): void {
    const error = readServerError(words);
    if (error.kind === "denied") this.#hearDenial(error.operation, error.subject);
    // Of subscriptions: the server goes on without one of ours, and this connection is of no use.
    if (error.kind === "limited") this.#dialler.link?.end(words);
    if (error.kind === "other") this.#say(error.means, warningText(shownWords(words, address), error.means, address));
  }

  #hearDenial(operation: "publish" | "subscription", subject: string): void {
    const { about, message } = permissionError(operation, subject, this.#identity);
    if (operation === "subscription") this.#denials.add(subject, message);
    else {
      this.#pending.deny(subject, { kind: "denied", why: message });
      this.#say(about, message);
    }
  }

  /** The server does not allow it; the sentence about it has been reported. */
  #withoutSubscription(subject: string, need: "required" | undefined): void {
    if (need === "required") this.#dialler.link?.end(denialOf(subject));
    const { message } = permissionError("subscription", subject, this.#identity);
    this.#denial = { kind: "limited", message };
    if (this.status === "connected") this.#trouble = this.#denial;
  }

  /** No answer can arrive: the calls that are out end now, and later ones at once, until the next login. */
  #denyReplies(subject: string): void {
    const why = permissionError("subscription", subject, this.#identity).message;
    this.#repliesDenied = { kind: "denied", why };
    this.#pending.settleAll(this.#repliesDenied);
  }

  #say(kind: string, sentence: string): void {
    this.#sparing.report(kind, sentence, this.#clock.now());
  }
}

function errorHeaders({ code, message }: ServiceError): MsgHdrs {
  const made = headers();
  made.set(ERROR_CODE_HEADER, String(code));
  made.set(ERROR_HEADER, headerText(message));
  return made;
}
