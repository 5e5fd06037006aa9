// One simulated day: a bus, Markets that call, instances that answer, and the faults of a script. All randomness comes
// from the seed. Observers check the properties; the day ends with the first one that breaks.

import { CallCoalescer } from "../../src/market/ratings/coalesce.ts";
import { RatingStore, ratePage } from "../../src/market/ratings/rate-page.ts";
import type { AskOptions, Client } from "../../src/service/client.ts";
import type { InvalidResponse } from "../../src/service/outcome.ts";
import { askRating } from "../support/ask-rating.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { InstanceProcess, MarketProcess, type Process } from "./actors.ts";
import { drill, fleetDrill } from "./drills.ts";
import { Faults } from "./faults.ts";
import { Observer } from "./observer.ts";
import { Partition } from "./partition.ts";
import type { PropertyName } from "./properties.ts";
import { type Far, healsAtMs, QUIET_MS, type Script, seconds } from "./script.ts";
import { Server } from "./server.ts";
import { type Settle, settleQuickly, Timeline } from "./timeline.ts";
import { WireChecks } from "./wire-checks.ts";

export interface Broken {
  readonly property: PropertyName;
  readonly detail: string;
  readonly atMs: number;
}

export interface Outcome {
  readonly broken: Broken | undefined;
  readonly events: number;
  readonly calls: number;
}

const THINGS = ["basketball", "briefcase", "camera", "football"] as const;
/** One page in this many loads one thing by a call that must not reach two instances. */
const ONE_IN_SINGLE = 4;
const INVALID: InvalidResponse = { kind: "invalid", problems: ["no rating"] };
const SINGLE: AskOptions = {
  idempotent: false,
  read: (body) => (typeof Object(body).rating === "number" ? { kind: "valid", value: body } : INVALID),
};
/** Distance between the random sequences of processes, so that two seeds share none. */
const DICE_APART = 7_919;

export class World {
  readonly script: Script;
  readonly timeline = new Timeline();
  readonly server: Server;
  readonly instances: InstanceProcess[] = [];
  readonly markets: MarketProcess[] = [];
  readonly observers: Observer[] = [];
  /** The bus as a whole, and the time of the last change of any kind. */
  busTroubles = 0;
  busTroubledUntil = Number.NEGATIVE_INFINITY;
  frozenAt = Number.NEGATIVE_INFINITY;
  thawedAt = Number.NEGATIVE_INFINITY;
  changedAt = 0;
  calls = 0;
  broken: Broken | undefined;
  #suspected: Broken | undefined;
  readonly #partitions: Partition[] = [];
  readonly #settle: Settle;
  readonly #note: ((line: string) => void) | undefined;
  #started = 0;
  #dealt = 0;

  constructor(script: Script, note?: (line: string) => void, settle: Settle = settleQuickly) {
    this.script = script;
    this.#note = note;
    this.#settle = settle;
    this.server = new Server(this.timeline, new SeededRandom(this.deal()), script.nodes);
    const wire = new WireChecks(this);
    this.server.saw = (message) => wire.saw(message);
  }

  async run(): Promise<Outcome> {
    await this.#drill(drill);
    if (this.broken !== undefined) return { broken: this.broken, events: 0, calls: 0 };
    for (let place = 0; place < this.script.instances; place++) this.startInstance(place + 1);
    for (let place = 0; place < this.script.markets; place++) this.#unlessEnded(() => this.#openMarket(place));
    const faults = new Faults(this);
    faults.schedule();
    const healedMs = healsAtMs(this.script);
    await this.#liveUntil(healedMs);
    if (this.broken === undefined) {
      faults.healAll();
      await this.#liveUntil(healedMs + QUIET_MS);
    }
    if (this.broken === undefined) for (const observer of this.observers) observer.atTheEnd();
    if (this.broken === undefined && this.#suspected === undefined) await this.#drill(fleetDrill);
    return { broken: this.broken ?? this.#suspected, events: this.timeline.count, calls: this.calls };
  }

  async #drill(run: typeof drill): Promise<void> {
    try {
      await run(this.script.seed, this.#settle, (property, detail) => this.breaks(property, detail));
    } catch (error) {
      this.#ended(error);
    }
  }

  /** An error thrown by a timer or a socket would end the process that it belongs to. */
  async #liveUntil(untilMs: number): Promise<void> {
    try {
      await this.timeline.run(untilMs, this.#settle, () => this.broken !== undefined);
    } catch (error) {
      this.#ended(error);
    }
  }

  #unlessEnded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#ended(error);
    }
  }

  #ended(error: unknown): void {
    this.breaks("P19", `a process was ended: ${String(error)}`);
  }

  /** A seed for one more process. */
  deal(): number {
    this.#dealt += 1;
    return Math.imul(this.script.seed, DICE_APART) + this.#dealt;
  }

  startInstance(number: number): InstanceProcess {
    this.#started += 1;
    const incarnation = `${number}-${String.fromCharCode(96 + this.#started)}`;
    const process = new InstanceProcess(number, incarnation, this.deal(), this.server, (handler, request, headers) => {
      for (const observer of this.observers) observer.handled(handler, request, headers);
    });
    this.instances.push(process);
    process.start(this.script, (what) => this.note(() => `${incarnation} is ${what}`));
    this.changed();
    return process;
  }

  #openMarket(place: number): void {
    let observer: Observer | undefined;
    const market = new MarketProcess(place, this.deal(), this.server, this.script, (event) => observer?.onEvent(event));
    observer = new Observer(this, market);
    market.bus.failed = (error) => this.#ended(error);
    this.markets.push(market);
    this.observers.push(observer);
    const store = new RatingStore();
    const asking: Parameters<typeof askRating>[0] = (request, options) => observer.ask(Object(request), options);
    const wiring = {
      client: observer as Pick<Client, "ask" | "ready">,
      calls: new CallCoalescer(askRating(asking), market.host),
      store,
      clock: market.host,
      log: () => undefined,
    };
    const { host, dice } = market;
    host.every(this.script.pageEveryMs, () => {
      if (market.careless !== undefined) void observer?.askCarelessly(market.careless.call());
      if (dice.below(ONE_IN_SINGLE) === 0) void wiring.client.ask({ thingID: "camera" }, SINGLE);
      else void ratePage(THINGS, wiring).then((page) => observer?.shown(page));
    });
  }

  // The truth.

  begin(process: Process): void {
    process.begin();
    this.changed();
  }

  end(process: Process): void {
    process.end();
    this.changed();
  }

  changed(): void {
    this.changedAt = this.timeline.now;
  }

  /** From now on the bus is in two halves, until `heal` is called with the partition that is returned. */
  partition(far: Far): Partition {
    const parting = new Partition(far);
    this.#partitions.push(parting);
    this.changed();
    return parting;
  }

  heal(parting: Partition): void {
    parting.untilMs = this.timeline.now;
    this.changed();
  }

  /** True when no partition has been between those two since `sinceMs`. */
  haveBeenTogetherSince(one: Process, other: Process, sinceMs: number): boolean {
    return this.#partitions.every((parting) => parting.untilMs < sinceMs || !parting.isBetween(one.host, other.host));
  }

  /** True when the bus has served every host since `sinceMs`. */
  busHasBeenWellSince(sinceMs: number): boolean {
    return this.busTroubles === 0 && this.busTroubledUntil < sinceMs;
  }

  /** True when the bus has not been frozen in the last `ms`. */
  thawedBefore(ms: number): boolean {
    return this.thawedAt < this.timeline.now - ms;
  }

  find(incarnation: string): InstanceProcess | undefined {
    return this.instances.find((process) => process.incarnation === incarnation);
  }

  note(line: () => string): void {
    this.#note?.(`${seconds(this.timeline.now)}  ${line()}`);
  }

  /** Broken unless the day breaks another property: that one is nearer to a promise made to people. */
  suspects(property: PropertyName, detail: string): void {
    this.#suspected ??= { property, detail, atMs: this.timeline.now };
  }

  /** Later breaks only follow from the first one. */
  breaks(property: PropertyName, detail: string): void {
    if (this.broken !== undefined) return;
    this.broken = { property, detail, atMs: this.timeline.now };
    this.note(() => `BROKEN ${property}: ${detail}`);
  }
}
