// P36: an instance that another caller warns of gets no new call while one is eligible that no caller warns of. That ends with its
// first answer, when the sender takes the warning back, and after a lease. Computed from the warnings that reached the Market and
// from the answers, apart from the code under test.

import type { Incarnations } from "../../src/health/balancer.ts";
import type { HealthEvent, Member } from "../../src/health/member.ts";
import { isWarned } from "../../src/health/warnings.ts";
import type { Check, Made, Settled, View } from "./view.ts";

const MAX_SENDERS = 8;
const MIN_QUIET_MS = 20;
/** The tick that ends a warning comes every 200 ms; a hiccup of the process may come between. */
const END_TIMEOUT_MS = 500;
const ANSWERS: readonly string[] = ["answered", "invalid", "rejected", "overloaded", "unchecked"];
const DEPARTURES: readonly string[] = ["opened", "lost", "draining", "left"];

interface Account {
  readonly senders: Set<string>;
  until: number;
  counts: boolean;
  isTakenBack: boolean;
  /** The instance has left the rotation since. */
  hasLeft: boolean;
}

export class WarningChecks implements Check {
  readonly #view: View;
  readonly #typicalMs: (operation: string) => number;
  /** By row: one that was evicted begins again. */
  readonly #accounts = new WeakMap<Member, Account>();
  readonly #answeredAt = new WeakMap<Member, number>();
  /** Until when a sender that was wrong does not count. */
  readonly #wrongUntil = new Map<string, number>();

  /** @param typicalMs the longest time of a typical answer of an operation */
  constructor(view: View, typicalMs: (operation: string) => number) {
    this.#view = view;
    this.#typicalMs = typicalMs;
    this.#listen();
  }

  get #rotation(): readonly Member[] {
    return this.#view.market.client.tracker.rotation.all();
  }

  /**
   * Whether a choice passes it over, unless no other can take the call.
   * @param tried by the same call
   */
  isPassedOver(incarnation: string, now: number, tried?: Incarnations): boolean {
    const open = this.#rotation.filter(({ who }) => tried?.has(who.incarnation) !== true);
    const proven = open.filter(({ hasAnswered }) => hasAnswered);
    const choice = proven.length > 0 ? proven : open;
    const isWarnedOf = (member: Member): boolean => this.#accounts.get(member)?.counts === true;
    if (2 * choice.filter(isWarnedOf).length > choice.length) return false;
    return open.some(
      (member) => member.who.incarnation === incarnation && isWarnedOf(member) && now < this.#untilOf(member),
    );
  }

  #untilOf = (member: Member): number => this.#accounts.get(member)?.until ?? 0;

  settled({ call: { ticket }, result, changes, now }: Settled): void {
    const isPrompt = now - ticket.sentAt <= this.#typicalMs(ticket.operation ?? "");
    if (ANSWERS.includes(result)) this.#answered(ticket.member, isPrompt, now);
    for (const change of changes) this.#leaves(change);
    this.#agrees();
  }

  #answered(member: Member, isPrompt: boolean, now: number): void {
    this.#answeredAt.set(member, now);
    const account = this.#accounts.get(member);
    if (account === undefined) return;
    this.#accounts.delete(member);
    if (account.isTakenBack || account.hasLeft || !isPrompt) return;
    for (const sender of account.senders) this.#wrongUntil.set(sender, now + member.leaseMs);
    for (const other of this.#rotation) {
      const more = this.#accounts.get(other);
      if (more?.counts === true && [...more.senders].every((sender) => this.#isWrong(sender, now))) more.counts = false;
    }
  }

  #isWrong(sender: string, now: number): boolean {
    return now < (this.#wrongUntil.get(sender) ?? 0);
  }

  onEvent(change: HealthEvent): void {
    this.#leaves(change);
  }

  #leaves({ kind, who }: HealthEvent): void {
    const member = DEPARTURES.includes(kind) ? this.#view.member(who.incarnation) : undefined;
    const account = member === undefined ? undefined : this.#accounts.get(member);
    if (account === undefined) return;
    account.hasLeft = true;
    account.counts = false;
  }

  made({ turn: { call }, eligible, now, traits }: Made): void {
    this.#agrees();
    if (call === undefined || this.#view.calls.get(call)?.isRetest === true || eligible.length === 0) return;
    if (this.isPassedOver(call.who.incarnation, now, traits.excluded))
      this.#breaks(`${call.who.incarnation} is warned of and was called, and ${eligible.join()} might have been`);
  }

  audit(now: number): void {
    for (const member of this.#rotation) {
      const account = this.#accounts.get(member);
      if (account === undefined || !account.counts || now < account.until) continue;
      if (!isWarned(member)) account.counts = false;
      else if (now > account.until + END_TIMEOUT_MS) this.#breaks(`a warning of ${member.who.incarnation} did not end`);
    }
  }

  #listen(): void {
    const { warnings } = this.#view.market.client.tracker.lateness;
    const receive = warnings.receive.bind(warnings);
    warnings.receive = (member, warning, now) => {
      const changes = receive(member, warning, now);
      this.#received(member, warning.sender, warning.quietMs, now);
      return changes;
    };
    const withdraw = warnings.withdraw.bind(warnings);
    warnings.withdraw = (member, sender, now) => {
      const changes = withdraw(member, sender, now);
      const account = this.#accounts.get(member);
      if (account?.senders.has(sender) === true) {
        account.isTakenBack = true;
        account.counts = false;
      }
      this.#agrees();
      return changes;
    };
  }

  #received(member: Member, sender: string, quietMs: number, now: number): void {
    const answeredAt = this.#answeredAt.get(member) ?? Number.NEGATIVE_INFINITY;
    if (!this.#rotation.includes(member) || answeredAt >= now - Math.max(quietMs, MIN_QUIET_MS)) return;
    const account = this.#accounts.get(member) ?? {
      ...{ senders: new Set<string>(), until: 0, counts: false, isTakenBack: false, hasLeft: false },
    };
    if (account.senders.has(sender) || account.senders.size >= MAX_SENDERS || this.#isWrong(sender, now)) return;
    this.#accounts.set(member, account);
    account.senders.add(sender);
    account.until = now + member.leaseMs;
    account.isTakenBack = false;
    account.hasLeft = false;
    account.counts = true;
    this.#agrees();
  }

  /** A warning whose time is over may count until the next tick. */
  #agrees(): void {
    const now = this.#view.market.host.now();
    for (const member of this.#rotation) {
      const account = this.#accounts.get(member);
      const counts = account?.counts === true;
      if (isWarned(member) !== counts && !(counts && now >= this.#untilOf(member)))
        this.#breaks(`${member.who.incarnation} is ${counts ? "" : "not "}warned of, and the Market has it otherwise`);
    }
  }

  #breaks(detail: string): void {
    this.#view.world.breaks("P36", detail);
  }
}
