// Observes one Market: passes each choice, ticket, result and event to the checks. It wraps the methods of that
// Market's own tracker, resolver and bus without changing them.

import type { Headers } from "../../src/bus/core/headers.ts";
import type { Incarnations } from "../../src/health/balancer.ts";
import type { HealthEvent, Member } from "../../src/health/member.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import type { PageRatings } from "../../src/market/ratings/rate-page.ts";
import type { AskOptions } from "../../src/service/client.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { failedWhy, type Outcome, unsent } from "../../src/service/outcome.ts";
import { defaultHealthRules, type HealthRules } from "../../src/settings.ts";
import { eventText } from "../support/health-harness.ts";
import type { InstanceProcess, MarketProcess } from "./actors.ts";
import { BeliefChecks } from "./belief-checks.ts";
import { CallChecks } from "./call-checks.ts";
import type { CarelessCall } from "./careless.ts";
import { DeathChecks } from "./death-checks.ts";
import { ExplainChecks } from "./explain-checks.ts";
import { FaultChecks } from "./fault-checks.ts";
import { LatenessChecks } from "./lateness-checks.ts";
import { LocalChecks } from "./local-checks.ts";
import { PageChecks } from "./page-checks.ts";
import { RetestChecks } from "./retest-checks.ts";
import { rulesOf } from "./script.ts";
import { SecondChecks } from "./second-checks.ts";
import { StateChecks } from "./state-checks.ts";
import { TurnChecks } from "./turn-checks.ts";
import type { Call, Check, View } from "./view.ts";
import { WarningChecks } from "./warning-checks.ts";
import type { World } from "./world.ts";

interface SentAs {
  readonly isRetest: boolean;
  readonly now: number;
  readonly timeoutMs: number | undefined;
}

export class Observer implements View {
  readonly world: World;
  readonly market: MarketProcess;
  readonly rules: HealthRules;
  readonly calls = new Map<Ticket, Call>();
  readonly #checks: readonly Check[];
  readonly #state: StateChecks;
  readonly #callChecks: CallChecks;
  readonly #seconds: SecondChecks;
  readonly #turns: TurnChecks;
  readonly #explained: ExplainChecks;
  readonly #local: LocalChecks;
  readonly #pages: PageChecks;
  readonly #beliefs: BeliefChecks;
  readonly #lateness: LatenessChecks;
  readonly #warnings: WarningChecks;
  /** Tickets of the messages that ask a late instance if it is there: they are no calls. */
  readonly #questions = new Set<Ticket>();
  /** Tickets whose request has not been sent yet, in order. */
  #unsent: Call[] = [];
  readonly #byReplyTo = new Map<string, Call>();
  /** The address that each reply subject has served, of all connections of this market. */
  readonly #servedBy = new Map<string, string>();

  constructor(world: World, market: MarketProcess) {
    this.world = world;
    this.market = market;
    this.rules = { ...defaultHealthRules(), ...rulesOf(world.script) };
    this.#state = new StateChecks(this);
    this.#callChecks = new CallChecks(this);
    this.#seconds = new SecondChecks(this);
    this.#lateness = new LatenessChecks(this, (incarnation) => this.#state.eraOf(incarnation));
    this.#warnings = new WarningChecks(this, (call) => this.#lateness.typicalMs(call));
    const isPassedOver = (incarnation: string, now: number, tried?: Incarnations): boolean =>
      this.#lateness.isLate(incarnation) || this.#warnings.isPassedOver(incarnation, now, tried);
    this.#turns = new TurnChecks(this, isPassedOver);
    this.#explained = new ExplainChecks(this);
    this.#local = new LocalChecks(this);
    this.#pages = new PageChecks(this);
    this.#beliefs = new BeliefChecks(this);
    this.#checks = [
      this.#state,
      this.#explained,
      this.#callChecks,
      this.#seconds,
      new RetestChecks(this),
      new DeathChecks(this),
      this.#lateness,
      this.#warnings,
      this.#turns,
      new FaultChecks(this),
      this.#local,
      this.#pages,
    ];
    this.#listenToTracker();
    this.#listenToResolver();
    this.#listenToBus();
  }

  member(incarnation: string): Member | undefined {
    for (const member of this.market.client.tracker.all()) if (member.who.incarnation === incarnation) return member;
    return undefined;
  }

  // As a client, for the pages.

  ready(): Promise<void> {
    return this.market.client.ready();
  }

  async ask(request: object, options: AskOptions = {}): Promise<Outcome> {
    const asked = { request, options, atMs: this.world.timeline.now, at: this.market.host.now() };
    this.world.calls += 1;
    for (const check of this.#checks) check.asked?.(asked);
    const marked = this.#seconds.marked(request, options);
    const answer = await this.#answerOf(marked, options);
    this.#seconds.singleEnded(marked, answer);
    this.world.note(() => `${this.market.host.name} ${answer.kind === "unanswered" ? answer.reason : answer.kind}`);
    for (const check of this.#checks) check.answered?.(asked, answer);
    return answer;
  }

  async #answerOf(request: object, options: AskOptions): Promise<Outcome> {
    try {
      return await this.market.client.ask(request, options);
    } catch (error) {
      this.#local.rejected(error);
      return unsent(failedWhy("the call failed in its own process", String(error)));
    }
  }

  /** Asks as the market's own careless code does. */
  async askCarelessly(call: CarelessCall): Promise<void> {
    this.#local.carelessEnded(call, await this.ask(call.request, call.options));
  }

  shown(page: PageRatings): void {
    this.#pages.shown(page);
  }

  // Events of the simulation.

  onEvent(event: ClientEvent): void {
    if (!("who" in event) || event.kind === "using" || event.kind === "invalid-response" || event.kind === "faults")
      return;
    if (event.kind === "hedging") {
      this.#hedging(event);
      return;
    }
    this.world.note(() => `${this.market.host.name} ${eventText(event)} [${event.who.incarnation}]`);
    for (const check of this.#checks) check.onEvent?.(event, this.market.host.now());
  }

  #hedging(event: Extract<ClientEvent, { kind: "hedging" }>): void {
    const { who, late, afterMs } = event;
    const spent = `${late.incarnation} is late by ${Math.round(afterMs)} ms`;
    this.world.note(() => `${this.market.host.name} asks ${who.incarnation} too, as ${spent}`);
    this.#seconds.hedging(event, this.market.host.now());
  }

  handled(process: InstanceProcess, request: unknown, headers: Headers): void {
    this.#callChecks.handled(process, headers);
    this.#seconds.handled(process, request);
  }

  atTheEnd(): void {
    for (const check of this.#checks) check.atTheEnd?.(this.market.host.now());
  }

  // Listening.

  #listenToTracker(): void {
    const { tracker } = this.market.client;
    const admit = tracker.admit.bind(tracker);
    tracker.admit = (member, now, timeoutMs, operation) =>
      this.#sent(admit(member, now, timeoutMs, operation), { isRetest: false, now, timeoutMs });
    const admitRetest = tracker.admitRetest.bind(tracker);
    tracker.admitRetest = (member, now, timeoutMs, operation) => {
      const { breaker } = member;
      const admitted = admitRetest(member, now, timeoutMs, operation);
      if (breaker.kind === "open") this.#beliefs.retested(member, now, breaker.retestAt, admitted?.events ?? []);
      if (admitted !== undefined) {
        this.#state.noteKind(member);
        this.#sent(admitted.ticket, { isRetest: true, now, timeoutMs });
      }
      return admitted;
    };
    const ask = tracker.lateness.ask.bind(tracker.lateness);
    tracker.lateness.ask = (member, now) => {
      const ticket = ask(member, now);
      if (ticket === undefined) return undefined;
      this.#questions.add(ticket);
      this.#beliefs.asked(ticket);
      return ticket;
    };
    const settle = tracker.settle.bind(tracker);
    tracker.settle = (ticket, result, now) => {
      const call = this.calls.get(ticket);
      const before = this.#state.generationOf(ticket.who.incarnation);
      const changes = settle(ticket, result, now);
      this.#beliefs.settled(ticket, result, now, changes);
      const after = this.#state.noteKind(this.member(ticket.who.incarnation));
      this.calls.delete(ticket);
      if (call === undefined) {
        if (!this.#questions.delete(ticket)) this.#local.settledTwice(ticket);
        return changes;
      }
      if (call.replyTo !== undefined) this.#byReplyTo.delete(call.replyTo);
      const settled = { call, result, changes, generations: [before, after ?? before] as const, now };
      for (const check of this.#checks) check.settled?.(settled);
      return changes;
    };
    const original = tracker.onHeartbeat.bind(tracker);
    tracker.onHeartbeat = (beat, now) => {
      const changes = original(beat, now);
      this.#beliefs.onHeartbeat(beat, now, changes);
      this.#state.noteKind(this.member(beat.incarnation));
      return changes;
    };
    const tick = tracker.tick.bind(tracker);
    tracker.tick = (now) => this.#ticked(tick(now), now);
    const busAway = tracker.freezeLeases.bind(tracker);
    tracker.freezeLeases = (now) => [busAway(now), this.#beliefs.away(now)][0];
    const busBack = tracker.resumeLeases.bind(tracker);
    tracker.resumeLeases = (now) => [busBack(now), this.#beliefs.back(now)][0];
  }

  #ticked(changes: readonly HealthEvent[], now: number): readonly HealthEvent[] {
    this.#beliefs.ticked(now, changes);
    for (const member of this.market.client.tracker.all()) this.#state.noteKind(member);
    for (const check of this.#checks) check.audit?.(now);
    return changes;
  }

  #sent(ticket: Ticket, { isRetest, now, timeoutMs }: SentAs): Ticket {
    this.#lateness.admitted(ticket, timeoutMs);
    const call: Call = {
      ticket,
      isRetest,
      generation: this.#state.generationOf(ticket.who.incarnation),
      sentAtMs: this.world.timeline.now,
      repliedAtMs: undefined,
      replyTo: undefined,
      isRepeatable: false,
    };
    this.calls.set(ticket, call);
    this.#beliefs.sent(ticket, now);
    this.#unsent.push(call);
    for (const check of this.#checks) check.sent?.(call, now);
    return ticket;
  }

  #listenToResolver(): void {
    const { resolver } = this.market.client;
    const next = resolver.next.bind(resolver);
    resolver.next = (now, traits = {}) => {
      const seen = this.#state.lookFirst(now, traits);
      // Only a retest needs to know of healthy alternatives, and the scan costs as much as the choice.
      const isRetesting = seen.retests.length > 0 || seen.call?.breaker.kind === "open";
      const hadHealthy = isRetesting && resolver.peek(now, { ...traits, idempotent: true }).call !== undefined;
      const eligible = this.#turns.eligible(now, traits);
      this.#explained.saysFirst(now, traits);
      const turn = next(now, traits);
      for (const check of this.#checks) check.made?.({ turn, seen, traits, now, hadHealthy, eligible });
      return turn;
    };
  }

  #listenToBus(): void {
    const { bus } = this.market;
    const call = bus.call.bind(bus);
    bus.call = (subject, body, options, ended) => {
      const sent = this.#unsent.find(({ ticket }) => ticket.who.address === subject);
      this.#unsent = this.#unsent.filter((other) => other !== sent);
      bus.nextReplyTo = undefined;
      const replyTo = call(subject, body, options, (reply) => {
        if (sent === undefined) ended(reply);
        else this.#local.ended(sent, reply, () => ended(reply));
      });
      this.#replyIsOf(subject, bus.nextReplyTo);
      if (sent === undefined) return replyTo;
      sent.replyTo = bus.nextReplyTo;
      sent.isRepeatable = options.notIdempotent !== true;
      if (sent.replyTo !== undefined) this.#byReplyTo.set(sent.replyTo, sent);
      return replyTo;
    };
    bus.arrived = (subject) => {
      const call = this.#byReplyTo.get(subject);
      if (call !== undefined) call.repliedAtMs ??= this.world.timeline.now;
    };
  }

  /** A reply subject names the called service, and never serves a second address. */
  #replyIsOf(subject: string, replyTo: string | undefined): void {
    if (replyTo === undefined) return;
    const before = this.#servedBy.get(replyTo) ?? subject;
    this.#servedBy.set(replyTo, subject);
    if (before !== subject) this.world.breaks("P18", `${replyTo} served ${before}, and now ${subject}`);
    if (replyTo.split(".")[1] !== subject.split(".")[0])
      this.world.breaks("P18", `${replyTo} is where ${subject} is to answer`);
  }
}
