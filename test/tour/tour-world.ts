// A Market, its instances and a person's terminal for the guide of the tour, without processes: a small model that prints
// the Market's lines, and knows what really happened. The guide knows nothing but the lines.

import type { Owned, OwnedState, TourAction } from "../../src/tour/core/actions.ts";
import { FIRST_STATE, guide, type TourAct, type TourEvent, type TourKey } from "../../src/tour/core/guide.ts";
import type { SeededRandom } from "../support/seeded-random.ts";

export interface Incarnation {
  readonly instance: number;
  readonly address: string;
  readonly owner: "tour" | "person";
  process: "running" | "paused" | "ended";
  presence: "up" | "leaving" | "left" | "silent" | "dead";
  breaker: "closed" | "open";
  openedAt: number;
  /** Its breaker has opened again on probation: only a retest closes it. */
  needsRetest: boolean;
  beatAt: number;
}

/** What pages that were loaded at the same time really did. */
export interface PageTruth {
  readonly asked: string[];
  readonly calls: number[];
  readonly got: string[];
  readonly bad: { readonly thing: string; readonly why: string }[];
  readonly opened: number[];
  readonly dead: number[];
  waitedMs: number;
}

export const THINGS = ["camera", "basketball", "briefcase", "football"] as const;
const TICK_MS = 100;
/** In a long wait nothing happens after the first seconds. */
const SHORT_MS = 2_000;
const LONG_TICK_MS = 1_000;
const TIMEOUT_MS = 1_000;
const LEASE_MS = 30_000;
const RETEST_MS = 30_000;
const DOWN = "all services are down";

export class TourWorld {
  readonly all: Incarnation[] = [];
  readonly rated = new Set<string>();
  state = FIRST_STATE;
  /** The last pages that have come. */
  page: PageTruth | undefined;
  isOver = false;
  isFinished = false;
  now = 0;
  #owned = new Map<number, OwnedState>();
  #queue: { readonly at: number; readonly run: () => void }[] = [];
  #loading = 0;
  #group: PageTruth | undefined;
  #turn = 0;
  #made = 0;
  readonly #chance: SeededRandom;

  readonly #onAct: (act: TourAct) => void;

  /** @param onAct called with each act at the moment of it */
  constructor(chance: SeededRandom, onAct: (act: TourAct) => void) {
    this.#chance = chance;
    this.#onAct = onAct;
  }

  get owned(): Owned {
    return new Map(this.#owned);
  }

  send(event: TourEvent): void {
    const { state, acts } = guide(this.state, event, this.now, { readingMs: undefined });
    this.state = state;
    for (const act of acts) {
      this.#onAct(act);
      if (act.kind === "do") this.#do(act.actions);
      if (act.kind === "end") [this.isOver, this.isFinished] = [true, act.isFinished];
    }
  }

  key(key: TourKey): void {
    this.send({ kind: "key", key });
  }

  say(text: string): void {
    this.send({ kind: "line", speaker: "market", text });
  }

  wait(ms: number): void {
    for (const [start, until] = [this.now, this.now + ms]; this.now < until; ) {
      this.now += this.now - start < SHORT_MS ? TICK_MS : LONG_TICK_MS;
      this.#work();
      this.send({ kind: "tick" });
    }
  }

  #work(): void {
    for (const due of this.#queue.filter(({ at }) => at <= this.now)) {
      this.#queue = this.#queue.filter((one) => one !== due);
      due.run();
    }
    for (const one of this.all) {
      if (one.process === "running") one.beatAt = this.now;
      else if ((one.presence === "up" || one.presence === "leaving") && this.now - one.beatAt > LEASE_MS) {
        one.presence = "silent";
        this.say(
          `WARNING:membership:- ratings instance ${one.instance} lost: nats:${one.address} (no heartbeat for 30.1 s)`,
        );
      }
    }
  }

  #later(ms: number, run: () => void): void {
    this.#queue.push({ at: this.now + ms, run });
  }

  // What a person, or the tour, does with an instance.

  living(instance: number, owner?: Incarnation["owner"]): Incarnation | undefined {
    return this.all.find(
      (one) => one.instance === instance && one.process !== "ended" && (owner === undefined || one.owner === owner),
    );
  }

  start(instance: number, owner: Incarnation["owner"]): void {
    // A number that answers is refused.
    if (this.all.some((one) => one.instance === instance && one.process === "running")) return;
    if (owner === "tour" && this.living(instance, "tour") !== undefined) return;
    this.#made += 1;
    const address = `ratings.get.${instance}-incarnation${this.#made}`;
    const made: Incarnation = {
      ...{ instance, address, owner, process: "running", presence: "up", breaker: "closed" },
      ...{ openedAt: 0, needsRetest: false, beatAt: this.now },
    };
    this.all.push(made);
    if (owner === "tour") this.#owned.set(instance, "running");
    this.say(`INFO:membership:- ratings instance ${instance} joined: nats:${address}`);
    if (owner === "person" && this.#owned.get(instance) === "killed") {
      this.#owned.delete(instance);
      this.send({ kind: "owned", owned: this.owned });
    }
  }

  end(one: Incarnation): void {
    one.process = "ended";
    if (one.presence === "silent")
      this.say(`INFO:membership:- ratings instance ${one.instance} returned: nats:${one.address}`);
    this.say(`INFO:membership:- ratings instance ${one.instance} is leaving: nats:${one.address}`);
    this.say(`INFO:membership:- ratings instance ${one.instance} left: nats:${one.address}`);
    one.presence = "left";
    if (one.owner === "tour") this.#owned.delete(one.instance);
  }

  kill(one: Incarnation): void {
    one.process = "ended";
    if (one.owner !== "tour") return;
    this.#owned.set(one.instance, "killed");
    this.send({ kind: "owned", owned: this.owned });
  }

  pause(one: Incarnation): void {
    if (one.process === "running") one.process = "paused";
  }

  /** A heartbeat follows at once. */
  resume(one: Incarnation): void {
    if (one.process !== "paused") return;
    one.process = "running";
    one.beatAt = this.now;
    if (one.presence === "silent") {
      one.presence = "up";
      this.say(`INFO:membership:- ratings instance ${one.instance} returned: nats:${one.address}`);
    }
    if (one.breaker === "open" && !one.needsRetest) this.#close(one, "heartbeat");
  }

  /** ^Z of the tour's terminal, and fg some time later. */
  stopAndGoOn(ms: number): void {
    this.now += ms;
    for (const one of this.all) if (one.owner === "tour") this.resume(one);
    for (const [instance, state] of this.#owned) if (state === "paused") this.#owned.set(instance, "running");
    this.send({ kind: "owned", owned: this.owned });
  }

  #close(one: Incarnation, why: string): void {
    one.breaker = "closed";
    one.needsRetest = false;
    this.say(`INFO:resolver:- CLOSE breaker on [ratings at nats:${one.address}] (${why})`);
  }

  // Pages.

  load(done: () => void = () => undefined): void {
    this.#loading += 1;
    this.#group ??= { asked: [], calls: [], got: [], bad: [], opened: [], dead: [], waitedMs: 0 };
    const group = this.#group;
    const sent = THINGS.map((thing) => {
      group.asked.push(thing);
      this.say(`ASK for ${thing}`);
      return { thing, to: this.#pick(group) };
    });
    this.#retest();
    const isLate = sent.some(({ to }) => to !== undefined && to.process !== "running");
    this.#later(isLate ? TIMEOUT_MS : 0, () => {
      this.#finish(group, sent, isLate ? TIMEOUT_MS : 2);
      done();
    });
  }

  #pick(group: PageTruth): Incarnation | undefined {
    const live = this.all.filter(({ presence, breaker }) => presence === "up" && breaker === "closed");
    live.sort((a, b) => a.instance - b.instance);
    const to = live.find(({ instance }) => instance > this.#turn) ?? live[0];
    if (to === undefined) return undefined;
    this.#turn = to.instance;
    group.calls.push(to.instance);
    this.say(`INFO:resolver:- ratings using instance ${to.instance}: nats:${to.address}`);
    if (to.process !== "ended") return to;
    // No responders: the same call goes on to the next.
    to.presence = "dead";
    group.dead.push(to.instance);
    this.say(`WARNING:membership:- ratings instance ${to.instance} lost: nats:${to.address} (no responders)`);
    return this.#pick(group);
  }

  #retest(): void {
    for (const one of this.all) {
      if (one.breaker !== "open" || this.now - one.openedAt < RETEST_MS || one.process !== "running") continue;
      this.say(`WARNING:resolver:- RETEST breaker on [ratings at nats:${one.address}]`);
      this.#later(0, () =>
        one.process === "running" && one.breaker === "open" ? this.#close(one, "retest succeeded") : undefined,
      );
    }
  }

  #finish(group: PageTruth, sent: readonly { thing: string; to: Incarnation | undefined }[], waitedMs: number): void {
    const late = sent.flatMap(({ to }) =>
      to !== undefined && to.process !== "running" && to.breaker === "closed" ? [to] : [],
    );
    for (const to of new Set(late)) {
      to.breaker = "open";
      to.openedAt = this.now;
      to.needsRetest = this.#chance.chance(0.2);
      group.opened.push(to.instance);
      this.say(`WARNING:resolver:- OPEN breaker on [ratings at nats:${to.address}] (request timed out)`);
    }
    this.#loading -= 1;
    group.waitedMs = Math.max(group.waitedMs, waitedMs);
    if (this.#loading === 0) [this.page, this.#group] = [group, undefined];
    this.say(`WAITED ${waitedMs}ms`);
    for (const { thing, to } of sent) {
      if (to?.process === "running") {
        group.got.push(thing);
        this.rated.add(thing);
        this.say(`GOT ${thing}: 4.5`);
      } else {
        const why = to === undefined ? DOWN : "request timed out";
        group.bad.push({ thing, why });
        this.say(`BAD ${thing}: ${why}`);
      }
    }
  }

  // What the tour does.

  #do(actions: readonly TourAction[]): void {
    const [action, ...rest] = actions;
    const next = (): void => (rest.length > 0 ? this.#do(rest) : this.send({ kind: "done", owned: this.owned }));
    this.#later(TICK_MS * this.#chance.below(5), () => {
      if (action?.do === "load") return this.load(next);
      if (action !== undefined) this.#act(action);
      next();
    });
  }

  #act(action: Exclude<TourAction, { do: "load" }>): void {
    const instances = "instances" in action ? action.instances : [action.instance];
    for (const instance of instances) {
      if (action.do === "start") this.start(instance, "tour");
      const one = this.living(instance, "tour");
      if (one === undefined || action.do === "start") continue;
      this[action.do](one);
      if (action.do === "pause") this.#owned.set(instance, "paused");
      if (action.do === "resume") this.#owned.set(instance, "running");
    }
  }
}
