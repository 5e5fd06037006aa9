// takes: 60 s
//
// Steps 5 to 15 of the walk, from the board alone: a real browser presses its buttons and loads the shop's page. Only what a
// page cannot do, starting a process, is done beside it.

import type { Browser, Locator, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { axeFindings, findChromium, overhang, startBrowser } from "../support/browser.ts";
import { isRunning, startNatsServer, type TestServer } from "../support/nats-server.ts";
import { readProcess } from "../support/processes.ts";
import { type RunningMarket, type RunningRatings, until, World } from "../support/world.ts";

const test = suite("faults in a browser");
const chromium = findChromium();
/** On a machine without a browser these are skipped, and counted so. */
const inBrowser = chromium === undefined ? test.skip : test;

const LIMIT_MS = 30_000;
const TIMEOUT_MS = 700;
/** Time for a page or two before it is over, also on a busy machine. */
const RETEST_DELAY_MS = 8_000;
const CHAOS = { CHAOS: "1" };

let server: TestServer;
let world: World;
let market: RunningMarket;
let browser: Browser | undefined;

test.before.each(async () => {
  server = await startNatsServer();
  world = new World(server.url, {
    REQUEST_TIMEOUT_MS: String(TIMEOUT_MS),
    RETEST_DELAY_MS: String(RETEST_DELAY_MS),
    HEARTBEAT_INTERVAL_MS: "15000",
  });
  market = await world.startMarket();
  if (chromium !== undefined) browser = await startBrowser(chromium);
});
test.after.each(async () => {
  await browser?.close();
  await world.close();
  await server.stop();
});

async function openPage(options: { readonly javaScriptEnabled?: boolean } = {}): Promise<Page> {
  const page = await browser?.newPage({ viewport: { width: 1200, height: 900 }, ...options });
  assert.ok(page !== undefined);
  return page as Page;
}

const live = (page: Page): Promise<unknown> => page.waitForSelector('#feed[data-feed="live"]');
const textOf = async (found: Locator): Promise<string> => (await found.textContent()) ?? "";
const idOf = ({ address }: RunningRatings): string => address.split(".").at(-1) ?? "";

const cardOf = (page: Page, ratings: RunningRatings): Locator => page.locator(".card", { hasText: idOf(ratings) });

async function untilCard(page: Page, ratings: RunningRatings, pattern: RegExp): Promise<void> {
  await until(`the card says ${pattern}`, async () => pattern.test(await textOf(cardOf(page, ratings))), LIMIT_MS);
}

const untilTold = (page: Page, pattern: RegExp): Promise<void> =>
  until(`it is told: ${pattern}`, async () => pattern.test(await textOf(page.locator("#told"))), LIMIT_MS);

/** Presses a button of a card's menu, as a person would: opens the menu first. */
async function press(page: Page, ratings: RunningRatings, button: string): Promise<void> {
  const menu = cardOf(page, ratings).locator("details.faults");
  if ((await menu.getAttribute("open")) === null) await menu.locator("summary").click();
  await menu.getByRole("button", { name: button, exact: true }).click();
}

interface Visit {
  /** How many ratings the shop's page shows as last known; all four are there. */
  readonly lastKnown: number;
  readonly printed: readonly string[];
}

/** Loads the shop, and reads what the Market printed meanwhile. */
async function visit(page: Page): Promise<Visit> {
  const mark = market.program.mark();
  await page.goto(market.url);
  const html = await page.content();
  for (const rating of ["4.5/5", "2.1/5", "3.5/5", "2.2/5"]) assert.ok(html.includes(rating), `${rating} is there`);
  await market.program.waitFor(/^(GOT|BAD) football: /, { mark });
  const printed = market.program.since(mark);
  return { lastKnown: (html.match(/last known/g) ?? []).length, printed };
}

const usedIn = ({ printed }: Visit): readonly number[] =>
  printed.flatMap((line) => (/using instance (\d+)/.exec(line)?.[1] ?? []) as string | never[]).map(Number);

const waitedIn = ({ printed }: Visit): number =>
  Number(printed.map((line) => /^WAITED (\d+)ms/.exec(line)?.[1]).find((found) => found !== undefined));

const count = ({ printed }: Visit, pattern: RegExp): number => printed.filter((line) => pattern.test(line)).length;

/** In turn, from whichever it begins. */
function takeTurns(used: readonly number[]): void {
  assert.is(used.length, 4, used.join());
  assert.ok(
    used.every((number, place) => number !== used[place - 1]),
    used.join(),
  );
}

test("a browser is there, or it is said that there is none", () => {
  if (chromium === undefined) console.log("  no chromium on this machine: the tests in a browser are skipped");
});

inBrowser("steps 5 to 15 of the walk, from the board alone", async () => {
  const three = [
    await world.startRatings(1, CHAOS),
    await world.startRatings(2, CHAOS),
    await world.startRatings(3, CHAOS),
  ];
  const [board, shop] = [await openPage(), await openPage()];
  await board.goto(`${market.admin}/board`);
  await live(board);
  await market.untilKnown(3);
  assert.is((await visit(shop)).lastKnown, 0, "4: all ratings are there, and fresh");

  // 5: all of them fail. 6: the ratings stay.
  for (const ratings of three) {
    await press(board, ratings, "Kill");
    await ratings.program.ended;
    await untilTold(board, new RegExp(`^Instance ${ratings.number} is killed: start it again with  CHAOS=1 make`));
  }
  const sixth = await visit(shop);
  assert.ok(sixth.lastKnown >= 4);
  assert.is(count(sixth, /^BAD \S+: all services are down$/), 4);
  assert.ok(waitedIn(sixth) < TIMEOUT_MS, "and it says so at once");
  for (const ratings of three) await untilCard(board, ratings, /Lost/);
  await until(
    "the board says so",
    async () => /No instance is up/.test(await textOf(board.locator("#summary"))),
    LIMIT_MS,
  );

  // 7, 8: one comes back. 9, 10: and a second.
  const first = await world.startRatings(1, CHAOS);
  await untilCard(board, first, /Well/);
  const eighth = await visit(shop);
  assert.equal([eighth.lastKnown, usedIn(eighth)], [0, [1, 1, 1, 1]]);
  const second = await world.startRatings(2, CHAOS);
  await untilCard(board, second, /Well/);
  takeTurns(usedIn(await visit(shop)));

  // 11: instance 2 is paused. 12: the page waits once, and two of its ratings are last known.
  await press(board, second, "Pause");
  await untilTold(board, /^Instance 2: paused, for 60 s\.$/);
  await untilCard(board, second, /On purpose: paused, ends in \d+ s/);
  assert.is(readProcess(second.program.pid)?.state, "T");
  const twelfth = await visit(shop);
  assert.ok(twelfth.lastKnown >= 2 && waitedIn(twelfth) >= TIMEOUT_MS);
  assert.is(count(twelfth, /^BAD \S+: request timed out$/), 2);
  assert.is(count(twelfth, /OPEN breaker on \[ratings at nats:ratings\.get\.2-/), 1);
  await untilCard(board, second, /Breaker open/);
  // The worst card has come first, and whoever is at its button is still there.
  assert.is(await board.evaluate("document.activeElement.textContent"), "Pause");

  // 13: within the delay all go to instance 1, and nobody waits.
  const thirteenth = await visit(shop);
  assert.equal([thirteenth.lastKnown, usedIn(thirteenth)], [0, [1, 1, 1, 1]]);
  assert.ok(waitedIn(thirteenth) < TIMEOUT_MS);

  // 14: after the delay it goes on, beats at once, and its breaker closes.
  await untilCard(board, second, /retest with the next call|Lost/);
  const mark = market.program.mark();
  await board.getByRole("button", { name: "End all faults", exact: true }).click();
  await untilTold(board, /^All faults of instances 1 and 2 have ended\.$/);
  await market.program.waitFor(/CLOSE breaker on \[ratings at nats:ratings\.get\.2-\S+\] \(heartbeat\)/, { mark });
  await second.program.waitFor(/resumed after a pause of \d+\.\d s/);
  await second.program.waitFor(/dropped 2 expired requests/);
  await untilCard(board, second, /On probation|Well/);
  assert.not.ok(await cardOf(board, second).locator(".faults-on").isVisible());

  // 15: they take turns again.
  const fifteenth = await visit(shop);
  takeTurns(usedIn(fifteenth));
  assert.equal([fifteenth.lastKnown, count(fifteenth, /^GOT /)], [0, 4]);
});

inBrowser("the keyboard is enough, axe finds nothing, and nothing is cut off at 320 px", async () => {
  const first = await world.startRatings(1, CHAOS);
  await world.startRatings(2, CHAOS);
  const page = await openPage();
  await page.goto(`${market.admin}/board`);
  await live(page);
  await untilCard(page, first, /Well/);
  const menu = cardOf(page, first).locator("details.faults");
  await menu.locator("summary").focus();
  await page.keyboard.press("Enter");
  const focused = (): Promise<string> =>
    page.evaluate("(document.activeElement.textContent || document.activeElement.name).trim()");
  for (let tabs = 0; tabs < 12 && (await focused()) !== "forS"; tabs++) await page.keyboard.press("Tab");
  await page.keyboard.type("30");
  for (let tabs = 0; tabs < 12 && (await focused()) !== "Stop beating"; tabs++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await untilTold(page, /^Instance 1: silent: no heartbeats, for 30 s\.$/);
  assert.is(await focused(), "Stop beating", "whoever pressed it is still there");
  await untilCard(page, first, /On purpose: silent: no heartbeats, ends in \d+ s/);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    assert.equal(await axeFindings(page), [], colorScheme);
  }
  await page.setViewportSize({ width: 320, height: 640 });
  assert.is(await overhang(page), 0);
  // A field's Enter presses the first button: that one ends faults and begins none.
  await menu.locator("[name=byMs]").focus();
  await page.keyboard.press("Enter");
  await untilTold(page, /^Instance 1: all its faults have ended\.$/);
  await until("it beats again", () => first.program.count(/ended a fault: silent/) === 1, LIMIT_MS);
});

inBrowser("without scripts the same forms are in the table, and what is on stands there", async () => {
  const first = await world.startRatings(1, CHAOS);
  await market.untilKnown(1);
  const page = await openPage({ javaScriptEnabled: false });
  await page.goto(`${market.admin}/board`);
  assert.equal(await axeFindings(await openedWithScripts(page)), []);
  const row = page.locator("tbody tr", { hasText: idOf(first) });
  await row.locator("summary").press("Enter");
  await row.locator("[name=byMs]").fill("250");
  // By key: a click waits until the button stands still, which a browser without scripts was not asked often enough to see.
  await row.getByRole("button", { name: "Slow", exact: true }).press("Enter");
  await page.waitForURL(`${market.admin}/board`);
  assert.match(await textOf(page.locator("#told")), /instance 1: slow by 250 ms, for 60 s/);
  assert.match(await textOf(row), /slow by 250 ms, ends in \d+ s/);
  await first.program.waitFor(/begins a fault: slow by 250 ms, for 60\.0 s/);
});

/** axe is a script: the same page, with the board's own scripts kept from it. */
async function openedWithScripts(page: Page): Promise<Page> {
  const other = await openPage();
  for (const name of ["board", "faults"])
    await other.route(`**/${name}.js*`, (route) => route.fulfill({ body: "", contentType: "text/javascript" }));
  await other.goto(page.url());
  return other;
}

inBrowser("where no instance takes faults, the board has no word of them", async () => {
  const first = await world.startRatings(1);
  const page = await openPage();
  await page.goto(`${market.admin}/board`);
  await live(page);
  await untilCard(page, first, /Well/);
  assert.is(await page.locator("details.faults:visible, #chaos:visible, .faults-on:visible").count(), 0);
  assert.ok(isRunning(first.program.pid));
});

test.run();
