// One simulated day: a bus, markets that ask, instances that answer, and the faults of a script. All chance comes from
// the seed. What must always be true is asked by the observers; the day ends with the first thing that is not.

import { ratePage } from "../../src/market/page-ratings.ts";
import { RatingStore } from "../../src/market/rating-store.ts";
import { SharedCalls } from "../../src/market/shared-calls.ts";
import type { Client } from "../../src/service/client.ts";
import { Dice } from "../support/random.ts";
import { InstanceProcess, MarketProcess, type Process } from "./actors.ts";
import { Faults } from "./faults.ts";
import { Observer } from "./observer.ts";
import type { PropertyName } from "./properties.ts";
import { LAST_FAULT_MS, QUIET_MS, type Script, seconds } from "./script.ts";
import { Server } from "./server.ts";
import { type Settle, settleQuickly, Timeline } from "./timeline.ts";

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
/** One page in so many asks for one thing by a call that must not reach two instances. */
const ONE_IN_SINGLE = 6;
/** The dice of a process: far apart, so that two seeds share none. */
const DICE_APART = 7_919;
/** How long after its last event the world is looked at as a whole. */
const END_MS = LAST_FAULT_MS + QUIET_MS;

export class World {
  readonly script: Script;
  readonly timeline = new Timeline();
  readonly server: Server;
  readonly instances: InstanceProcess[] = [];
  readonly markets: MarketProcess[] = [];
  readonly observers: Observer[] = [];
  /** The bus as a whole, and when anything at all last changed. */
  busTroubles = 0;
  busTroubledUntil = Number.NEGATIVE_INFINITY;
  frozenAt = Number.NEGATIVE_INFINITY;
  thawedAt = Number.NEGATIVE_INFINITY;
  changedAt = 0;
  calls = 0;
  broken: Broken | undefined;
  readonly #settle: Settle;
  readonly #note: ((line: string) => void) | undefined;
  #started = 0;
  #dealt = 0;

  constructor(script: Script, note?: (line: string) => void, settle: Settle = settleQuickly) {
    this.script = script;
    this.#note = note;
    this.#settle = settle;
    this.server = new Server(this.timeline, new Dice(this.deal()));
  }

  async run(): Promise<Outcome> {
    for (let place = 0; place < this.script.instances; place++) this.startInstance(place + 1);
    for (let place = 0; place < this.script.markets; place++) this.#openMarket(place + 1);
    const faults = new Faults(this);
    faults.schedule();
    await this.timeline.run(LAST_FAULT_MS, this.#settle, () => this.broken !== undefined);
    if (this.broken === undefined) {
      faults.healAll();
      await this.timeline.run(END_MS, this.#settle, () => this.broken !== undefined);
    }
    if (this.broken === undefined) for (const observer of this.observers) observer.atTheEnd();
    return { broken: this.broken, events: this.timeline.count, calls: this.calls };
  }

  /** A seed for one more process. */
  deal(): number {
    this.#dealt += 1;
    return Math.imul(this.script.seed, DICE_APART) + this.#dealt;
  }

  startInstance(number: number): InstanceProcess {
    this.#started += 1;
    const incarnation = `${number}-${String.fromCharCode(96 + this.#started)}`;
    const process = new InstanceProcess(number, incarnation, this.deal(), this.server, (handler, request) => {
      for (const observer of this.observers) observer.handled(handler, request);
    });
    this.instances.push(process);
    process.start(this.script, (what) => this.note(() => `${incarnation} is ${what}`));
    this.changedAt = this.timeline.now;
    return process;
  }

  #openMarket(place: number): void {
    const name = `m${place}`;
    let observer: Observer | undefined;
    const market = new MarketProcess(name, this.deal(), this.server, this.script, (event) => observer?.told(event));
    observer = new Observer(this, market);
    this.markets.push(market);
    this.observers.push(observer);
    const store = new RatingStore();
    const wiring = {
      client: observer as Pick<Client, "ask" | "ready">,
      shared: new SharedCalls(market.host),
      store,
      clock: market.host,
      tell: () => undefined,
    };
    const { host, dice } = market;
    host.every(this.script.pageEveryMs, () => {
      if (dice.below(ONE_IN_SINGLE) === 0) void wiring.client.ask({ thingID: "camera" }, { repeatable: false });
      else void ratePage(THINGS, wiring);
    });
  }

  // Truth.

  begin(process: Process): void {
    process.begin();
    this.changedAt = this.timeline.now;
  }

  end(process: Process): void {
    process.end();
    this.changedAt = this.timeline.now;
  }

  /** The bus has been there for everyone since `sinceMs`. */
  busHasBeenWellSince(sinceMs: number): boolean {
    return this.busTroubles === 0 && this.busTroubledUntil < sinceMs;
  }

  /** The bus has not been frozen in the last `ms`. */
  thawedBefore(ms: number): boolean {
    return this.thawedAt < this.timeline.now - ms;
  }

  find(incarnation: string): InstanceProcess | undefined {
    return this.instances.find((process) => process.incarnation === incarnation);
  }

  note(line: () => string): void {
    this.#note?.(`${seconds(this.timeline.now)}  ${line()}`);
  }

  /** Whatever breaks after the first is only what comes of it. */
  breaks(property: PropertyName, detail: string): void {
    if (this.broken !== undefined) return;
    this.broken = { property, detail, atMs: this.timeline.now };
    this.note(() => `BROKEN ${property}: ${detail}`);
  }
}
