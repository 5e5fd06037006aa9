// P16 and P17: the calls that may reach two instances, and their limit.

import type { HealthEvent } from "../../src/health/member.ts";
import type { Result } from "../../src/health/result.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import type { AskOptions } from "../../src/service/client.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import type { InstanceProcess } from "./actors.ts";
import type { Call, Check, Made, Settled, View } from "./view.ts";

/** As README promises it: of twenty calls one, and eight more at the start. */
const EARNED_PER_CALL = 1 / 20;
const AT_START = 8;
/** Sums of twentieths are not exact. */
const ROUNDING = 1e-6;
/** A bus that was late is doubted until a ping has come back, also by a call that was sent just after: one each half second. */
const DOUBTED_MS = 520;
/** A call that had less of the timeout than this is charged to no instance. */
const MIN_SHARE_TO_ATTRIBUTE = 0.9;

const ANSWERS: readonly Result[] = ["answered", "invalid", "rejected", "overloaded", "unchecked"];

type Hedging = Extract<ClientEvent, { kind: "hedging" }>;

/** A late call, as far as an observer can know: one of those sent to it at that time. */
interface Late {
  readonly incarnation: string;
  readonly suspects: readonly Ticket[];
  readonly second: Ticket;
  isOvertaken: boolean;
}

export class SecondChecks implements Check {
  readonly #view: View;
  #singles = 0;
  readonly #handledBy = new Map<string, string>();
  #calls = 0;
  #seconds = 0;
  #lastSecond: Ticket | undefined;
  /** When the breaker of an incarnation last changed. */
  readonly #changedAt = new Map<string, number>();
  #late: readonly Late[] = [];
  readonly #hedged = new Set<Ticket>();

  constructor(view: View) {
    this.#view = view;
  }

  // P16.

  /** The request, with a mark by which the simulation recognizes it if it is not idempotent. */
  marked(request: object, { idempotent }: AskOptions): object {
    if (idempotent !== false) return request;
    this.#singles += 1;
    return { ...request, single: `${this.#view.market.host.name}-${this.#singles}` };
  }

  handled({ incarnation }: InstanceProcess, request: unknown): void {
    const { single } = Object(request) as { single?: string };
    if (single === undefined || !single.startsWith(`${this.#view.market.host.name}-`)) return;
    const first = this.#handledBy.get(single);
    if (first !== undefined)
      this.#view.world.breaks("P16", `a call that must not be repeated reached ${first} and ${incarnation}`);
    this.#handledBy.set(single, incarnation);
  }

  /** The instance named in the answer to such a call is the one that received it. */
  singleEnded(request: object, answer: Outcome): void {
    const { single } = request as { single?: string };
    if (single === undefined || answer.kind !== "ok") return;
    const by = this.#handledBy.get(single);
    if (by !== answer.instance.incarnation)
      this.#view.world.breaks("P16", `${answer.instance.incarnation} is said to have answered what ${by} was asked`);
  }

  // P17.

  made({ turn, traits, eligible }: Made): void {
    const { call } = turn;
    if (call === undefined) return;
    if (traits.isHedge === true) this.#secondMade(call);
    else {
      if (traits.idempotent !== false) this.#calls += 1;
      this.#spared(call, eligible);
    }
  }

  #secondMade(call: Ticket): void {
    this.#seconds += 1;
    this.#lastSecond = call;
    if (this.#seconds > AT_START + this.#calls * EARNED_PER_CALL + ROUNDING)
      this.#breaks(`${this.#seconds} of ${this.#calls} calls were sent twice`);
  }

  /** An instance that lost to a hedge gets no new call while others are healthy, until it answers any call. */
  #spared({ who }: Ticket, eligible: readonly string[]): void {
    const others = eligible.filter((incarnation) => !this.#isOvertaken(incarnation));
    if (others.length > 0 && this.#isOvertaken(who.incarnation))
      this.#breaks(`${who.incarnation} is late and was asked again, and ${others.join()} might have been`);
  }

  #isOvertaken(incarnation: string): boolean {
    return this.#late.some((late) => late.isOvertaken && late.incarnation === incarnation);
  }

  hedging({ who, late, afterMs }: Hedging, now: number): void {
    const { incarnation } = late;
    if (!this.#view.world.script.hedge) this.#breaks("a call was sent twice, with hedging off");
    if (who.incarnation === incarnation) this.#breaks(`a call was sent to ${incarnation} twice`);
    const sentAt = now - afterMs;
    const suspects = [...this.#view.calls.values()].filter(
      ({ ticket, isRetest }) => !isRetest && ticket.who.incarnation === incarnation && isSame(ticket.sentAt, sentAt),
    );
    for (const { ticket } of suspects) this.#hedged.add(ticket);
    if (this.#lastSecond === undefined || sentAt < (this.#changedAt.get(incarnation) ?? 0)) return;
    const tickets = suspects.map(({ ticket }) => ticket);
    this.#late = [...this.#late, { incarnation, suspects: tickets, second: this.#lastSecond, isOvertaken: false }];
  }

  /** What was sent before its breaker changed, or before it was lost, makes no instance late. */
  onEvent({ kind, who }: HealthEvent): void {
    if (kind !== "opened" && kind !== "closed" && kind !== "returned") return;
    this.#changedAt.set(who.incarnation, this.#view.market.host.now());
    this.#late = this.#late.filter(({ incarnation }) => incarnation !== who.incarnation);
  }

  settled({ call, result, now }: Settled): void {
    for (const late of this.#late) if (late.second === call.ticket) late.isOvertaken = result === "answered";
    this.#late = this.#late.filter(
      ({ suspects, second, isOvertaken }) => !suspects.includes(call.ticket) && (second !== call.ticket || isOvertaken),
    );
    const { incarnation } = call.ticket.who;
    if (ANSWERS.includes(result)) this.#late = this.#late.filter((late) => late.incarnation !== incarnation);
    if (this.#hedged.delete(call.ticket) && result === "inconclusive") this.#charged(call, now);
  }

  /** The hedge's success is no excuse: the instance that did not answer is charged. */
  #charged({ ticket, sentAtMs }: Call, now: number): void {
    const { world, market, rules } = this.#view;
    if (now - ticket.sentAt < rules.requestTimeoutMs * MIN_SHARE_TO_ATTRIBUTE) return;
    const sinceMs = sentAtMs - DOUBTED_MS;
    if (market.hasBeenWellSince(sinceMs) && world.busHasBeenWellSince(sinceMs))
      this.#breaks(`${ticket.who.incarnation} did not answer, another did, and it was not charged`);
  }

  #breaks(detail: string): void {
    this.#view.world.breaks("P17", detail);
  }
}

/** One was reckoned from the other. */
const isSame = (one: number, other: number): boolean => Math.abs(one - other) < ROUNDING;
