// One soak: a real bus, a Market, four instances, shoppers without a break, and one fault after another. Instance 1 is
// spared (but for the bus), so that one instance can always answer and its memory can be measured. The others are
// paused, killed, and restarted in order.

import { freePort, startNatsServer, type TestServer } from "../support/nats-server.ts";
import type { Program } from "../support/program.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { Shoppers } from "../support/shoppers.ts";
import { pause, type RatingsJson, until, World } from "../support/world.ts";
import { type Judged, judge, megabytes } from "./verdict.ts";
import { startWatched, type Watched } from "./watched.ts";

export interface SoakPlan {
  readonly soakMs: number;
  readonly seed: number;
  readonly print: (line: string) => void;
  /** Called between faults: true after ^C. */
  readonly isEnough: () => boolean;
}

const INSTANCES = [1, 2, 3, 4] as const;
const SHOPPERS = 3;
/** Fast enough that breakers open and close, and the gone are forgotten, many times a minute. */
const ENV = {
  ...{ REQUEST_TIMEOUT_MS: "300", RETEST_DELAY_MS: "1000", RETEST_DELAY_MAX_MS: "4000" },
  ...{ HEARTBEAT_INTERVAL_MS: "1000", PURGE_AFTER_MS: "5000", LOG_LEVEL: "WARNING" },
};
const READ_EVERY_MS = 1000;
const PRINT_EVERY_MS = 3000;
const BETWEEN_FAULTS_MS = 500;
const LIMIT_MS = 30_000;
const MS_PER_SECOND = 1000;

/** @returns the verdict, once all that was started has ended */
export async function soak(plan: SoakPlan): Promise<Judged> {
  const server = await startNatsServer();
  const world = new World(server.url, ENV);
  try {
    return await new Soak(plan, server, world).run();
  } finally {
    await world.close();
    await server.stop();
  }
}

class Soak {
  readonly #plan: SoakPlan;
  readonly #server: TestServer;
  readonly #world: World;
  readonly #dice: SeededRandom;
  readonly #instances = new Map<number, Program>();
  readonly #startedAt = performance.now();
  readonly #faults = new Map<string, number>();

  constructor(plan: SoakPlan, server: TestServer, world: World) {
    this.#plan = plan;
    this.#server = server;
    this.#world = world;
    this.#dice = new SeededRandom(plan.seed);
  }

  async run(): Promise<Judged> {
    const port = String(await freePort());
    const url = `http://127.0.0.1:${port}`;
    const market = startWatched(this.#world, "Market", { name: "market", env: { PORT: port, ADMIN_PORT: "0" } });
    const steady = startWatched(this.#world, "instance 1", ratingsOf(1));
    for (const number of INSTANCES.slice(1)) this.#start(number);
    await until("every rating is known", () => allFresh(url), LIMIT_MS);
    const shoppers = new Shoppers(url, SHOPPERS);
    const watched = [market, steady];
    const stopWatching = this.#watch(watched, shoppers);
    const endAt = this.#startedAt + this.#plan.soakMs;
    while (performance.now() < endAt && !this.#plan.isEnough()) await this.#fault();
    if (this.#plan.isEnough()) {
      stopWatching();
      await shoppers.stop();
      return { good: false, lines: ["ended before its time: nothing can be said"] };
    }
    const recovered = await until("fresh", () => allFresh(url), LIMIT_MS).then(
      () => true,
      () => false,
    );
    await shoppers.stop();
    stopWatching();
    this.#printFaults();
    const readings = new Map(watched.map(({ name, readings: all }) => [name, all]));
    return judge({ readings, pages: shoppers.pages, failures: shoppers.failures, recovered });
  }

  #start(number: number): void {
    this.#instances.set(number, this.#world.start(ratingsOf(number)));
  }

  /** One thing goes wrong, and is over. */
  async #fault(): Promise<void> {
    const number = this.#dice.pick(INSTANCES.slice(1));
    const faults: readonly (readonly [string, () => Promise<void>])[] = [
      ["paused", () => this.#pause(number)],
      ["killed", () => this.#replace(number, "SIGKILL")],
      ["restarted", () => this.#replace(number, "SIGTERM")],
      ["bus restarted", () => this.#restartBus()],
    ];
    const [name, happen] = this.#dice.pick(faults);
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
    await happen();
    await pause(BETWEEN_FAULTS_MS);
  }

  /** For longer than a call may take, and at times for longer than a heartbeat counts. */
  async #pause(number: number): Promise<void> {
    const program = this.#instances.get(number);
    await program?.stop();
    await pause(this.#dice.pick([500, 1000, 2500]));
    program?.signal("SIGCONT");
  }

  async #replace(number: number, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const program = this.#instances.get(number);
    program?.signal(signal);
    await program?.ended;
    this.#start(number);
  }

  async #restartBus(): Promise<void> {
    await this.#server.kill();
    await pause(this.#dice.pick([0, 500, 1500]));
    await this.#server.restart();
  }

  #watch(watched: readonly Watched[], shoppers: Shoppers): () => void {
    let toldAt = performance.now();
    let pagesTold = 0;
    const timer = setInterval(() => {
      const read = watched.map((one) => ({ name: one.name, ...one.read() }));
      const now = performance.now();
      if (now - toldAt < PRINT_EVERY_MS) return;
      const perSecond = (shoppers.pages - pagesTold) / ((now - toldAt) / MS_PER_SECOND);
      toldAt = now;
      pagesTold = shoppers.pages;
      const states = read.map(
        ({ name, rssBytes, heapBytes = 0, handles }) =>
          `${name}: RSS ${megabytes(rssBytes)}, heap ${megabytes(heapBytes)}, ${handles} handles`,
      );
      const after = Math.round((now - this.#startedAt) / MS_PER_SECOND);
      const pages = `${perSecond.toFixed(0)} pages/s, ${shoppers.failures.length} failures`;
      this.#plan.print(`${String(after).padStart(5)} s  ${pages}  ${states.join("  ")}`);
    }, READ_EVERY_MS);
    return () => clearInterval(timer);
  }

  #printFaults(): void {
    const counted = [...this.#faults].map(([name, count]) => `${name} ${count}`);
    this.#plan.print(`faults: ${counted.join(", ")}`);
  }
}

const ratingsOf = (number: number) => ({ name: "ratings", args: ["--instance", String(number)] }) as const;

async function allFresh(url: string): Promise<boolean> {
  try {
    const ratings = (await (await fetch(`${url}/ratings`)).json()) as RatingsJson;
    return Object.values(ratings).every((rating) => rating?.fresh === true);
  } catch {
    return false;
  }
}
