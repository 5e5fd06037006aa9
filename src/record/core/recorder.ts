// A core that writes down what it is asked and what it answers. It decides nothing itself: every event goes through the
// usual tracker and resolver, and one line is made of what went in and what came out. It calls only the `write` it is given.
//
// What anybody can send at any rate and the core never sees (unreadable heartbeats, strangers in a crowd) is not written.

import { type BalancerFactory, type PickOptions, type PickResult, Resolver } from "../../health/balancer.ts";
import type { Random } from "../../health/breaker.ts";
import type { Heartbeat } from "../../health/heartbeat.ts";
import type { HealthEvent } from "../../health/member.ts";
import { type Result, type Ticket, Tracker } from "../../health/tracker.ts";
import type { HealthRules } from "../../settings.ts";
import {
  FORMAT,
  FORMAT_VERSION,
  type Header,
  type RecordedEvent,
  serializeChanges,
  serializePick,
  type WhyEnded,
} from "./entry.ts";

/** The moment at which a record begins, by both clocks. */
export type Moment = Pick<Header, "at" | "wallMs">;

export class Recorder {
  readonly #write: (line: string) => void;
  readonly #numbers = new WeakMap<Ticket, number>();
  #ticketCount = 0;
  #draws: number[] = [];
  #quietAt: number | undefined;
  #tracker: Tracker | undefined;

  /** @param write takes one line without its end */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Opens the one core that this recorder writes of. */
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

  /** Our own process did not run. */
  stalled(stalledMs: number, at: number): void {
    this.record({ kind: "stall", stalledMs }, at);
  }

  bus(status: "connected" | "away" | "closed", at: number): void {
    this.record({ kind: "bus", status }, at);
  }

  end(why: WhyEnded, at: number): void {
    this.record({ kind: "end", why, known: this.#tracker?.size ?? 0 }, at);
  }

  record(event: RecordedEvent, at: number, decided?: unknown): void {
    // What happens before there is a core is no part of its record.
    if (this.#tracker === undefined) return;
    const { kind, ...rest } = event;
    const line = {
      ...{ at, kind },
      ...rest,
      ...(this.#quietAt !== undefined && { quietAt: this.#quietAt }),
      ...(this.#draws.length > 0 && { draws: this.#draws }),
      ...(decided !== undefined && { decided }),
    };
    if (this.#draws.length > 0) this.#draws = [];
    this.#quietAt = undefined;
    this.#write(JSON.stringify(line));
  }

  /** Time was looked at, and nothing was noticed: nothing has changed, so only the last such look has to be known. */
  idleTick(at: number): void {
    this.#quietAt = at;
  }

  /** The next ticket is handed out. */
  registerTicket(ticket: Ticket): number {
    this.#ticketCount += 1;
    this.#numbers.set(ticket, this.#ticketCount);
    return this.#ticketCount;
  }

  numberOf(ticket: Ticket): number {
    const number = this.#numbers.get(ticket);
    if (number === undefined) throw new Error(`record: a ticket for ${ticket.who.incarnation} was never handed out`);
    return number;
  }
}

class RecordedTracker extends Tracker {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder, rules: HealthRules, random: Random) {
    super(rules, random);
    this.#recorder = recorder;
  }

  override onHeartbeat(heartbeat: Heartbeat, now: number): readonly HealthEvent[] {
    const changes = super.onHeartbeat(heartbeat, now);
    const { service: _service, address: _address, ...beat } = heartbeat;
    this.#recorder.record({ kind: "heard", beat }, now, serializeChanges(changes));
    return changes;
  }

  override settle(ticket: Ticket, result: Result, now: number): readonly HealthEvent[] {
    const changes = super.settle(ticket, result, now);
    const number = this.#recorder.numberOf(ticket);
    this.#recorder.record({ kind: "settled", ticket: number, result }, now, serializeChanges(changes));
    return changes;
  }

  override freezeLeases(now: number): void {
    super.freezeLeases(now);
    this.#recorder.record({ kind: "away" }, now);
  }

  override resumeLeases(now: number): void {
    super.resumeLeases(now);
    this.#recorder.record({ kind: "back" }, now);
  }

  override tick(now: number): readonly HealthEvent[] {
    const sizeBefore = this.size;
    const changes = super.tick(now);
    // One that is forgotten goes without a word.
    if (changes.length === 0 && this.size === sizeBefore) this.#recorder.idleTick(now);
    else this.#recorder.record({ kind: "tick" }, now, serializeChanges(changes));
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
    const { excluded: tried, repeatable, deprioritized: slow, isHedge: second } = options;
    const decided = serializePick(pick, (ticket) => this.#recorder.registerTicket(ticket));
    const chosen = {
      kind: "chosen",
      ...(tried !== undefined && tried.size > 0 && { tried: [...tried] }),
      ...(repeatable === false && { repeatable }),
      ...(slow !== undefined && slow.size > 0 && { slow: [...slow.keys()] }),
      ...(second === true && { second }),
    } as const;
    this.#recorder.record(chosen, now, decided);
    return pick;
  }
}
