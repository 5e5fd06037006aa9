// Replays a record with the same balancer: the same events at the same times with the same random numbers must lead to the
// same decisions. If they do not, record and code are of different versions, or the record was changed.

import { directSubject } from "../../bus/core/subjects.ts";
import { type Balancer, newBalancer, type PickOptions, type PickResult } from "../../health/balancer.ts";
import { DEFAULT_OPERATIONS } from "../../health/heartbeat.ts";
import type { HealthEvent, Member } from "../../health/member.ts";
import type { Ticket } from "../../health/ticket.ts";
import { DEFAULT_OPERATION } from "../../util/operation-name.ts";
import {
  type Entry,
  type EntryContext,
  type Header,
  type RecordedCheck,
  type RecordedHeartbeat,
  type RecordedOvertaking,
  type RecordedPick,
  type RecordedQuestion,
  type RecordedSettlement,
  type RecordedWarning,
  type RecordedWithdrawal,
  serializeChanges,
  serializePick,
} from "./entry.ts";

/** One replayed event, for display. */
export interface Replayed {
  readonly entry: Entry;
  /** Epoch ms by the clock of the Market that wrote the record. */
  readonly wallMs: number;
  readonly changes: readonly HealthEvent[];
  readonly pick?: PickResult;
  /** The number of the pick's call in the order of issue. */
  readonly callNumber?: number;
  /** The ticket that was settled. */
  readonly ticket?: Ticket;
}

export type ReplayOutcome =
  | { readonly kind: "same"; readonly replayed: Replayed }
  | { readonly kind: "diverged"; readonly why: string };

/** The last valid date: a hostile record must not cause a throw. */
const LAST_DATE_MS = 8_640_000_000_000_000;

type ReplayStep = Omit<Replayed, "entry" | "wallMs"> & { readonly decided?: unknown };

export class Replay {
  readonly #head: Header;
  readonly #balancer: Balancer;
  readonly #tickets = new Map<number, Ticket>();
  /** Those whose answers are still checked. */
  readonly #unchecked = new Map<number, Ticket>();
  #ticketCount = 0;
  #draws: readonly number[] = [];
  #drawn = 0;
  #at: number;
  #stalledMs = 0;
  #isOver = false;

  constructor(head: Header) {
    this.#head = head;
    this.#at = head.at;
    this.#balancer = newBalancer(head.service, head.rules, () => this.#draw());
  }

  /** Whether the record has reached its own end entry. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Replays the next entry. After a divergence all later results are meaningless. */
  run(entry: Entry): ReplayOutcome {
    const problem = this.#validate(entry);
    if (problem !== undefined) return { kind: "diverged", why: problem };
    if (entry.lastIdleTickAt !== undefined && !this.#isQuiet(entry.lastIdleTickAt))
      return diverged(`at ${entry.lastIdleTickAt} nothing was to be noticed, and now something is`);
    this.#at = entry.at;
    this.#draws = entry.randomDraws ?? [];
    this.#drawn = 0;
    const { decided, ...step } = this.#apply(entry);
    if (this.#drawn !== this.#draws.length)
      return diverged(`the record has ${this.#draws.length} random numbers for it, and now ${this.#drawn} were drawn`);
    if (!sameText(decided, entry.decided))
      return diverged(`recorded: ${inText(entry.decided)}; decided now: ${inText(decided)}`);
    return { kind: "same", replayed: { entry, wallMs: this.#wallMs(), ...step } };
  }

  /** @returns why the entry is impossible, whatever the balancer decides; undefined: it is possible */
  #validate(entry: Entry): string | undefined {
    if (this.#isOver) return "the record goes on after its end";
    const { at, lastIdleTickAt = at } = entry;
    if (at < lastIdleTickAt || lastIdleTickAt < this.#at) return "time runs backwards";
    const isOfTicket = entry.kind === "settled" || entry.kind === "overtaken";
    if (isOfTicket && !this.#tickets.has(entry.ticket))
      return `ticket ${entry.ticket} is not out: it was never issued, or its call has ended before`;
    if (entry.kind === "checked" && !this.#unchecked.has(entry.ticket))
      return `ticket ${entry.ticket} is not being checked`;
    const isOfMember = entry.kind === "asked" || entry.kind === "warned" || entry.kind === "withdrawn";
    if (isOfMember && this.#rowOf(entry) === undefined)
      return `${entry.incarnation} was ${entry.kind}, and is not known`;
    if (entry.kind === "end" && entry.known !== this.#balancer.tracker.size)
      return `recorded: ${entry.known} incarnations known; now: ${this.#balancer.tracker.size}`;
    return undefined;
  }

  #apply(entry: Entry): ReplayStep {
    const { tracker } = this.#balancer;
    switch (entry.kind) {
      case "heartbeat":
        return eventsResult(tracker.onHeartbeat(this.#heartbeatWithOrigin(entry), entry.at));
      case "picked":
        return this.#choose(entry);
      case "settled":
        return this.#settle(entry);
      case "checked":
        return this.#recordCheck(entry);
      case "overtaken":
        return this.#overtake(entry);
      case "asked":
        return this.#ask(entry);
      case "warned":
      case "withdrawn":
        return this.#warn(entry);
      case "late-check":
        return eventsResult(tracker.lateness.check(tracker.rotation.all(), entry.at, entry.upTo).events);
      case "tick":
        return eventsResult(tracker.tick(entry.at));
      case "disconnected":
        tracker.freezeLeases(entry.at);
        return NOTHING;
      case "reconnected":
        tracker.resumeLeases(entry.at);
        return NOTHING;
      case "stall":
        this.#stalledMs += entry.stalledMs;
        return NOTHING;
      case "end":
        this.#isOver = true;
        return NOTHING;
      case "bus":
        return NOTHING;
    }
  }

  #heartbeatWithOrigin({ beat }: RecordedHeartbeat): Parameters<Balancer["tracker"]["onHeartbeat"]>[0] {
    const { service } = this.#head;
    return { operations: DEFAULT_OPERATIONS, ...beat, service, address: directSubject(service, beat.incarnation) };
  }

  #choose({ at, operation, timeoutMs, excluded, ...rest }: RecordedPick & EntryContext): ReplayStep {
    const { idempotent, deprioritized, isHedge } = rest;
    const options: PickOptions = {
      operation: operation ?? DEFAULT_OPERATION,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(excluded !== undefined && { excluded: new Set(excluded) }),
      ...(idempotent !== undefined && { idempotent }),
      ...(deprioritized !== undefined && { deprioritized: new Set(deprioritized) }),
      ...(isHedge !== undefined && { isHedge }),
    };
    const pick = this.#balancer.resolver.next(at, options);
    const decided = serializePick(pick, (ticket) => this.#registerTicket(ticket));
    return { changes: pick.events, pick, decided, ...(decided.call !== null && { callNumber: decided.call[0] }) };
  }

  #registerTicket(ticket: Ticket): number {
    this.#ticketCount += 1;
    this.#tickets.set(this.#ticketCount, ticket);
    return this.#ticketCount;
  }

  #settle({ at, ticket: number, result }: RecordedSettlement & EntryContext): ReplayStep {
    const ticket = this.#tickets.get(number);
    if (ticket === undefined) throw new Error(`replay: ticket ${number} is not out`);
    this.#tickets.delete(number);
    if (result === "unchecked") this.#unchecked.set(number, ticket);
    return { ...eventsResult(this.#balancer.tracker.settle(ticket, result, at)), ticket };
  }

  #recordCheck({ at, ticket: number, result }: RecordedCheck & EntryContext): ReplayStep {
    const ticket = this.#unchecked.get(number);
    if (ticket === undefined) throw new Error(`replay: ticket ${number} is not checked`);
    this.#unchecked.delete(number);
    this.#balancer.tracker.recordCheck(ticket, result, at);
    return { ...NOTHING, ticket };
  }

  #overtake({ at, ticket: number }: RecordedOvertaking & EntryContext): ReplayStep {
    const ticket = this.#tickets.get(number);
    if (ticket === undefined) throw new Error(`replay: ticket ${number} is not out`);
    return { ...eventsResult(this.#balancer.tracker.lateness.overtaken(ticket, at)), ticket };
  }

  /** An evicted row is that of a call that is in flight. */
  #rowOf(entry: RecordedQuestion | RecordedWarning | RecordedWithdrawal): Member | undefined {
    const { incarnation } = entry;
    if (entry.kind !== "asked" || entry.isEvicted !== true) return this.#balancer.tracker.find(incarnation);
    const tickets = [...this.#tickets.values()];
    return tickets.find(({ member, who }) => member.evicted && who.incarnation === incarnation)?.member;
  }

  /** If no ticket is issued now, its settlement has none, and is the divergence. */
  #ask(entry: RecordedQuestion & EntryContext): ReplayStep {
    const { lateness } = this.#balancer.tracker;
    const member = this.#rowOf(entry);
    const ticket = member === undefined ? undefined : lateness.ask(member, entry.at, entry.atOnce);
    if (ticket === undefined) return NOTHING;
    this.#registerTicket(ticket);
    return { ...NOTHING, ticket };
  }

  /** `#validate` has found the member. */
  #warn(entry: (RecordedWarning | RecordedWithdrawal) & EntryContext): ReplayStep {
    const { tracker } = this.#balancer;
    const member = tracker.find(entry.incarnation);
    if (member === undefined) throw new Error(`replay: ${entry.incarnation} is not known`);
    const { warnings } = tracker.lateness;
    if (entry.kind === "withdrawn") return eventsResult(warnings.withdraw(member, entry.sender, entry.at));
    const { sender, by, quietMs } = entry;
    return eventsResult(warnings.receive(member, { sender, by, quietMs }, entry.at));
  }

  /** A tick that changed nothing when it was recorded must change nothing now. */
  #isQuiet(at: number): boolean {
    const { tracker } = this.#balancer;
    const sizeBefore = tracker.size;
    return tracker.tick(at).length === 0 && tracker.size === sizeBefore;
  }

  /** Beyond the recorded numbers any value will do: the extra draw is a divergence already. */
  #draw(): number {
    const draw = this.#draws[this.#drawn] ?? 0;
    this.#drawn += 1;
    return draw;
  }

  /** Wall time includes the stalls of the process, running time does not. */
  #wallMs(): number {
    return Math.min(LAST_DATE_MS, this.#head.wallMs + (this.#at - this.#head.at) + this.#stalledMs);
  }
}

const NOTHING: ReplayStep = { changes: [] };

const eventsResult = (changes: readonly HealthEvent[]): ReplayStep => ({ changes, decided: serializeChanges(changes) });

const inText = (decided: unknown): string => (decided === undefined ? "nothing" : JSON.stringify(decided));
const sameText = (a: unknown, b: unknown): boolean => inText(a) === inText(b);

const diverged = (why: string): ReplayOutcome => ({ kind: "diverged", why });
