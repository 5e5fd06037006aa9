// Shoppers: loads the page of a Market at an even rate, and reports what came, once a second.

import type { Cancel, Clock } from "../clock.ts";
import type { ShoppersReport } from "../monitor/traffic.ts";
import type { ShutdownHooks, StartResult } from "../program/program.ts";
import { SECOND_MS } from "../util/format.ts";
import { shownPage } from "./core/arguments.ts";
import { Results, type Totals } from "./core/results.ts";
import { Schedule } from "./core/schedule.ts";
import { readPage, readThingIds } from "./core/shop-page.ts";
import { type Loaded, PageLoader } from "./page-loader.ts";

/** Where reports go: a terminal, or the Market that started this process. */
export interface ShoppersOutput {
  started(rate: number): void;
  report(report: ShoppersReport): void;
  /** @param ranMs since the first page */
  ended(totals: Totals, ranMs: number): void;
}

export interface ShoppersOptions {
  /** The Market's page: scheme, host and port. */
  readonly url: string;
  /** Pages a second. */
  readonly rate: number;
  readonly clock: Clock;
  readonly output: ShoppersOutput;
  /** Calls `act` with each new rate; left out: the rate stays. */
  readonly onRate?: (act: (rate: number) => void) => void;
}

/**
 * Two seconds of the highest position of the switch. A page waits a second for an instance that hangs, so at that rate
 * two hundred are open. A Market that is stopped would have thousands within a minute.
 */
const MAX_OPEN = 400;
const REPORT_INTERVAL_MS = SECOND_MS;
const THINGS_PATH = "/?json=true";

/** Begins with a look for the Market: without one the reason, and what to type, is the result. */
export async function startShoppers(options: ShoppersOptions, closers: ShutdownHooks): Promise<StartResult> {
  const { url, rate, clock, onRate } = options;
  const loader = new PageLoader(url, clock, MAX_OPEN);
  closers.push(() => loader.close());
  const found = await loader.load(THINGS_PATH);
  const thingIds = found.kind === "answered" ? readThingIds(found.status, found.body) : undefined;
  if (thingIds === undefined) return { kind: "refused", why: [whyNoMarket(found, url, rate)] };
  const shoppers = new Shoppers(options, loader, thingIds);
  closers.push(() => shoppers.close());
  shoppers.start();
  onRate?.((wanted) => shoppers.setRate(wanted));
  return { kind: "running" };
}

function whyNoMarket(found: Loaded, page: string, rate: number): string {
  const url = shownPage(page);
  const otherPort = `if it has another port, type  make shoppers RATE=${rate} PORT=5001`;
  if (found.kind === "silent")
    return `the Market at ${url} accepts connections and does not answer: if it is paused, type  fg  where it runs`;
  if (found.kind === "answered") return `the program at ${url} is no Market: ${otherPort}`;
  if (!found.isRefused) return `no Market is reached at ${url} (${found.why}): ${otherPort}`;
  return `no Market is at ${url}: start one in another terminal with  make market  or  make demo   (${otherPort})`;
}

class Shoppers {
  readonly #options: ShoppersOptions;
  readonly #loader: PageLoader;
  readonly #thingIds: readonly string[];
  readonly #results = new Results();
  readonly #startedAt: number;
  #schedule: Schedule;
  #open = 0;
  #isClosed = false;
  #stopLoop: Cancel = () => undefined;
  #stopReports: Cancel = () => undefined;

  constructor(options: ShoppersOptions, loader: PageLoader, thingIds: readonly string[]) {
    this.#options = options;
    this.#loader = loader;
    this.#thingIds = thingIds;
    this.#startedAt = options.clock.now();
    this.#schedule = new Schedule(options.rate, this.#startedAt);
  }

  start(): void {
    const { clock, output, rate } = this.#options;
    output.started(rate);
    this.#stopReports = clock.every(REPORT_INTERVAL_MS, () => output.report(this.#results.report(clock.now())));
    this.#turn();
  }

  setRate(rate: number): void {
    if (this.#isClosed) return;
    this.#schedule = new Schedule(rate, this.#options.clock.now());
    this.#stopLoop();
    this.#turn();
  }

  close(): void {
    const { clock, output } = this.#options;
    this.#isClosed = true;
    this.#stopLoop();
    this.#stopReports();
    output.ended(this.#results.totals(), clock.now() - this.#startedAt);
  }

  /** Begins what is due, and waits for the next. */
  #turn(): void {
    const { clock } = this.#options;
    const now = clock.now();
    for (let due = this.#schedule.take(now); due > 0; due--) {
      if (this.#open < MAX_OPEN) void this.#load();
      else this.#results.leaveOut(now);
    }
    this.#stopLoop = clock.after(this.#schedule.nextInMs(now), () => this.#turn());
  }

  async #load(): Promise<void> {
    const { clock } = this.#options;
    const startedAt = clock.now();
    this.#open += 1;
    const loaded = await this.#loader.load("/");
    this.#open -= 1;
    const now = clock.now();
    const outcome =
      loaded.kind === "answered"
        ? readPage(loaded.status, loaded.body, this.#thingIds)
        : ({ kind: "failed", why: loaded.why } as const);
    this.#results.add(outcome, now - startedAt, now);
  }
}
