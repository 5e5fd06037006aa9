// takes: 60 s
//
// Steps 5 to 15 of the walk, from the board alone: a real browser presses its buttons and loads the shop's page. Only what a
// page cannot do, starting a process, is done beside it.

import type { Locator, Page } from "playwright-core";
import * as assert from "uvu/assert";
import { boardIsLive, browserSuite, overhang, textOf, untilText, withPage } from "../support/browser.ts";
import { isRunning, startNatsServer, type TestServer } from "../support/nats-server.ts";
import { readProcess } from "../support/processes.ts";
import { type RunningMarket, type RunningRatings, until, World } from "../support/world.ts";

const { test, inBrowser } = browserSuite("faults in a browser");
const LIMIT_MS = 30_000;
const TIMEOUT_MS = 700;
/** Time for a page or two before it is over, also on a busy machine. */
const RETEST_DELAY_MS = 8_000;
const CHAOS = { CHAOS: "1" };

let server: TestServer;
let world: World;
let market: RunningMarket;

test.before(async () => {
  server = await startNatsServer();
  world = new World(server.url, {
    REQUEST_TIMEOUT_MS: String(TIMEOUT_MS),
    RETEST_DELAY_MS: String(RETEST_DELAY_MS),
    HEARTBEAT_INTERVAL_MS: "15000",
  });
  market = await world.startMarket();
});
test.after(async () => {
  await world.close();
  await server.stop();
});

/** A board that is live, for one test. */
const withBoard = (act: (page: Page) => Promise<void>): Promise<void> =>
  withPage({}, async (page) => {
    await page.goto(`${market.admin}/board`);
    await boardIsLive(page);
    await act(page);
  });

/** Instances for one test. */
async function withRatings(
  numbers: readonly number[],
  env: Readonly<Record<string, string>>,
  act: (all: readonly RunningRatings[]) => Promise<void>,
): Promise<void> {
  const all: RunningRatings[] = [];
  for (const number of numbers) all.push(await world.startRatings(number, env));
  try {
    await act(all);
  } finally {
    await Promise.all(all.map(({ program }) => program.end()));
  }
}

const idOf = ({ address }: RunningRatings): string => address.split(".").at(-1) ?? "";

const cardOf = (page: Page, ratings: RunningRatings): Locator => page.locator(".card", { hasText: idOf(ratings) });

const untilCard = (page: Page, ratings: RunningRatings, pattern: RegExp): Promise<void> =>
  untilText(cardOf(page, ratings), pattern);

const untilTold = (page: Page, pattern: RegExp): Promise<void> => untilText(page.locator("#told"), pattern);

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

inBrowser("where no instance takes faults, the board has no word of them", () =>
  withRatings([4], {}, ([fourth]) =>
    withBoard(async (page) => {
      await untilCard(page, fourth as RunningRatings, /Well/);
      assert.is(await page.locator("details.faults:visible, #chaos:visible, .faults-on:visible").count(), 0);
      assert.ok(isRunning((fourth as RunningRatings).program.pid));
    }),
  ),
);

inBrowser("steps 5 to 15 of the walk, from the board alone", () =>
  withBoard((board) => withPage({}, (shop) => walk(board, shop))),
);

async function walk(board: Page, shop: Page): Promise<void> {
  const three = [
    await world.startRatings(1, CHAOS),
    await world.startRatings(2, CHAOS),
    await world.startRatings(3, CHAOS),
  ];
  await market.untilKnown(3);
  assert.is((await visit(shop)).lastKnown, 0, "4: all ratings are there, and fresh");

  // 5: all of them fail. 6: the ratings stay.
  for (const ratings of three) {
    await press(board, ratings, "Kill");
    await ratings.program.ended;
    await untilTold(board, new RegExp(`^Instance ${ratings.number} is killed: start it again with CHAOS=1 make`));
  }
  const sixth = await visit(shop);
  assert.ok(sixth.lastKnown >= 4);
  assert.is(count(sixth, /^BAD \S+: all services are down$/), 4);
  assert.ok(waitedIn(sixth) < TIMEOUT_MS, "and it says so at once");
  for (const ratings of three) await untilCard(board, ratings, /Lost/);
  await untilText(board.locator("#summary"), /No instance is up/);

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
  await Promise.all([first, second].map(({ program }) => program.end()));
}

inBrowser("the keyboard is enough for a fault, and nothing is cut off at 320 px", () =>
  withRatings([5, 6], CHAOS, ([fifth]) =>
    withBoard(async (page) => {
      const ratings = fifth as RunningRatings;
      await untilCard(page, ratings, /Well/);
      const menu = cardOf(page, ratings).locator("details.faults");
      await menu.locator("summary").focus();
      await page.keyboard.press("Enter");
      const focused = (): Promise<string> =>
        page.evaluate("(document.activeElement.textContent || document.activeElement.name).trim()");
      const tabTo = async (name: string): Promise<void> => {
        for (let tabs = 0; tabs < 12 && (await focused()) !== name; tabs++) await page.keyboard.press("Tab");
      };
      await tabTo("forS");
      await page.keyboard.type("30");
      await tabTo("Stop beating");
      await page.keyboard.press("Enter");
      await untilTold(page, /^Instance 5: silent: no heartbeats, for 30 s\.$/);
      assert.is(await focused(), "Stop beating", "whoever pressed it is still there");
      await untilCard(page, ratings, /On purpose: silent: no heartbeats, ends in \d+ s/);
      await page.setViewportSize({ width: 320, height: 640 });
      assert.is(await overhang(page), 0);
      // A field's Enter presses the first button: that one ends faults and begins none.
      await menu.locator("[name=byMs]").focus();
      await page.keyboard.press("Enter");
      await untilTold(page, /^Instance 5: all its faults have ended\.$/);
      await until("it beats again", () => ratings.program.count(/ended a fault: silent/) === 1, LIMIT_MS);
    }),
  ),
);

inBrowser("without scripts the same forms are in the table, and what is on stands there", () =>
  withRatings([7], CHAOS, ([seventh]) =>
    withPage({ javaScriptEnabled: false }, async (page) => {
      const ratings = seventh as RunningRatings;
      const row = page.locator("tbody tr", { hasText: idOf(ratings) });
      await until(
        "the board has it",
        async () => {
          await page.goto(`${market.admin}/board`);
          return (await row.count()) === 1;
        },
        LIMIT_MS,
      );
      await row.locator("summary").press("Enter");
      await row.locator("[name=byMs]").fill("250");
      // By key: a click waits until the button stands still, which a browser without scripts was not asked often enough to see.
      await row.getByRole("button", { name: "Slow", exact: true }).press("Enter");
      await page.waitForURL(`${market.admin}/board`);
      assert.match(await textOf(page.locator("#told")), /instance 7: slow by 250 ms, for 60 s/);
      assert.match(await textOf(row), /slow by 250 ms, ends in \d+ s/);
      await ratings.program.waitFor(/begins a fault: slow by 250 ms, for 60\.0 s/);
    }),
  ),
);

test.run();
