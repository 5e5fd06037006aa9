// A Market and instances that take faults, with its board in a real browser.

import type { Locator, Page } from "playwright-core";
import { boardIsLive, untilText, withPage } from "../support/browser.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { incarnationOf, type RunningMarket, type RunningRatings, World } from "../support/world.ts";

export const TIMEOUT_MS = 700;
/** Time for a page or two before it is over, also on a busy machine. */
const RETEST_DELAY_MS = 8_000;
export const CHAOS = { CHAOS: "1" };

/** One for a test file, from `start` to `close`. */
export class FaultBoard {
  #server: TestServer | undefined;
  #world: World | undefined;
  #market: RunningMarket | undefined;

  async start(): Promise<void> {
    this.#server = await startNatsServer();
    this.#world = new World(this.#server.url, {
      REQUEST_TIMEOUT_MS: String(TIMEOUT_MS),
      RETEST_DELAY_MS: String(RETEST_DELAY_MS),
      HEARTBEAT_INTERVAL_MS: "15000",
    });
    this.#market = await this.#world.startMarket();
  }

  async close(): Promise<void> {
    await this.#world?.close();
    await this.#server?.stop();
  }

  get world(): World {
    if (this.#world === undefined) throw new Error("not started");
    return this.#world;
  }

  get market(): RunningMarket {
    if (this.#market === undefined) throw new Error("not started");
    return this.#market;
  }

  /** A board that is live, for one test. */
  withBoard(act: (page: Page) => Promise<void>): Promise<void> {
    return withPage({}, async (page) => {
      await page.goto(`${this.market.admin}/board`);
      await boardIsLive(page);
      await act(page);
    });
  }

  /** Instances for one test. */
  async withRatings(
    numbers: readonly number[],
    env: Readonly<Record<string, string>>,
    act: (all: readonly RunningRatings[]) => Promise<void>,
  ): Promise<void> {
    const all: RunningRatings[] = [];
    for (const number of numbers) all.push(await this.world.startRatings(number, env));
    try {
      await act(all);
    } finally {
      await Promise.all(all.map(({ program }) => program.end()));
    }
  }
}

export const cardOf = (page: Page, ratings: RunningRatings): Locator =>
  page.locator(".card", { hasText: incarnationOf(ratings) });

export const untilCard = (page: Page, ratings: RunningRatings, pattern: RegExp): Promise<void> =>
  untilText(cardOf(page, ratings), pattern);

export const untilTold = (page: Page, pattern: RegExp): Promise<void> =>
  untilText(page.locator("#fault-result"), pattern);
