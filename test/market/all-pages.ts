// Everything that shop and board can show, looked at in a real browser: what axe finds in light and dark, what the Tab key
// misses, what is cut off or sticks out from the phone to the desk. First, that the lookers see what is wrong at all.

import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import type { FaultController } from "../../src/market/board/faults.ts";
import type { TrafficControl } from "../../src/market/board/traffic.ts";
import { NO_STATES } from "../../src/monitor/instance-states.ts";
import { STATE_NAMES } from "../../src/monitor/states.ts";
import {
  axeFindings,
  boardIsLive,
  gapsIn,
  horizontalOverflow,
  keyboardMisses,
  overflowing,
  type PageOptions,
  textOf,
  untilText,
  withPage,
} from "../support/browser.ts";
import { type EveryState, type EveryStateOptions, openEveryState } from "../support/every-state.ts";
import { ratings, withMarket } from "./serve.ts";
import { SHOPS } from "./shop-states.ts";

/** No colour is on its way to another when it is judged. */
const STILL: PageOptions = { reducedMotion: "reduce" };
/** Blocks of the board stand a rem and a quarter apart. */
const MAX_GAP_PX = 60;
const PHONE_PX = 320;
const ALL_WIDTHS_PX = [PHONE_PX, 768, 1280, 1920] as const;

export interface Judgement {
  /** Each page for axe in both schemes, by keyboard and in every width; else one of each kind, and the others on a phone. */
  readonly isThorough: boolean;
}

type Test = (name: string, run: () => Promise<void>) => void;

const DESK: FaultController = {
  mayAsk: true,
  ask: async () => ({ isDone: true, message: "instance 1: paused, for 60 s" }),
};

const TRAFFIC: TrafficControl = {
  traffic: {
    rate: 200,
    shoppers: {
      ...{ pages: 12_000, failed: 345, lastFailure: "no page within 5.0 s", skipped: 6_789 },
      ...{ p50Ms: 3.2, p99Ms: 1_003, fresh: 46_000, lastKnown: 620 },
    },
  },
  set: () => undefined,
};

/** A Market that serves such a board, for the length of one test. */
async function withBoard(
  options: EveryStateOptions,
  act: (shown: EveryState, board: string) => Promise<void>,
): Promise<void> {
  const shown = openEveryState(options);
  try {
    const shop = { board: () => shown.board, rate: async () => ratings() };
    await withMarket(shop, ({ admin }) => act(shown, `${admin}/board`));
  } finally {
    await shown.close();
  }
}

/** A page in one state, judged; `isWhole`: by axe in both schemes, by keyboard and in every width. axe takes a second. */
async function judge(page: Page, parent: string, isWhole: boolean): Promise<void> {
  const size = page.viewportSize();
  if (isWhole) {
    assert.equal(await axeFindings(page), [], "light");
    await page.emulateMedia({ colorScheme: "dark" });
    assert.equal(await axeFindings(page, "colours"), [], "dark");
    await page.emulateMedia({ colorScheme: "light" });
    assert.equal(await keyboardMisses(page), []);
  }
  await judgeWidths(page, isWhole, () => gapsIn(page, parent, MAX_GAP_PX));
  if (size !== null) await page.setViewportSize(size);
}

async function judgeWidths(
  page: Page,
  isWhole: boolean,
  more: () => Promise<readonly string[]> = async () => [],
): Promise<void> {
  for (const width of isWhole ? ALL_WIDTHS_PX : [PHONE_PX]) {
    await page.setViewportSize({ width, height: 800 });
    assert.is(await horizontalOverflow(page), 0, `at ${width} px`);
    assert.equal([...(await overflowing(page)), ...(await more())], [], `at ${width} px`);
  }
}
/** With the faults of the last card, and of the first, open. */
async function liveWithFaults(page: Page): Promise<void> {
  await boardIsLive(page);
  for (const place of [0, -1]) await page.locator(".card details.faults:visible").nth(place).locator("summary").click();
  assert.is(await page.locator(".card .fault-button:visible").count(), 12);
}

/** Of each state, in the board's order. */
const WHYS = [
  /✕ Breaker open.*request timed out, \d+ (s|min) ago · retest in \d+ s/,
  /↻ Retesting.*request timed out, \d+ (s|min) ago · a retest is in flight/,
  /\? Lost.*no heartbeat/,
  /◷ Late.*it is late: it owes 1 answer/,
  /▲ Failing.*7 of 21 calls failed in the last minute · 500: no table named ratings_of/,
  /! On probation.*closes fully after \d more answers/,
  /→ Leaving.*finishes its open calls/,
  /✓ Healthy.*in rotation/,
  /✓ Healthy.*in rotation.*paused, ends in \d+ s; slow by 60000 ms, ends in \d+ s; fails 100 % of its calls/,
  /✓ Healthy.*in rotation/,
  /– Left.*said goodbye/,
] as const;

/** The lookers themselves: that they see what is wrong. */
export function judgeJudges(inBrowser: Test): void {
  inBrowser("those who look see what is wrong: they find each of the faults that are put into a page", () =>
    withBoard({}, (_, board) =>
      withPage(STILL, async (page) => {
        await page.goto(board);
        await boardIsLive(page);
        await page.evaluate(`(() => {
          document.querySelector("h1").style.color = "rgb(228 218 200)";
          // As a rule of a style sheet: the charts are drawn again when the history arrives.
          const faint = new CSSStyleSheet();
          faint.replaceSync(".chart-time { fill: rgb(180 170 150) !important; }");
          document.adoptedStyleSheets = [faint];
          document.getElementById("next").style.backgroundImage = "linear-gradient(red, blue)";
          document.querySelector("main").insertAdjacentHTML("beforeend", '<svg role="img"></svg>');
          document.querySelector(".numbers").style.marginRight = "-6rem";
          document.getElementById("instances").style.marginTop = "6rem";
          document.querySelector("nav a").tabIndex = -1;
          document.querySelectorAll("nav a")[1].style.outline = "none";
          document.body.style.minWidth = "1300px";
        })()`);
        const found = (await axeFindings(page)).join("\n");
        assert.match(found, /^color-contrast.*\bh1\b/m);
        assert.match(found, /^color-contrast.*#next/m);
        assert.match(found, /^text in drawings has less than 4\.5:1 \(chart-time \d\d:\d\d/m);
        assert.match(found, /^svg-img-alt/m);
        const colours = (await axeFindings(page, "colours")).join("\n");
        assert.match(colours, /^color-contrast.*\bh1\b/m);
        assert.not.match(colours, /svg-img-alt/);
        const missed = (await keyboardMisses(page)).join("\n");
        assert.match(missed, /^not reached: .*the shop/m);
        assert.match(missed, /^focus not seen: .*as data/m);
        assert.is(await horizontalOverflow(page), 20);
        assert.match((await overflowing(page)).join("\n"), /^card: <dl class="numbers"/m);
        assert.equal(await gapsIn(page, ".column", MAX_GAP_PX), []);
        await page.evaluate(`document.getElementById("disagreements").style.marginTop = "6rem"`);
        // The matrix of callers appears with the history, which is asked for after the page.
        const gaps = (await gapsIn(page, ".column", MAX_GAP_PX)).join("\n");
        assert.match(gaps, /^panel (history|callers) and panel disagreements$/);
      }),
    ),
  );
}

/** Everything that the board can show. */
export function judgeBoards(inBrowser: Test, { isThorough }: Judgement): void {
  inBrowser("the board with an instance in each state, all faults on, and Markets that disagree", () =>
    withBoard({ faults: DESK, traffic: TRAFFIC }, async (shown, board) => {
      const states = shown.board.snapshot().instances.map(({ state }) => state);
      assert.equal([...new Set(states)], [...STATE_NAMES], "every state is there, the worst first");
      await withPage(STILL, async (page) => {
        await page.goto(board);
        await liveWithFaults(page);
        const own = "[...document.querySelectorAll('.card')].map((card) => card.dataset.state)";
        assert.equal(await page.evaluate(own), states);
        await withPage({ javaScriptEnabled: false }, async (plain) => {
          await plain.goto(board);
          await compare(page, plain);
          await judgeWidths(plain, isThorough);
        });
        await judge(page, "main", true);
      });
    }),
  );

  inBrowser("the board before the first heartbeat", () =>
    withBoard({ isEmpty: true }, (_, board) =>
      withPage(STILL, async (page) => {
        await page.goto(board);
        await boardIsLive(page);
        assert.ok(await page.locator("#no-instance").isVisible());
        assert.match(
          await textOf(page.locator("#no-instance")),
          /No instance has sent a heartbeat yet. Type.*make startRatings/,
        );
        assert.is(await textOf(page.locator("#summary")), "No instance is up.");
        await judge(page, "main", isThorough);
      }),
    ),
  );

  inBrowser("the board while the bus is away claims nothing: its states are those of when it was lost", () =>
    withBoard({}, ({ setBusStatus }, board) =>
      withPage(STILL, async (page) => {
        await page.goto(board);
        await boardIsLive(page);
        assert.is(await shownAs(page), "live");
        setBusStatus("disconnected");
        await untilText(page.locator("#bus"), /^Not connected to NATS since [\d:]{8}: no call can be sent\.$/);
        await untilText(
          page.locator("#summary"),
          /^Not connected to NATS: no instance can be called\. .*, as of [\d:]{8}\.$/,
        );
        assert.is(await textOf(page.locator("#next")), "No instance: the bus is disconnected.");
        assert.is(await page.locator("#ring .is-next").count(), 0);
        assert.match(await textOf(page.locator("#instances-title")), /, as of [\d:]{8}$/);
        for (const why of (await textsOf(page, ".card[data-state=healthy] .card-why")).map((text) => text.trim()))
          assert.is(why, "the bus is disconnected");
        assert.equal([await isGrey(page, ".instances"), await isGrey(page, ".turns")], [true, true]);
        assert.equal([await shownAs(page), await isGrey(page, ".events")], ["cut off", false]);
        await withPage({ javaScriptEnabled: false }, async (plain) => {
          await plain.goto(board);
          assert.match(
            await textOf(plain.locator("#summary")),
            /^Not connected to NATS: no instance can be called, as of/,
          );
          assert.match(
            await textOf(plain.locator("#next")),
            /^No instance: the bus is disconnected, as of [\d:]{8}\.$/,
          );
          assert.ok(await isGrey(plain, ".instances"));
          await judgeWidths(plain, isThorough);
        });
        await judge(page, "main", isThorough);
        setBusStatus("connected");
        await page.waitForSelector('#board[data-shown="live"]');
        assert.equal([await isGrey(page, ".instances"), await page.locator("#ring .is-next").count()], [false, 1]);
      }),
    ),
  );

  inBrowser("the board whose feed is dead is grey, and says of which moment it is", () =>
    withBoard({}, ({ board: served }, board) =>
      withPage({ ...STILL, mayComplain: true }, async (page) => {
        await page.goto(board);
        await boardIsLive(page);
        const healthy = await colourOf(page, "#summary");
        await page.route("**/board/events", (route) => route.abort());
        served.feed.close();
        await page.waitForSelector('#board[data-shown="old"]');
        for (const notice of ["#summary", "#bus", "#markets", "#next"])
          assert.match(await textOf(page.locator(notice)), /, as of [\d:]{8}\.$/, notice);
        for (const title of ["#instances-title", "#turns-title"])
          assert.match(await textOf(page.locator(title)), /, as of [\d:]{8}$/, title);
        assert.match((await textsOf(page, ".last-heartbeat")).join(), /^(at [\d:]{8},?)+$/);
        assert.is(await isGrey(page, ".instances"), true);
        const colours = await Promise.all(["#summary", "#bus", "#markets"].map((one) => colourOf(page, one)));
        assert.is(new Set(colours).size, 1, "no notice has the colour of a state");
        assert.is.not(colours[0], healthy);
        await judge(page, "main", isThorough);
        await page.unroute("**/board/events");
        await boardIsLive(page);
        await untilText(page.locator(".last-heartbeat").first(), / ago$/);
        assert.equal([await shownAs(page), await colourOf(page, "#summary")], ["live", healthy]);
      }),
    ),
  );
}

const colourOf = (page: Page, selector: string): Promise<string> =>
  page.evaluate(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).color`);
const shownAs = (page: Page): Promise<string | null> => page.locator("#board").getAttribute("data-shown");
const isGrey = async (page: Page, selector: string): Promise<boolean> =>
  (await page.evaluate(`getComputedStyle(document.querySelector("${selector}")).filter`)) === "grayscale(1)";

/** The board's table, which stands there for who has no scripts. */
export function judgeTable(inBrowser: Test): void {
  inBrowser("the board's table that stands there without scripts is found in order, too", () =>
    withBoard({ faults: DESK, traffic: TRAFFIC }, (_, board) =>
      withPage(STILL, async (page) => {
        await page.route("**/static/*.js*", (route) => route.fulfill({ body: "", contentType: "text/javascript" }));
        await page.goto(board);
        await page.locator("#table details.faults").first().locator("summary").click();
        assert.equal(await axeFindings(page), []);
        assert.equal(await keyboardMisses(page), []);
        await page.emulateMedia({ colorScheme: "dark" });
        assert.equal(await axeFindings(page, "colours"), [], "dark");
      }),
    ),
  );
}

/** The board without scripts says the same, and every row of its table what its card says. */
async function compare(page: Page, plain: Page): Promise<void> {
  assert.ok(await plain.locator("#table").isVisible());
  const notices = "#summary, #bus, #next, #ring, #markets, #traffic-got";
  // It shows the moment of its load, and says so.
  const said = await textOf(plain.locator(notices));
  assert.is(said.match(/, as of \d\d:\d\d:\d\d\./g)?.length, 5, said);
  assert.is(said.replace(/, as of [\d:]+/g, ""), await textOf(page.locator(notices)));
  const cards = await textsOf(page, ".card");
  const rows = await textsOf(plain, "#table tbody tr");
  assert.is(cards.length, rows.length);
  for (const [place, why] of WHYS.entries()) {
    assert.match(cards[place] ?? "", why);
    assert.match(rows[place] ?? "", why);
  }
}

const textsOf = async (page: Page, selector: string): Promise<string[]> =>
  (await page.locator(selector).allTextContents()).map((text) => text.replace(/\s+/g, " "));

/** One state of the shop's ratings, which has fresh and last known ones. */
export function judgeShop(inBrowser: Test): void {
  inBrowser("the shop where one of two instances hangs", () =>
    withPage(STILL, async (page) => {
      for (const { page: shown, states, says } of SHOPS.filter(({ what }) => what === "one of two hangs"))
        await withMarket({ rate: async () => shown, states: () => states }, ({ url }) => judgeState(page, url, says));
    }),
  );
}

/** Everything that the shop can show: with an empty cart, with a full one and its message, and without scripts. */
export function judgeShops(inBrowser: Test): void {
  inBrowser("the shop in each state of its ratings, with an empty cart, and with a full one and its message", () =>
    withPage(STILL, async (page) => {
      await withMarket({}, ({ url }) => judgeCarts(page, url, /^$/));
      let shown = SHOPS[0];
      const rate = async () => shown?.page ?? ratings();
      await withMarket({ rate, states: () => shown?.states ?? NO_STATES }, async ({ url }) => {
        for (const state of SHOPS) {
          const { says } = state;
          shown = state;
          await judgeCarts(page, url, says);
          await withPage({ javaScriptEnabled: false }, async (plain) => {
            await plain.goto(url);
            await saysSo(plain, says);
          });
        }
      });
    }),
  );

  inBrowser("pages that say what went wrong", () =>
    withMarket({}, ({ url }) =>
      withPage({ ...STILL, mayComplain: true }, async (page) => {
        await page.goto(`${url}/nonesuch`);
        assert.equal(await axeFindings(page), [], "light");
        await page.emulateMedia({ colorScheme: "dark" });
        assert.equal(await axeFindings(page, "colours"), [], "dark");
        await page.setViewportSize({ width: PHONE_PX, height: 640 });
        assert.is(await horizontalOverflow(page), 0);
      }),
    ),
  );
}

async function judgeState(page: Page, url: string, says: RegExp): Promise<void> {
  await page.goto(url);
  await saysSo(page, says);
  await judge(page, ".market", true);
}

async function judgeCarts(page: Page, url: string, says: RegExp): Promise<void> {
  await page.context().clearCookies();
  await judgeState(page, url, says);
  for (const _ of [1, 2, 3, 4]) await page.locator("button[name=addCart]").first().click();
  await page.locator(".message[role=status]").waitFor();
  assert.is(await page.locator(".cart-things li").count(), 4);
  await saysSo(page, says);
  await judge(page, ".market", true);
}

async function saysSo(page: Page, says: RegExp): Promise<void> {
  assert.match(await textOf(page.locator('.ratings-status[role="status"]')), says);
  assert.is(await page.locator(".thing").count(), 4);
}
