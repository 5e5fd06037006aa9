// A tracker and its resolver for tests. The test gives every time as a number, and every event is kept as
// a few words, such as "opened 2 (request timed out)".

import { type PickOptions, type PickResult, Resolver } from "../../src/health/balancer.ts";
import type { Heartbeat } from "../../src/health/heartbeat.ts";
import type { HealthEvent, Member } from "../../src/health/member.ts";
import type { Result } from "../../src/health/result.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import { Tracker } from "../../src/health/tracker.ts";
import { type HealthRules, readSettings } from "../../src/settings.ts";

/** The default rules. */
export const DEFAULT_RULES: HealthRules = defaultRules();

function defaultRules(): HealthRules {
  const result = readSettings({ HOME: "/people/none" });
  if (result.kind === "refused") throw new Error(result.problems.join("; "));
  return result.settings.health;
}

/** A heartbeat of instance `instance`, whose incarnation is "1-a" for 1 unless the test says otherwise. */
export function beatOf(instance: number, over: Partial<Heartbeat> = {}): Heartbeat {
  const incarnation = over.incarnation ?? `${instance}-a`;
  return {
    service: "ratings",
    instance,
    incarnation,
    address: `ratings.get.${incarnation}`,
    seq: 0,
    intervalMs: DEFAULT_RULES.heartbeatIntervalMs,
    state: "up",
    operations: ["get"],
    version: "1.0.0",
    answersOnce: true,
    ...over,
  };
}

/** An event in words: its kind, the instance, and the reason, if it has one. */
export function eventText(change: HealthEvent): string {
  const { instance } = change.who;
  return "why" in change ? `${change.kind} ${instance} (${change.why})` : `${change.kind} ${instance}`;
}

export class HealthHarness {
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  /** Called with every event. */
  onEvent: (change: HealthEvent) => void = () => undefined;
  #events: string[] = [];
  #seq = 0;

  /** Without jitter by default. */
  constructor(rules: Partial<HealthRules> = {}, random: () => number = () => 0) {
    this.tracker = new Tracker({ ...DEFAULT_RULES, ...rules }, random);
    this.resolver = new Resolver(this.tracker);
  }

  /** The events since the last call. */
  takeEvents(): readonly string[] {
    const takeEvents = this.#events;
    this.#events = [];
    return takeEvents;
  }

  /** A heartbeat with the next higher sequence number. */
  beats(instance: number, now: number, over: Partial<Heartbeat> = {}): void {
    this.#seq += 1;
    this.#record(this.tracker.onHeartbeat(beatOf(instance, { seq: this.#seq, ...over }), now));
  }

  next(now: number, traits: PickOptions = {}): PickResult {
    const turn = this.resolver.next(now, traits);
    this.#record(turn.events);
    return turn;
  }

  /** The ticket of a call that the test knows to be possible. */
  ask(now: number, traits: PickOptions = {}): Ticket {
    const { call } = this.next(now, traits);
    if (call === undefined) throw new Error(`no instance takes a call at ${now}`);
    return call;
  }

  settle(ticket: Ticket, result: Result, now: number): void {
    this.#record(this.tracker.settle(ticket, result, now));
  }

  /** Makes `count` calls, each answered at once. @returns the numbers of the instances */
  turns(count: number, now: number): readonly number[] {
    return Array.from({ length: count }, () => {
      const ticket = this.ask(now);
      this.settle(ticket, "answered", now);
      return ticket.who.instance;
    });
  }

  /** One call to `instance` that times out at `now`. */
  hangs(instance: number, now: number): void {
    const { requestTimeoutMs } = DEFAULT_RULES;
    this.settle(this.ticketOf(instance, now - requestTimeoutMs), "timeout", now);
  }

  ticketOf(instance: number, now: number): Ticket {
    return this.tracker.admit(this.member(instance), now);
  }

  tick(now: number): void {
    this.#record(this.tracker.tick(now));
  }

  /** The one incarnation of `instance` that a test has. */
  member(instance: number): Member {
    const found = [...this.tracker.all()].find((member) => member.who.instance === instance);
    if (found === undefined) throw new Error(`instance ${instance} is not in the table`);
    return found;
  }

  breaker(instance: number): string {
    return this.member(instance).breaker.kind;
  }

  live(now: number): readonly number[] {
    return this.tracker.live(now).map((member) => member.who.instance);
  }

  #record(changes: readonly HealthEvent[]): void {
    this.#events.push(...changes.map(eventText));
    for (const change of changes) this.onEvent(change);
  }
}

/** A harness with these instances, each after its first heartbeat. */
export function harnessWith(...instances: readonly number[]): HealthHarness {
  const table = new HealthHarness();
  for (const instance of instances) table.beats(instance, 0);
  table.takeEvents();
  return table;
}
