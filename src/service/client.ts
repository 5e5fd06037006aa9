// The caller's side of any service: asks a healthy instance, directly, in turn, and never the same dead one twice.
//
// The way of a call: whose turn -> sent -> settled with the tracker -> on to the next if it reached nobody -> answered.

import type { Bus, BusStatus, Message, Reply } from "../bus/bus.ts";
import * as subjects from "../bus/subjects.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { Change } from "../health/change.ts";
import { type ParsedHeartbeat, parseHeartbeat } from "../health/heartbeat.ts";
import type { Who } from "../health/member.ts";
import { Newcomers } from "../health/newcomers.ts";
import { Resolver } from "../health/resolver.ts";
import type { Result, Ticket } from "../health/ticket.ts";
import { Tracker } from "../health/tracker.ts";
import type { HealthRules } from "../settings.ts";
import { type Accepts, type Answer, isNonsense, reachedNobody, readReply, resultOf, unanswered } from "./answer.ts";
import { decodeBody, LONGEST_HEARTBEAT_BYTES } from "./body.ts";
import { type RollCall, startRollCall } from "./roll-call.ts";
import { Underway } from "./underway.ts";
import { type WholeClientOptions, wholeClientOptions } from "./usual.ts";

/** What happens on the way, as it happens. */
export type ClientEvent =
  | { readonly kind: "resolving" }
  /** `live` is called only by who wants to know: with thousands of instances the list is not free. */
  | { readonly kind: "resolved"; readonly live: () => readonly Who[] }
  | { readonly kind: "using"; readonly who: Who }
  /** Answered, but nothing that the caller could use; another is asked. */
  | { readonly kind: "nonsense"; readonly who: Who }
  | { readonly kind: "unreadable heartbeat"; readonly why: string }
  /** More strangers than are listened to: this one's heartbeat was not even read. */
  | { readonly kind: "crowded" }
  /** Heartbeats could not be heard for a while, though the bus was there: more were sent than could be read. */
  | { readonly kind: "deaf"; readonly deafMs: number }
  | { readonly kind: "bus"; readonly status: BusStatus }
  | Change;

export interface ClientOptions {
  readonly service: string;
  readonly bus: Bus;
  /**
   * Where heartbeats are heard, if on another connection than calls. Anybody may send those, and what comes in on one
   * connection is read in order: on the same one, the answers to calls would wait behind a flood of them.
   */
  readonly ears?: Bus;
  readonly clock?: Clock;
  /** Those that differ from the settings' defaults. */
  readonly rules?: Partial<HealthRules>;
  readonly random?: () => number;
  readonly tell?: (event: ClientEvent) => void;
}

export interface AskOptions {
  /** False for a call that must not reach two instances; reads may. */
  readonly repeatable?: boolean;
  /** What counts as an answer: for any other body the call goes on to another instance. Left out: whatever is JSON. */
  readonly accepts?: Accepts;
  readonly signal?: AbortSignal;
}

export interface Client {
  /** What is believed of every instance; for reading. */
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  /** Resolves once the first roll call after connecting has been heard; at once if that is past, or the bus away. */
  ready(): Promise<void>;
  /** Asks one instance and, if that turns out dead or leaving, the next, all within one request timeout. Never rejects. */
  ask(request: object, options?: AskOptions): Promise<Answer>;
  close(): void;
}

/** How often lapsed leases are looked for; a choice looks by itself, so this only bounds how late a loss is told. */
const TICK_MS = 200;
/** A call with less than this left is not sent on to another instance: it could not be answered. */
const LEAST_WORTH_SENDING_MS = 5;
/** Of one call so many attempts are told. More only come of forged heartbeats, and those could be a thousand. */
const MOST_TOLD = 8;
const ANYTHING: Accepts = () => true;

/** An instance that got less of the request timeout than this is not charged with it; a dead end costs a thousandth. */
const LEAST_SHARE_TO_CHARGE = 0.9;

/** @throws Error when the service's name cannot stand in a subject */
export function openClient(options: ClientOptions): Client {
  const name = subjects.checkServiceName(options.service);
  if (name.kind === "bad") throw new Error(name.why);
  const client = new ServiceClient(wholeClientOptions(options));
  client.start();
  return client;
}

class ServiceClient implements Client {
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  readonly #options: WholeClientOptions;
  readonly #stops: Cancel[] = [];
  readonly #newcomers = new Newcomers();
  readonly #underway = new Underway();
  #rollCall: RollCall | undefined;
  /** Since when heartbeats have not been heard, though the bus is there. */
  #deafSince: number | undefined;

  constructor(options: WholeClientOptions) {
    this.#options = options;
    this.tracker = new Tracker(options.rules, options.random);
    this.resolver = new Resolver(this.tracker);
  }

  start(): void {
    const { bus, ears, clock, service } = this.#options;
    const heartbeats = ears.subscribe(subjects.heartbeatsSubject(service), (message) => this.#hear(message));
    this.#stops.push(() => heartbeats.close());
    this.#stops.push(bus.watch((status) => this.#afterBusStatus(status)));
    this.#stops.push(ears.watch((status) => this.#afterEarsStatus(status)));
    this.#stops.push(clock.every(TICK_MS, () => this.#tellAll(this.tracker.tick(clock.now()))));
    if (ears.status === "connected") this.#callTheRoll();
    else this.tracker.busAway(clock.now());
  }

  async ready(): Promise<void> {
    await this.#rollCall?.heard;
  }

  // A call.

  async ask(request: object, options: AskOptions = {}): Promise<Answer> {
    const { bus, clock, rules } = this.#options;
    if (this.#rollCall !== undefined) await this.#rollCall.heard;
    if (bus.status !== "connected") return unanswered("the bus is away");
    const giveUpAt = clock.now() + rules.requestTimeoutMs;
    const tried = new Set<string>();
    let nonsense: Answer | undefined;
    for (;;) {
      const ticket = this.#takeTurn(request, tried, options);
      if (ticket === undefined) return nonsense ?? unanswered("all services are down");
      const timeoutMs = giveUpAt - clock.now();
      const reply = await this.#send(ticket, request, timeoutMs, options);
      const answer = readReply(reply, ticket.who);
      if (this.#isUseless(answer, ticket, options)) nonsense = answer;
      else if (!reachedNobody(reply)) return answer;
      tried.add(ticket.who.incarnation);
      if (giveUpAt - clock.now() < LEAST_WORTH_SENDING_MS) return nonsense ?? unanswered("request timed out");
    }
  }

  /** Whether another is to be asked because of what this one answered; then it is told. */
  #isUseless(answer: Answer, { who }: Ticket, { accepts = ANYTHING, repeatable = true }: AskOptions): boolean {
    // Whoever answers nonsense may have done what it was asked all the same.
    if (!repeatable || !isNonsense(answer, accepts)) return false;
    this.#options.tell({ kind: "nonsense", who });
    return true;
  }

  /** Takes the next turn, and sends the copies that go with it: nobody waits for those. */
  #takeTurn(request: object, tried: ReadonlySet<string>, options: AskOptions): Ticket | undefined {
    const { clock, rules } = this.#options;
    const { accepts = ANYTHING, repeatable = true } = options;
    const tell = tried.size < MOST_TOLD ? this.#options.tell : () => undefined;
    tell({ kind: "resolving" });
    tell({ kind: "resolved", live: () => this.tracker.live(clock.now()).map((member) => member.who) });
    const turn = this.resolver.next(clock.now(), { tried, repeatable });
    this.#tellAll(turn.changes);
    for (const copy of [...turn.retests, ...turn.trials])
      void this.#send(copy, request, rules.requestTimeoutMs, { accepts });
    if (turn.call !== undefined) tell({ kind: "using", who: turn.call.who });
    return turn.call;
  }

  /** Sends and settles: whatever happens on the way, the ticket does not stay out. */
  async #send(ticket: Ticket, request: object, timeoutMs: number, options: AskOptions): Promise<Reply> {
    const { bus, clock } = this.#options;
    const { repeatable = true, accepts = ANYTHING, signal } = options;
    const body = JSON.stringify({ ...request, deadline: Math.round(clock.wall() + timeoutMs) });
    const orphan = this.#underway.add(ticket.who.incarnation);
    const sent = bus.request(ticket.who.address, body, signal === undefined ? { timeoutMs } : { timeoutMs, signal });
    // A call that must not reach two instances waits all the same: the dead process may have done what it was asked.
    const reply = await (repeatable ? Promise.race([sent, orphan.known]) : sent);
    orphan.ended();
    const isUseless = isNonsense(readReply(reply, ticket.who), accepts);
    this.#settle(ticket, orphan.isOne ? "nobody" : isUseless ? "nonsense" : this.#resultOf(reply, timeoutMs));
    return reply;
  }

  /** A call that reached its instance late in its time, after others, says nothing about an instance that had no time. */
  #resultOf(reply: Reply, timeoutMs: number): Result {
    const hadItsTime = timeoutMs >= this.#options.rules.requestTimeoutMs * LEAST_SHARE_TO_CHARGE;
    return reply.kind === "timeout" && !hadItsTime ? "nothing" : resultOf(reply);
  }

  #settle(ticket: Ticket, result: Result): void {
    const { ears, clock, service } = this.#options;
    const changes = this.tracker.settle(ticket, result, clock.now());
    this.#tellAll(changes);
    // Whoever is opened is asked to beat: a pause that is over already need not last until the next heartbeat.
    if (changes.some((change) => change.kind === "opened")) ears.publish(subjects.rollCallSubject(service), "");
  }

  // A heartbeat.

  #hear(message: Message): void {
    const { service, clock, tell } = this.#options;
    const incarnation = subjects.incarnationOf(service, message.subject);
    // Before the body is read: in a flood of new names that is most of what they cost.
    const isHeard = incarnation === undefined || this.tracker.knows(incarnation) || this.#newcomers.admit(clock.now());
    if (!isHeard) {
      tell({ kind: "crowded" });
      return;
    }
    const heard = this.#read(message, incarnation);
    if (heard.kind === "unreadable") {
      tell({ kind: "unreadable heartbeat", why: heard.why });
      return;
    }
    this.#tellAll(this.tracker.heard(heard.beat, clock.now()));
    this.#rollCall?.answered();
  }

  #read(message: Message, incarnation: string | undefined): ParsedHeartbeat {
    const { service } = this.#options;
    if (incarnation === undefined) return { kind: "unreadable", why: "its subject names no incarnation" };
    const decoded = decodeBody(message.body, LONGEST_HEARTBEAT_BYTES);
    if (decoded.kind === "unreadable") return decoded;
    const address = subjects.directSubject(service, incarnation);
    return parseHeartbeat(decoded.value, { service, incarnation, address });
  }

  // The bus.

  #afterBusStatus(status: BusStatus): void {
    this.#deafSince = undefined;
    this.#options.tell({ kind: "bus", status });
  }

  #afterEarsStatus(status: BusStatus): void {
    const { bus, clock } = this.#options;
    if (status === "connected") {
      this.tracker.busBack(clock.now());
      this.#tellDeafness();
      this.#callTheRoll();
    } else {
      this.tracker.busAway(clock.now());
      this.#rollCall?.over();
      if (bus.status === "connected") this.#deafSince = clock.now();
    }
  }

  #tellDeafness(): void {
    const { clock, tell } = this.#options;
    if (this.#deafSince !== undefined) tell({ kind: "deaf", deafMs: clock.now() - this.#deafSince });
    this.#deafSince = undefined;
  }

  #callTheRoll(): void {
    const { ears, clock, service } = this.#options;
    this.#rollCall?.over();
    // Calls wait for its answers only while nobody is known: later there is always somebody to ask.
    const someoneIsLive = this.tracker.live(clock.now()).length > 0;
    if (!someoneIsLive) this.#rollCall = startRollCall(clock, () => (this.#rollCall = undefined));
    // On the connection that will hear the answers: asked on another, they could come before it listens.
    ears.publish(subjects.rollCallSubject(service), "");
  }

  #tellAll(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#options.tell(change);
      if (change.kind === "lost" && change.why === "nobody answers there") this.#giveUpOn(change.who);
    }
  }

  /** Not before this turn's reading is done: its last answers may be among what was just read. */
  #giveUpOn({ incarnation }: Who): void {
    this.#options.clock.afterReading(() => this.#underway.giveUp(incarnation));
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#rollCall?.over();
  }
}
