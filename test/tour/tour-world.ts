// A Market, its instances and a person's terminal for the guide of the tour, without processes: a small model that
// reports what the Market would, and knows what really happened. The guide knows nothing but the reports.

import type { Activity, StateEvent } from "../../src/activity/core/activity.ts";
import type { Owned, OwnedState, TourAction } from "../../src/tour/core/actions.ts";
import { FIRST_STATE, guide, type TourAct, type TourEvent, type TourKey } from "../../src/tour/core/guide.ts";
import type { SeededRandom } from "../support/seeded-random.ts";

export interface Incarnation {
  readonly instance: number;
  readonly incarnation: string;
  readonly owner: "tour" | "person";
  process: "running" | "paused" | "ended";
  presence: "up" | "leaving" | "left" | "silent" | "dead";
  breaker: "closed" | "open";
  openedAt: number;
  /** Its breaker has opened again on probation: only a retest closes it. */
  needsRetest: boolean;
  beatAt: number;
}

/** What a page really did. */
export interface PageTruth {
  readonly number: number;
  readonly asked: string[];
  readonly calls: number[];
  readonly got: string[];
  readonly bad: { readonly thing: string; readonly why: string }[];
  readonly opened: number[];
  readonly dead: number[];
  waitedMs: number;
}

/** A report, without its time. */
export type Reported = Activity extends infer One ? (One extends Activity ? Omit<One, "at"> : never) : never;

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
  /** The last page that has come. */
  page: PageTruth | undefined;
  isOver = false;
  isFinished = false;
  now = 0;
  #owned = new Map<number, OwnedState>();
  #queue: { readonly at: number; readonly run: () => void }[] = [];
  #pages = 0;
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

  report(activity: Reported): void {
    const isShown = activity.kind !== "page begun";
    this.send({ kind: "activity", activity: { at: this.now, ...activity } as Activity, isShown });
  }

  /** A change of an instance. */
  #change(kind: "joined" | "returned" | "draining" | "left" | "retesting", one: Incarnation): void {
    this.report({ kind: "state", event: { kind, who: whoOf(one) } as StateEvent });
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
        this.report({ kind: "state", event: { kind: "lost", who: whoOf(one), why: "no heartbeat", silentMs: 30_100 } });
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
    const incarnation = `${instance}-incarnation${this.#made}`;
    const made: Incarnation = {
      ...{ instance, incarnation, owner, process: "running", presence: "up", breaker: "closed" },
      ...{ openedAt: 0, needsRetest: false, beatAt: this.now },
    };
    this.all.push(made);
    if (owner === "tour") this.#owned.set(instance, "running");
    this.#change("joined", made);
    if (owner === "person" && this.#owned.get(instance) === "killed") {
      this.#owned.delete(instance);
      this.send({ kind: "owned", owned: this.owned });
    }
  }

  end(one: Incarnation): void {
    one.process = "ended";
    if (one.presence === "silent") this.#change("returned", one);
    this.#change("draining", one);
    this.#change("left", one);
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
      this.#change("returned", one);
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

  #close(one: Incarnation, why: "heartbeat" | "retest succeeded"): void {
    one.breaker = "closed";
    one.needsRetest = false;
    this.report({ kind: "state", event: { kind: "closed", who: whoOf(one), why } });
  }

  // Pages.

  load(done: () => void = () => undefined): void {
    const number = ++this.#pages;
    const page: PageTruth = { number, asked: [], calls: [], got: [], bad: [], opened: [], dead: [], waitedMs: 0 };
    this.report({ kind: "page begun", number, visitor: "person" });
    const sent = THINGS.map((thing) => {
      page.asked.push(thing);
      return { thing, to: this.#pick(page) };
    });
    this.#retest();
    const isLate = sent.some(({ to }) => to !== undefined && to.process !== "running");
    this.#later(isLate ? TIMEOUT_MS : 0, () => {
      this.#finish(page, sent, isLate ? TIMEOUT_MS : 2);
      done();
    });
  }

  #pick(page: PageTruth): Incarnation | undefined {
    const live = this.all.filter(({ presence, breaker }) => presence === "up" && breaker === "closed");
    live.sort((a, b) => a.instance - b.instance);
    const to = live.find(({ instance }) => instance > this.#turn) ?? live[0];
    if (to === undefined) return undefined;
    this.#turn = to.instance;
    page.calls.push(to.instance);
    if (to.process !== "ended") return to;
    // No responders: the same call goes on to the next.
    to.presence = "dead";
    page.dead.push(to.instance);
    this.report({ kind: "state", event: { kind: "lost", who: whoOf(to), why: "no responders", silentMs: 0 } });
    return this.#pick(page);
  }

  #retest(): void {
    for (const one of this.all) {
      if (one.breaker !== "open" || this.now - one.openedAt < RETEST_MS || one.process !== "running") continue;
      this.#change("retesting", one);
      this.#later(0, () =>
        one.process === "running" && one.breaker === "open" ? this.#close(one, "retest succeeded") : undefined,
      );
    }
  }

  #finish(page: PageTruth, sent: readonly { thing: string; to: Incarnation | undefined }[], waitedMs: number): void {
    const late = sent.flatMap(({ to }) =>
      to !== undefined && to.process !== "running" && to.breaker === "closed" ? [to] : [],
    );
    for (const to of new Set(late)) {
      to.breaker = "open";
      to.openedAt = this.now;
      to.needsRetest = this.#chance.chance(0.2);
      page.opened.push(to.instance);
      const event = { kind: "opened", who: whoOf(to), why: "request timed out", retestInMs: RETEST_MS } as const;
      this.report({ kind: "state", event });
    }
    page.waitedMs = waitedMs;
    for (const { thing, to } of sent) {
      if (to?.process !== "running") page.bad.push({ thing, why: to === undefined ? DOWN : "request timed out" });
      else {
        page.got.push(thing);
        this.rated.add(thing);
      }
    }
    this.page = page;
    const { number, calls, opened, dead, got, bad } = page;
    const things = [...got.map((thing) => ({ thing })), ...bad];
    this.report({ kind: "page", page: { number, visitor: "person", waitedMs, calls, things, opened, dead } });
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

const whoOf = ({ instance, incarnation }: Incarnation) => ({
  ...{ service: "ratings", instance, incarnation, address: `ratings.get.${incarnation}` },
});
