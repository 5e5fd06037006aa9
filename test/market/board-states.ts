// Shop and board of a Market with two instances: all well, Markets that disagree, a breaker open, all down, and the bus
// away; with scripts and without, on a phone.

import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { type BoardWorld, openBoardWorld, type RunningInstance } from "../support/board-world.ts";
import { axeFindings, boardIsLive, horizontalOverflow, keyboardMisses, textOf, withPage } from "../support/browser.ts";
import { until } from "../support/until.ts";
import type { Judgement } from "./all-pages.ts";

/**
 * A call that a busy machine answers too late leaves a breaker open that no heartbeat closes a second time: it is closed by
 * a retest, after a minute.
 */
export const LIMIT_MS = 150_000;
/** A paused instance still beats, and each beat closes its breaker: none may come while a test looks at it. */
const HEARTBEAT_MS = 300_000;
/** Beside a browser that draws a busy machine gives the instances little time. */
const TIMEOUT_MS = 1_500;
const PHONE = { width: 320, height: 640 } as const;

export interface Watched {
  readonly world: BoardWorld;
  /** Its address. */
  readonly board: string;
  readonly first: RunningInstance;
  readonly second: RunningInstance;
  stateOf(instance: number): string;
  load(): Promise<void>;
  /** Until instance 2 is in a state, with pages loaded meanwhile so that it is called. */
  untilSecond(state: string): Promise<void>;
}

export async function openWatched(): Promise<Watched> {
  const world = await openBoardWorld({ heartbeatIntervalMs: HEARTBEAT_MS, requestTimeoutMs: TIMEOUT_MS });
  const { market } = world;
  const load = async (): Promise<void> => void (await (await fetch(market.url)).text());
  const stateOf = (instance: number): string => {
    const seen = world.board.snapshot().instances.find((row) => row.instance === instance);
    return seen?.state ?? "unknown";
  };
  const untilSecond = (state: string): Promise<void> =>
    until(
      `instance 2 is ${state}`,
      async () => {
        await load();
        return stateOf(2) === state;
      },
      LIMIT_MS,
    );
  const [first, second] = [await world.start(1), await world.start(2)];
  return { world, board: `${market.admin}/board`, first, second, stateOf, load, untilSecond };
}

type Test = (name: string, run: () => Promise<void>) => void;

/** `isThorough`: axe and the keyboard look as well. */
export function watchStates(inBrowser: Test, watched: () => Watched, { isThorough }: Judgement): void {
  const check = async (what: string, status: RegExp, shop: RegExp, rows: RegExp): Promise<void> => {
    await checkPhone(watched(), what, status);
    await checkPlain(watched(), what, shop, rows);
    if (isThorough) await checkThoroughly(watched(), what);
  };

  inBrowser("all is well", async () => {
    await watched().load();
    const status = /^All ratings are fresh\. Answered by instances 1 and 2\.$/;
    await check("healthy", status, /All ratings are fresh/, /✓ Healthy.*✓ Healthy/);
  });

  inBrowser("where Markets disagree there is a column for each, and else one sentence", async () => {
    const all = [
      { market: "m1", name: "here:5000" },
      { market: "m2", name: "there:5000" },
    ];
    watched().world.setMarkets({ all, disagreements: [], omitted: 0 });
    const since = watched().world.clock.wall() - 5_000;
    const cells = [
      { kind: "reported", state: "open", since, why: "request timed out" },
      { kind: "reported", state: "healthy", since, why: null },
    ] as const;
    await withPage({}, async (page) => {
      await page.goto(watched().board);
      await boardIsLive(page);
      assert.is(await textOf(page.locator("#markets")), "All 2 Markets agree.");
      assert.not.ok(await page.locator("#disagreements").isVisible());
      watched().world.setMarkets({ all, disagreements: [{ instance: 2, incarnation: "2-x", cells }], omitted: 0 });
      await page.waitForSelector("#disagreements:not([hidden])");
      assert.is(await textOf(page.locator("#markets")), "2 Markets disagree about instance 2.");
      assert.equal(await page.locator("#disagreements th[scope=col]").allTextContents(), [
        "Instance",
        "here:5000 (this one)",
        "there:5000",
      ]);
      const row = (await page.locator("#disagreements tbody tr").allTextContents()).join().replace(/\s+/g, " ");
      assert.match(row, /^2✕ Breaker open request timed out, for \d+ s✓ Healthy for \d+ s$/);
    });
    await check("disagree", /^All ratings are fresh\./, /fresh/, /Healthy/);
    await withPage({ javaScriptEnabled: false }, async (page) => {
      await page.goto(watched().board);
      assert.match(
        await textOf(page.locator("#disagreements tbody")),
        /Breaker open[\s\S]*request timed out[\s\S]*Healthy/,
      );
    });
    watched().world.setMarkets({ all: all.slice(0, 1), disagreements: [], omitted: 0 });
  });

  inBrowser("a breaker is open, all are down, and the bus is away", async () => {
    const { world, first, second, untilSecond, stateOf, load } = watched();
    second.bus.pause();
    await untilSecond("open");
    const open = /^ ?2 .*✕ Breaker open request timed out.*✓ Healthy/;
    await check("open", /^All ratings are fresh\. Answered by instance 1\.$/, /All ratings are fresh/, open);
    first.bus.pause();
    await until(
      "instance 1 is open",
      async () => {
        await load();
        return stateOf(1) !== "healthy";
      },
      LIMIT_MS,
    );
    const last = String.raw`Last answered by instance 1\.$`;
    // No instance is called, or retests go out at once and are not answered either.
    const down = "(All ratings services are down|No ratings service answered): these are the last known ratings";
    const said = new RegExp(String.raw`^${down}\. (Why: request timed out\. )?${last}`);
    await check("all down", said, /last known ratings/, /Breaker open|Retesting/);
    world.network.disconnect();
    const away = new RegExp(String.raw`^The ratings cannot be reached .*Why: the bus is disconnected\. ${last}`);
    await check("bus away", away, /Why: the bus is disconnected/, /Breaker open|Retesting/);
  });
}

/** Loads the shop until it says so: on a busy machine even a live instance may miss its second. */
export async function untilShop(page: Page, url: string, says: RegExp): Promise<void> {
  let said = "";
  const isSaid = async (): Promise<boolean> => {
    await page.goto(url);
    said = await textOf(page.locator('.ratings-status[role="status"]'));
    return says.test(said);
  };
  await until(`the page says ${says}`, isSaid, LIMIT_MS, () => said);
}

/** What the shop says, and that neither page is cut off. */
const checkPhone = ({ world, board }: Watched, what: string, status: RegExp): Promise<void> =>
  withPage({ viewport: PHONE }, async (page) => {
    await untilShop(page, world.market.url, status);
    assert.match(await textOf(page.locator(".foot .request-id")), /^Request id: [0-9a-f]{32}$/);
    assert.is(await horizontalOverflow(page), 0, `shop, ${what}`);
    await page.goto(board);
    await boardIsLive(page);
    assert.is(await horizontalOverflow(page), 0, `board, ${what}`);
  });

/** Without scripts: what the page and the table of the board say in this state, cut off nowhere. */
const checkPlain = ({ world, board }: Watched, what: string, shop: RegExp, rows: RegExp): Promise<void> =>
  withPage({ javaScriptEnabled: false, viewport: PHONE }, async (page) => {
    await untilShop(page, world.market.url, shop);
    assert.is(await page.locator(".thing").count(), 4, what);
    await page.goto(board);
    assert.match((await page.locator("#table tbody tr").allTextContents()).join("; ").replace(/\s+/g, " "), rows, what);
    assert.ok(await page.locator("#table").isVisible());
    assert.not.ok(await page.locator("#cards").isVisible());
    assert.is(await horizontalOverflow(page), 0, what);
  });

const checkThoroughly = ({ world, board }: Watched, what: string): Promise<void> =>
  withPage({ reducedMotion: "reduce" }, async (page) => {
    for (const url of [world.market.url, board]) {
      await page.goto(url);
      if (url === board) await boardIsLive(page);
      assert.equal(await axeFindings(page), [], `${url}, ${what}, light`);
      await page.emulateMedia({ colorScheme: "dark" });
      assert.equal(await axeFindings(page, "colours"), [], `${url}, ${what}, dark`);
      await page.emulateMedia({ colorScheme: "light" });
      assert.equal(await keyboardMisses(page), [], `${url}, ${what}`);
    }
  });
