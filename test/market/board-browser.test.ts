// takes: 80 s
// alone
//
// Shop and board in a real browser: how soon it shows what happens, without scripts, by keyboard, narrow, light and dark.

import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type BoardWorld, openBoardWorld, type RunningInstance } from "../support/board-world.ts";
import {
  axeFindings,
  findChromium,
  keyboardMisses,
  overhang,
  startBrowser,
  withPage as withPageOf,
} from "../support/browser.ts";
import { until } from "../support/until.ts";

const test = suite("browser");
const chromium = findChromium();
/** On a machine without a browser these are skipped, and counted so. */
const inBrowser = chromium === undefined ? test.skip : test;

const LIMIT_MS = 15_000;
/** What is promised between an event and the sight of it. */
const SHOWN_WITHIN_MS = 200;
let world: BoardWorld;
let browser: Browser | undefined;
let first: RunningInstance;
let second: RunningInstance;

test.before(async () => {
  world = await openBoardWorld();
  first = await world.start(1);
  second = await world.start(2);
  if (chromium !== undefined) browser = await startBrowser(chromium);
});
test.after(async () => {
  await browser?.close();
  await world.close();
});

const withPage = (options: BrowserContextOptions, act: (page: Page) => Promise<void>): Promise<void> =>
  withPageOf(browser, options, act);

const board = (): string => `${world.market.admin}/board`;
const load = async (): Promise<void> => void (await (await fetch(world.market.url)).text());
const stateOf = (instance: number): string => {
  const seen = world.board.snapshot().instances.find((row) => row.instance === instance);
  return seen?.state ?? "unknown";
};
const live = (page: Page): Promise<void> => page.waitForSelector('#feed[data-feed="live"]').then(() => undefined);

const textOf = async (found: Locator): Promise<string> => (await found.textContent()) ?? "";

/** Looked at from here: the page's own policy forbids it to evaluate text, and a test must not have to change that. */
const untilIn = (page: Page, condition: string): Promise<void> =>
  until(condition, () => page.evaluate(`Boolean(${condition})`) as Promise<boolean>, LIMIT_MS);

/** Until instance 2 is in a state, with pages loaded meanwhile so that it is called. */
const untilSecond = (state: string): Promise<void> =>
  until(
    `instance 2 is ${state}`,
    async () => {
      await load();
      return stateOf(2) === state;
    },
    LIMIT_MS,
  );

test("a browser is there, or it is said that there is none", () => {
  if (chromium === undefined) console.log("  no chromium on this machine: the tests in a browser are skipped");
});

inBrowser("an opened breaker is on the board within 200 ms, and closed again after its heartbeat", () =>
  withPage({}, async (page) => {
    await page.goto(board());
    await live(page);
    await page.evaluate(`new MutationObserver(() => {
      if (document.querySelector('.card[data-state="open"]')) window.shownAt ??= Date.now();
    }).observe(document.body, { subtree: true, childList: true, attributes: true })`);
    let openedAt = Number.NaN;
    const stop = world.sight.stream.listen(({ name, at }) => {
      if (name === "breaker.opened") openedAt = at;
    });
    second.bus.pause();
    await untilSecond("open");
    await untilIn(page, "window.shownAt !== undefined");
    stop();
    const tookMs = ((await page.evaluate("window.shownAt")) as number) - openedAt;
    console.log(`  the board showed the opened breaker ${Math.round(tookMs)} ms after the event`);
    assert.ok(tookMs < SHOWN_WITHIN_MS, `${tookMs} ms`);
    const card = page.locator(".card", { hasText: "Instance 2" });
    assert.match(
      await textOf(card),
      /Instance 2[\s\S]*Breaker open[\s\S]*request timed out, \d+ s ago · retest in \d+ s/,
    );
    assert.match(
      await textOf(page.locator("#events li").first()),
      /OPEN breaker on \[ratings at nats:ratings\.get\.2-/,
    );
    assert.is(await textOf(page.locator("#next")), "Instance 1 gets the next call.");
    second.bus.resume();
    await untilSecond("well");
    await page.waitForSelector('.card[data-state="open"]', { state: "detached" });
    await untilIn(page, "document.getElementById('summary').textContent === '2 instances up, all well.'");
  }),
);

inBrowser("the page that comes after an opened breaker waits for nobody, and shows whole ratings of the others", () =>
  withPage({}, async (page) => {
    second.bus.pause();
    await untilSecond("open");
    await page.goto(world.market.url);
    assert.match(await textOf(page.locator(".ratings-status")), /All ratings are fresh/);
    assert.is(await page.locator(".rating-fresh").count(), 4);
    const from = await page.locator(".from").allTextContents();
    assert.equal([...new Set(from)], ["from instance 1"]);
    second.bus.resume();
    await untilSecond("well");
  }),
);

inBrowser("the board says so when its feed dies, and goes on when it is back", () =>
  withPage({}, async (page) => {
    await page.goto(board());
    await live(page);
    await page.evaluate(`window.said = []; new MutationObserver(() => {
      window.said.push(document.getElementById("feed").textContent);
    }).observe(document.getElementById("feed"), { childList: true })`);
    world.board.feed.close();
    await untilIn(page, "window.said.some((text) => text.startsWith('The feed is lost'))");
    await live(page);
    const before = world.sight.stream.lastId;
    const third = await world.start(3);
    await untilIn(page, "document.querySelectorAll('.card').length === 3");
    assert.ok(world.sight.stream.lastId > before);
    await third.instance.goodbye();
    await page.waitForSelector('.card[data-state="left"]');
  }),
);

inBrowser("without scripts the board is a table, and the shop a shop", () =>
  withPage({ javaScriptEnabled: false }, async (page) => {
    await page.goto(board());
    const rows = await page.locator("tbody tr").allTextContents();
    assert.ok(rows.length >= 2 && rows.some((row) => /Well/.test(row)), rows.join("; "));
    assert.ok(await page.locator("#table").isVisible());
    assert.not.ok(await page.locator("#cards").isVisible());
    await page.goto(world.market.url);
    await page.locator("button[name=addCart]").first().click();
    assert.match(await textOf(page.locator(".cart")), /Total: \$99\.99/);
  }),
);

/** Shop and board, each checked, in both schemes and at the width of a small phone. */
async function checkBoth(what: string, status: RegExp): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await withPage({ colorScheme }, async (page) => {
      // On a busy machine even a live instance may miss its second once.
      await until(
        `the page says ${status}`,
        async () => {
          await page.goto(world.market.url);
          const said = await textOf(page.locator('.ratings-status[role="status"]'));
          return status.test(said.replace(/\s+/g, " ").trim());
        },
        LIMIT_MS,
      );
      assert.match(await textOf(page.locator(".foot .request-id")), /^Request id: [0-9a-f]{32}$/);
      assert.equal(await axeFindings(page), [], `shop, ${what}, ${colorScheme}`);
      if (colorScheme === "light") assert.equal(await keyboardMisses(page), [], `shop, ${what}`);
      await page.goto(board());
      await live(page);
      assert.equal(await axeFindings(page), [], `board, ${what}, ${colorScheme}`);
      if (colorScheme === "light") assert.equal(await keyboardMisses(page), [], `board, ${what}`);
    });
  }
  await withPage({ viewport: { width: 320, height: 640 } }, async (page) => {
    await page.goto(world.market.url);
    assert.is(await overhang(page), 0, `shop, ${what}`);
    await page.goto(board());
    await live(page);
    assert.is(await overhang(page), 0, `board, ${what}`);
  });
}

/** Without scripts: what the page and the table of the board say in this state, cut off nowhere. */
const checkPlain = (what: string, shop: RegExp, rows: RegExp): Promise<void> =>
  withPage({ javaScriptEnabled: false, viewport: { width: 320, height: 640 } }, async (page) => {
    await page.goto(world.market.url);
    assert.match(await textOf(page.locator(".ratings-status")), shop, what);
    assert.is(await page.locator(".thing").count(), 4, what);
    await page.goto(board());
    assert.match((await page.locator("#table tbody tr").allTextContents()).join("; ").replace(/\s+/g, " "), rows, what);
    assert.ok(await page.locator("#table").isVisible());
    assert.is(await overhang(page), 0, what);
  });

inBrowser("axe finds nothing, and nothing is cut off at 320 px, while all is well", async () => {
  await load();
  await checkBoth("well", /^All ratings are fresh\. Answered by instances 1 and 2\.$/);
  await checkPlain("well", /All ratings are fresh/, /✓ Well.*✓ Well/);
});

inBrowser("where Markets disagree there is a column for each, and else one sentence", async () => {
  const all = [
    { market: "m1", name: "here:5000" },
    { market: "m2", name: "there:5000" },
  ];
  world.tellMarkets({ all, disputes: [], unlisted: 0 });
  const since = world.clock.wall() - 5_000;
  const cells = [
    { kind: "told", state: "open", since, why: "request timed out" },
    { kind: "told", state: "well", since, why: null },
  ] as const;
  await withPage({}, async (page) => {
    await page.goto(board());
    await live(page);
    assert.is(await textOf(page.locator("#markets")), "All 2 Markets agree.");
    assert.not.ok(await page.locator("#disputes").isVisible());
    world.tellMarkets({ all, disputes: [{ instance: 2, incarnation: "2-x", cells }], unlisted: 0 });
    await page.waitForSelector("#disputes:not([hidden])");
    assert.is(await textOf(page.locator("#markets")), "2 Markets disagree about instance 2.");
    assert.equal(await page.locator("#disputes th[scope=col]").allTextContents(), [
      "Instance",
      "here:5000 (this one)",
      "there:5000",
    ]);
    const row = (await page.locator("#disputes tbody tr").allTextContents()).join().replace(/\s+/g, " ");
    assert.match(row, /^2✕ Breaker open request timed out, for \d+ s✓ Well for \d+ s$/);
  });
  await checkBoth("disagree", /^All ratings are fresh\./);
  await withPage({ javaScriptEnabled: false }, async (page) => {
    await page.goto(board());
    assert.match(await textOf(page.locator("#disputes tbody")), /Breaker open[\s\S]*request timed out[\s\S]*Well/);
  });
  world.tellMarkets({ all: all.slice(0, 1), disputes: [], unlisted: 0 });
});

inBrowser("axe finds nothing on the table that stands there without scripts", () =>
  withPage({}, async (page) => {
    await page.route("**/board.js*", (route) => route.fulfill({ body: "", contentType: "text/javascript" }));
    await page.goto(board());
    assert.equal(await axeFindings(page), []);
    await page.setViewportSize({ width: 320, height: 640 });
    assert.is(await overhang(page), 0);
  }),
);

inBrowser("the keyboard is enough: past the head, along the links, into the cart", () =>
  withPage({}, async (page) => {
    const focused = (): Promise<string> => page.evaluate("document.activeElement.textContent.trim()");
    await page.goto(board());
    await live(page);
    await page.keyboard.press("Tab");
    assert.is(await focused(), "Skip to the instances");
    await page.keyboard.press("Enter");
    assert.is(await page.evaluate("document.activeElement.id"), "instances");
    await page.goto(world.market.url);
    for (let tabs = 0; tabs < 20 && !(await focused()).startsWith("Add to Cart: Basketball"); tabs++) {
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await page.waitForSelector(".cart .total");
    assert.match(await textOf(page.locator(".cart")), /Basketball/);
  }),
);

inBrowser("who wants no motion gets none", () =>
  withPage({ reducedMotion: "reduce" }, async (page) => {
    await page.goto(board());
    await page.waitForSelector(".fill");
    assert.is(await page.evaluate("getComputedStyle(document.querySelector('.fill')).transitionDuration"), "0s");
  }),
);

inBrowser("axe finds nothing while a breaker is open, when all are down, and when the bus is away", async () => {
  second.bus.pause();
  await untilSecond("open");
  await checkBoth("open", /^All ratings are fresh\. Answered by instance 1\.$/);
  await checkPlain("open", /All ratings are fresh/, /^ ?2 .*✕ Breaker open request timed out.*✓ Well/);
  first.bus.pause();
  await until(
    "instance 1 is open",
    async () => {
      await load();
      return stateOf(1) !== "well";
    },
    LIMIT_MS,
  );
  const last = String.raw`Last answered by instance 1\.$`;
  // Nobody is asked, or retests go out at once and are not answered either.
  const down = "(All ratings services are down|No ratings service answered): these are the last known ratings";
  await checkBoth("all down", new RegExp(String.raw`^${down}\. (Why: request timed out\. )?${last}`));
  await checkPlain("all down", /last known ratings/, /Breaker open|Retesting/);
  world.network.disconnect();
  await checkBoth("bus away", new RegExp(String.raw`^Nobody can be asked .*Why: the bus is away\. ${last}`));
  await checkPlain("bus away", /Why: the bus is away/, /Breaker open|Retesting/);
});

test.run();
