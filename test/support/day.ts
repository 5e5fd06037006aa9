// One random day in the life of a table: heartbeats in and out of order, calls that end in every way, late, twice or
// never, a bus that comes and goes, time that jumps. After every step all that must always be true is asserted.

import * as assert from "uvu/assert";
import type { Change } from "../../src/health/change.ts";
import type { HeartbeatState } from "../../src/health/heartbeat.ts";
import type { Member } from "../../src/health/member.ts";
import { type CallTraits, Resolver, type Turn } from "../../src/health/resolver.ts";
import type { Result, Ticket } from "../../src/health/ticket.ts";
import { Tracker } from "../../src/health/tracker.ts";
import { Ledger } from "./ledger.ts";
import { Dice } from "./random.ts";
import { beatOf, DEFAULT_RULES, inWords } from "./table.ts";

/** Few numbers, and more incarnations than the table holds: clashes and evictions happen every day. */
const INCARNATIONS = ["1-a", "1-b", "2-a", "2-b", "3-a", "3-b"] as const;
const HEALTHY = ["1-a", "2-a", "3-a"] as const;
const RULES = { ...DEFAULT_RULES, maxIncarnations: 4 };

const RESULTS: readonly Result[] = [
  ...(["answered", "answered", "answered", "answered", "timeout", "timeout", "timeout"] as const),
  ...(["nobody", "draining", "nothing"] as const),
];
const STATES: readonly HeartbeatState[] = ["up", "up", "up", "up", "up", "up", "up", "up", "up", "draining", "gone"];
const JUMPS_MS = [1, 5, 200, 1000, 1500, 10_000, 31_000, 400_000] as const;
/** How many calls are remembered, so that late and doubled results happen. */
const MOST_SENT = 12;
/** The longest delay of a retest, and then the few answers that end a probation, at one call in five seconds. */
const RECOVERY_MS = RULES.retestDelayMaxMs + 60_000;
const RECOVERY_STEP_MS = 5000;

interface Sent {
  readonly ticket: Ticket;
  readonly isRetest: boolean;
  settled: boolean;
}

export class Day {
  /** What happened, for a person who has to find out why. */
  readonly steps: string[] = [];
  readonly #dice: Dice;
  readonly #tracker: Tracker;
  readonly #resolver: Resolver;
  readonly #ledger = new Ledger();
  #sent: Sent[] = [];
  #now = 0;
  #seq = 10;
  #isAway = false;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
    this.#tracker = new Tracker(RULES, this.#dice.random);
    this.#resolver = new Resolver(this.#tracker);
  }

  step(): void {
    const choice = this.#dice.below(20);
    if (choice < 5) this.#hear();
    else if (choice < 10) this.#call();
    else if (choice < 15) this.#settleOne();
    else if (choice < 17) this.#tick();
    else if (choice < 18 && this.#dice.chance(0.3)) this.#turnBus();
    else this.#passTime();
    this.#check();
  }

  // What may happen.

  #hear(): void {
    const incarnation = this.#dice.pick(INCARNATIONS);
    const state = this.#dice.pick(STATES);
    const inOrder = this.#dice.chance(0.9);
    if (inOrder) this.#seq += 1;
    this.#beat(
      incarnation,
      state,
      inOrder ? this.#seq : this.#dice.below(this.#seq + 1),
      this.#dice.pick([500, 15_000]),
    );
  }

  #beat(incarnation: string, state: HeartbeatState, seq: number, intervalMs: number): void {
    this.#note(`heard ${incarnation} ${state}, seq ${seq}, every ${intervalMs} ms`);
    const beat = beatOf(Number.parseInt(incarnation, 10), { incarnation, seq, state, intervalMs });
    this.#told(this.#tracker.heard(beat, this.#now));
  }

  #call(): void {
    const tried = new Set<string>(INCARNATIONS.filter(() => this.#dice.chance(0.15)));
    const turn = this.#lookThenNext(this.#dice.chance(0.2) ? { repeatable: false } : { tried });
    for (const ticket of turn.retests) this.#sent.push({ ticket, isRetest: true, settled: false });
    const { call } = turn;
    if (call === undefined) return;
    const isRetest = turn.changes.some(({ kind, who }) => kind === "retesting" && who === call.who);
    this.#sent.push({ ticket: call, isRetest, settled: false });
  }

  /** The choice is looked at twice before it is made: looking changes nothing, and shows what is then done. */
  #lookThenNext(traits: CallTraits = {}): Turn {
    const before = this.#snapshot();
    const seen = inNames(this.#resolver.look(this.#now, traits));
    const live = this.#liveNames();
    assert.is(this.#snapshot(), before, "looking changed something");
    assert.equal(inNames(this.#resolver.look(this.#now, traits)), seen, "a second look saw something else");
    const turn = this.#resolver.next(this.#now, traits);
    this.#note(`next is ${JSON.stringify(inNames(turn))}`);
    assert.equal(inNames(turn), seen, "next did not do what look had shown");
    this.#told(turn.changes);
    for (const { who } of [turn.call, ...turn.retests].filter((ticket) => ticket !== undefined)) {
      assert.not(traits.tried?.has(who.incarnation), "sent where the call had been");
      assert.ok(live.includes(who.incarnation), "sent to one that is not live");
    }
    return turn;
  }

  #settleOne(): void {
    if (this.#sent.length === 0) return;
    const sent = this.#dice.pick(this.#sent);
    // Half of the doubled results are spared, or there would be nothing else.
    if (sent.settled && this.#dice.chance(0.5)) return;
    sent.settled = true;
    this.#settle(sent.ticket, this.#dice.pick(RESULTS));
    if (this.#sent.length > MOST_SENT) this.#sent = this.#sent.slice(MOST_SENT / 2);
  }

  #settle(ticket: Ticket, result: Result): void {
    const { who, epoch } = ticket;
    const before = this.#find(who.incarnation);
    const breaker = before?.breaker;
    const isStale = before?.who !== who || breaker?.epoch !== epoch;
    this.#note(`settled ${who.incarnation}, epoch ${epoch}: ${result}${isStale ? ", stale" : ""}`);
    const changes = this.#tracker.settle(ticket, result, this.#now);
    this.#told(changes, result === "timeout" && !isStale ? who.incarnation : undefined);
    if (isStale) assert.is(this.#find(who.incarnation)?.breaker, breaker, "a stale ticket changed a breaker");
  }

  #tick(): void {
    this.#note("tick");
    this.#told(this.#tracker.tick(this.#now));
    if (this.#isAway) return;
    for (const { breaker, membership, who } of this.#tracker.all()) {
      const isOver = breaker.kind === "retesting" && this.#now >= breaker.until;
      assert.not(isOver && membership.kind !== "gone", `the retest of ${who.incarnation} outlived its lease`);
    }
  }

  #turnBus(): void {
    this.#isAway = !this.#isAway;
    this.#note(this.#isAway ? "bus away" : "bus back");
    const live = this.#liveNames();
    const breakers = this.#breakers();
    if (this.#isAway) this.#tracker.busAway(this.#now);
    else this.#tracker.busBack(this.#now);
    assert.equal(
      live.filter((incarnation) => !this.#liveNames().includes(incarnation)),
      [],
      "the bus ended a lease",
    );
    assert.is(this.#breakers(), breakers, "the bus changed a breaker");
  }

  #passTime(): void {
    const live = this.#liveNames();
    this.#now += Math.ceil(this.#dice.random() * this.#dice.pick(JUMPS_MS));
    if (this.#isAway) assert.equal(this.#liveNames(), live, "a lease lapsed while the bus was away");
  }

  // What must always be true.

  #check(): void {
    const members = [...this.#tracker.all()];
    assert.ok(this.#tracker.size <= RULES.maxIncarnations, "the table outgrew its limit");
    const up = members.filter((member) => member.membership.kind === "up");
    assert.is(this.#tracker.ring.size, up.length, "the ring is not those who are up");
    for (const member of up) assert.ok(this.#tracker.ring.all().includes(member), "one that is up has no turn");
    for (const member of members) this.#checkBreaker(member);
  }

  #checkBreaker({ who, breaker }: Member): void {
    if (breaker.kind === "open") {
      assert.ok(breaker.delayMs <= RULES.retestDelayMaxMs, "a delay outgrew its limit");
      assert.ok(breaker.retestAt <= this.#now + breaker.delayMs, "a retest is further off than its delay");
    }
    const out = this.#sent.filter(({ isRetest, settled, ticket }) => {
      return isRetest && !settled && ticket.who === who && ticket.epoch === breaker.epoch;
    });
    assert.ok(
      out.length <= (breaker.kind === "retesting" ? 1 : 0),
      `${out.length} retests of ${who.incarnation} are out`,
    );
  }

  /** From any state: when all are well for a while, all are closed and known. */
  recover(): void {
    this.#note("all are well from here");
    if (this.#isAway) this.#turnBus();
    // Whoever said goodbye is forgotten, and so is every result that never came.
    for (let round = 0; round < 3; round++) {
      this.#now += RULES.purgeAfterMs;
      this.#tick();
    }
    this.#sent = [];
    for (const end = this.#now + RECOVERY_MS; this.#now < end; this.#now += RECOVERY_STEP_MS) {
      for (const incarnation of HEALTHY) this.#beat(incarnation, "up", ++this.#seq, 15_000);
      this.#answeredTurn();
      this.#tick();
    }
    const kinds = [...this.#tracker.all()].map((member) => `${member.who.incarnation} ${member.breaker.kind}`);
    assert.equal(
      kinds.sort(),
      HEALTHY.map((incarnation) => `${incarnation} closed`),
      "somebody did not recover",
    );
  }

  /** On a stable stretch the counts of any number of turns are within one. */
  checkFairness(): void {
    const turns = Array.from({ length: 8 }, () => this.#answeredTurn());
    const counts = HEALTHY.map((healthy) => turns.filter((incarnation) => incarnation === healthy).length);
    assert.equal([...counts].sort(), [2, 3, 3], "somebody got more than a fair share");
  }

  #answeredTurn(): string {
    const { call, retests, changes } = this.#resolver.next(this.#now);
    this.#told(changes);
    for (const ticket of retests) this.#settle(ticket, "answered");
    if (call === undefined) return "nobody";
    this.#settle(call, "answered");
    return call.who.incarnation;
  }

  // Seeing and noting.

  #told(changes: readonly Change[], timedOut?: string): void {
    for (const change of changes) {
      this.#note(`  told: ${inWords(change)}, ${change.who.incarnation}`);
      this.#ledger.enter(change, timedOut);
    }
    this.#ledger.agreeWith([...this.#tracker.all()]);
  }

  #note(step: string): void {
    this.steps.push(`${this.#now} ${step}`);
  }

  #find(incarnation: string): Member | undefined {
    return [...this.#tracker.all()].find((member) => member.who.incarnation === incarnation);
  }

  #liveNames(): readonly string[] {
    return this.#tracker.live(this.#now).map((member) => member.who.incarnation);
  }

  #breakers(): string {
    return JSON.stringify([...this.#tracker.all()].map((member) => member.breaker));
  }

  #snapshot(): string {
    return JSON.stringify([[...this.#tracker.all()], this.#tracker.ring.all()]);
  }
}

interface Sendings {
  readonly call: { readonly who: { readonly incarnation: string } } | undefined;
  readonly retests: readonly { readonly who: { readonly incarnation: string } }[];
}

const inNames = ({ call, retests }: Sendings): readonly string[] => [
  call?.who.incarnation ?? "nobody",
  ...retests.map((retest) => retest.who.incarnation),
];
