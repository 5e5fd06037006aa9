// P34: an instance that owes an answer for too long gets no new call while another is not late; its first answer ends that;
// and the Market finds out by itself.

import { type HealthEvent, isLate, type Member } from "../../src/health/member.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import { LatenessModel } from "./lateness-model.ts";
import type { Call, Check, Made, Settled, View } from "./view.ts";

/** The watch looks every 10 ms; a hiccup of the process may come between. */
const FIND_TIMEOUT_MS = 300;
/** The longest that an answer may be owed. */
const MAX_SHARE = 1 / 5;

export class LatenessChecks implements Check {
  readonly #view: View;
  readonly #model: LatenessModel;
  readonly #timeouts = new WeakMap<Ticket, number | undefined>();
  /** How often an incarnation came back after it was lost. */
  readonly #returns = new Map<string, number>();

  /** @param eraOf how often the breaker of an incarnation has opened, or admitted calls again */
  constructor(view: View, eraOf: (incarnation: string) => number) {
    this.#view = view;
    const returnsOf = (incarnation: string): number => this.#returns.get(incarnation) ?? 0;
    this.#model = new LatenessModel(
      view.rules.requestTimeoutMs,
      ({ who: { incarnation } }) => eraOf(incarnation) + returnsOf(incarnation),
    );
    this.#listen();
  }

  /** The longest time of a typical answer. */
  typicalMs(call: Ticket): number {
    return this.#model.typicalMs(call);
  }

  isLate(incarnation: string): boolean {
    const member = this.#view.member(incarnation);
    return member !== undefined && this.#model.isLate(member);
  }

  /** The time that a call has, which no ticket says. */
  admitted(ticket: Ticket, timeoutMs: number | undefined): void {
    this.#timeouts.set(ticket, timeoutMs);
  }

  onEvent({ kind, who }: HealthEvent): void {
    if (kind === "returned") this.#returns.set(who.incarnation, (this.#returns.get(who.incarnation) ?? 0) + 1);
  }

  sent({ ticket }: Call): void {
    this.#model.sent(ticket, this.#timeouts.get(ticket));
  }

  settled({ call: { ticket }, result, now }: Settled): void {
    this.#model.settled(ticket, result, now);
    this.#agrees(ticket.member);
  }

  /** The choice, and not the model, decides who is passed over: `eligible` has no late instance. */
  made({ turn: { call }, eligible }: Made): void {
    if (call === undefined || this.#view.calls.get(call)?.isRetest === true) return;
    if (eligible.length > 0 && this.#model.isLate(call.member))
      this.#breaks(`${call.who.incarnation} is late and was called, and ${eligible.join()} might have been`);
  }

  #listen(): void {
    const { lateness, rotation } = this.#view.market.client.tracker;
    const check = lateness.check.bind(lateness);
    lateness.check = (members, now, upTo = now) => {
      const found = check(members, now, upTo);
      this.#model.looks(rotation.all(), upTo);
      for (const member of rotation.all()) this.#agrees(member);
      return found;
    };
    const overtaken = lateness.overtaken.bind(lateness);
    lateness.overtaken = (ticket, now) => {
      const events = overtaken(ticket, now);
      this.#model.overtaken(ticket);
      this.#agrees(ticket.member);
      return events;
    };
  }

  #agrees(member: Member): void {
    const known = this.#model.isLate(member);
    if (isLate(member) !== known)
      this.#breaks(`${member.who.incarnation} is ${known ? "late" : "not late"}, and the Market has it otherwise`);
  }

  /** Nothing waits for ever: one that owes for long has been found late, if it may be called at all. */
  audit(now: number): void {
    const { rotation } = this.#view.market.client.tracker;
    const longestMs = this.#view.rules.requestTimeoutMs * MAX_SHARE + FIND_TIMEOUT_MS;
    for (const member of rotation.all()) {
      const quietMs = this.#model.quietMs(member, now) ?? 0;
      if (quietMs > longestMs && !this.#model.isLate(member))
        this.#breaks(
          `${member.who.incarnation} has owed an answer for ${Math.round(quietMs)} ms, and was not found late`,
        );
    }
  }

  #breaks(detail: string): void {
    this.#view.world.breaks("P34", detail);
  }
}
