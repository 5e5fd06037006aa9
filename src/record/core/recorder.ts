// A balancer that records its inputs and its decisions. It decides nothing itself: every event goes through the standard
// tracker and resolver, and one line is made of the input and the output. Its only output is the given `write`.
//
// Messages that never reach the balancer are not recorded, because any client can send them at any rate: unreadable
// heartbeats, and newcomers above the limit.

import { type BalancerFactory, type PickOptions, type PickResult, Resolver } from "../../health/balancer.ts";
import type { Random } from "../../health/breaker.ts";
import { areDefault, type Heartbeat } from "../../health/heartbeat.ts";
import { type LateCheck, Lateness } from "../../health/lateness.ts";
import type { HealthEvent, Member } from "../../health/member.ts";
import type { Result } from "../../health/result.ts";
import type { Ticket } from "../../health/ticket.ts";
import { Tracker } from "../../health/tracker.ts";
import { type ReceivedWarning, Warnings } from "../../health/warnings.ts";
import type { HealthRules } from "../../settings.ts";
import { DEFAULT_OPERATION } from "../../util/operation-name.ts";
import {
  FORMAT,
  FORMAT_VERSION,
  type Header,
  type RecordedEvent,
  serializeChanges,
  serializePick,
  type WhyEnded,
} from "./entry.ts";

/** The start of a record, by both clocks. */
export type Moment = Pick<Header, "at" | "wallMs">;

export class Recorder {
  readonly #write: (line: string) => void;
  readonly #numbers = new WeakMap<Ticket, number>();
  #ticketCount = 0;
  #draws: number[] = [];
  #lastIdleTickAt: number | undefined;
  #tracker: Tracker | undefined;

  /** @param write receives one line, without its newline */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Creates the one balancer of this recorder. */
  open(start: Moment, ...[service, rules, random]: Parameters<BalancerFactory>): ReturnType<BalancerFactory> {
    const { at, wallMs } = start;
    const head: Header = { format: FORMAT, formatVersion: FORMAT_VERSION, service, wallMs, at, rules };
    this.#write(JSON.stringify(head));
    const drawn: Random = () => {
      const draw = random();
      this.#draws.push(draw);
      return draw;
    };
    const tracker = new RecordedTracker(this, rules, drawn);
    this.#tracker = tracker;
    return { tracker, resolver: new RecordedResolver(this, tracker) };
  }

  /** This process did not run for that time. */
  stalled(stalledMs: number, at: number): void {
    this.record({ kind: "stall", stalledMs }, at);
  }

  bus(status: "connected" | "disconnected" | "closed", at: number): void {
    this.record({ kind: "bus", status }, at);
  }

  end(why: WhyEnded, at: number): void {
    this.record({ kind: "end", why, known: this.#tracker?.size ?? 0 }, at);
  }

  record(event: RecordedEvent, at: number, decided?: unknown): void {
    // Events before the balancer exists are not part of its record.
    if (this.#tracker === undefined) return;
    const { kind, ...rest } = event;
    const line = {
      ...{ at, kind },
      ...rest,
      ...(this.#lastIdleTickAt !== undefined && { lastIdleTickAt: this.#lastIdleTickAt }),
      ...(this.#draws.length > 0 && { randomDraws: this.#draws }),
      ...(decided !== undefined && { decided }),
    };
    if (this.#draws.length > 0) this.#draws = [];
    this.#lastIdleTickAt = undefined;
    this.#write(JSON.stringify(line));
  }

  /** A tick changed nothing. Only the time of the last such tick is recorded. */
  idleTick(at: number): void {
    this.#lastIdleTickAt = at;
  }

  /** Numbers the next ticket that is issued. */
  registerTicket(ticket: Ticket): number {
    this.#ticketCount += 1;
    this.#numbers.set(ticket, this.#ticketCount);
    return this.#ticketCount;
  }

  numberOf(ticket: Ticket): number {
    const number = this.#numbers.get(ticket);
    if (number === undefined) throw new Error(`record: a ticket for ${ticket.who.incarnation} was never issued`);
    return number;
  }
}

class RecordedTracker extends Tracker {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder, rules: HealthRules, random: Random) {
    super(rules, random, new RecordedLateness(recorder, rules));
    this.#recorder = recorder;
  }

  override onHeartbeat(heartbeat: Heartbeat, now: number): readonly HealthEvent[] {
    const changes = super.onHeartbeat(heartbeat, now);
    const { service: _service, address: _address, operations, ...rest } = heartbeat;
    const beat = areDefault(operations) ? rest : { ...rest, operations };
    this.#recorder.record({ kind: "heartbeat", beat }, now, serializeChanges(changes));
    return changes;
  }

  override settle(ticket: Ticket, result: Result, now: number): readonly HealthEvent[] {
    const changes = super.settle(ticket, result, now);
    const number = this.#recorder.numberOf(ticket);
    this.#recorder.record({ kind: "settled", ticket: number, result }, now, serializeChanges(changes));
    return changes;
  }

  override recordCheck(ticket: Ticket, result: "answered" | "invalid", now: number): void {
    super.recordCheck(ticket, result, now);
    this.#recorder.record({ kind: "checked", ticket: this.#recorder.numberOf(ticket), result }, now);
  }

  override freezeLeases(now: number): void {
    super.freezeLeases(now);
    this.#recorder.record({ kind: "disconnected" }, now);
  }

  override resumeLeases(now: number): void {
    super.resumeLeases(now);
    this.#recorder.record({ kind: "reconnected" }, now);
  }

  override tick(now: number): readonly HealthEvent[] {
    const sizeBefore = this.size;
    const changes = super.tick(now);
    // An eviction changes the size and emits no event.
    if (changes.length === 0 && this.size === sizeBefore) this.#recorder.idleTick(now);
    else this.#recorder.record({ kind: "tick" }, now, serializeChanges(changes));
    return changes;
  }
}

class RecordedLateness extends Lateness {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder, rules: HealthRules) {
    super(rules, new RecordedWarnings(recorder));
    this.#recorder = recorder;
  }

  override check(members: Iterable<Member>, now: number, upTo = now): LateCheck {
    const check = super.check(members, now, upTo);
    const looked = { kind: "late-check", ...(upTo !== now && { upTo }) } as const;
    // One that finds nothing changes nothing.
    if (check.events.length > 0) this.#recorder.record(looked, now, serializeChanges(check.events));
    return check;
  }

  override overtaken(ticket: Ticket, now: number): readonly HealthEvent[] {
    const changes = super.overtaken(ticket, now);
    const number = this.#recorder.numberOf(ticket);
    this.#recorder.record({ kind: "overtaken", ticket: number }, now, serializeChanges(changes));
    return changes;
  }

  override ask(member: Member, now: number, atOnce = false): Ticket | undefined {
    const ticket = super.ask(member, now, atOnce);
    if (ticket === undefined) return undefined;
    this.#recorder.registerTicket(ticket);
    const { incarnation } = member.who;
    const options = { ...(atOnce && { atOnce }), ...(member.evicted && { isEvicted: true as const }) };
    this.#recorder.record({ kind: "asked", incarnation, ...options }, now);
    return ticket;
  }
}

class RecordedWarnings extends Warnings {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    super();
    this.#recorder = recorder;
  }

  /** One that does not count is not recorded: any caller may send as many as it likes. */
  override receive(member: Member, warning: ReceivedWarning, now: number): readonly HealthEvent[] {
    const before = member.warning;
    const changes = super.receive(member, warning, now);
    const { incarnation } = member.who;
    if (member.warning !== before)
      this.#recorder.record({ kind: "warned", incarnation, ...warning }, now, serializeChanges(changes));
    return changes;
  }

  override withdraw(member: Member, sender: string, now: number): readonly HealthEvent[] {
    const before = member.warning;
    const changes = super.withdraw(member, sender, now);
    const { incarnation } = member.who;
    if (member.warning !== before)
      this.#recorder.record({ kind: "withdrawn", incarnation, sender }, now, serializeChanges(changes));
    return changes;
  }
}

class RecordedResolver extends Resolver {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder, tracker: Tracker) {
    super(tracker);
    this.#recorder = recorder;
  }

  override next(now: number, options: PickOptions = {}): PickResult {
    const pick = super.next(now, options);
    const { operation, timeoutMs, excluded, idempotent, deprioritized, isHedge } = options;
    const decided = serializePick(pick, (ticket) => this.#recorder.registerTicket(ticket));
    const picked = {
      kind: "picked",
      ...(operation !== undefined && operation !== DEFAULT_OPERATION && { operation }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(excluded !== undefined && excluded.size > 0 && { excluded: [...excluded.keys()] }),
      ...(idempotent === false && { idempotent }),
      ...(deprioritized !== undefined && deprioritized.size > 0 && { deprioritized: [...deprioritized.keys()] }),
      ...(isHedge === true && { isHedge }),
    } as const;
    this.#recorder.record(picked, now, decided);
    return pick;
  }
}
