// takes: 60 s
// Steps 5 to 15 of the walk, from the board alone: a real browser presses its buttons and loads the shop's page. Only what a
// page cannot do, starting a process, is done beside it.

import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { browserSuite, untilText, withPage } from "../support/browser.ts";
import { readProcess } from "../support/processes.ts";
import type { RunningRatings } from "../support/world.ts";
import { CHAOS, cardOf, FaultBoard, TIMEOUT_MS, untilCard, untilTold } from "./fault-board.ts";

const { test, inBrowser } = browserSuite("the walk from the board");
const shown = new FaultBoard();

test.before(() => shown.start());
test.after(() => shown.close());

inBrowser("steps 5 to 15 of the walk, from the board alone", () =>
  shown.withBoard((board) => withPage({}, (shop) => walk(board, shop))),
);

async function walk(board: Page, shop: Page): Promise<void> {
  const three = [
    await shown.world.startRatings(1, CHAOS),
    await shown.world.startRatings(2, CHAOS),
    await shown.world.startRatings(3, CHAOS),
  ];
  await shown.market.untilKnown(3);
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
  const first = await shown.world.startRatings(1, CHAOS);
  await untilCard(board, first, /Healthy/);
  const eighth = await visit(shop);
  assert.equal([eighth.lastKnown, usedIn(eighth)], [0, [1, 1, 1, 1]]);
  const second = await shown.world.startRatings(2, CHAOS);
  await untilCard(board, second, /Healthy/);
  takeTurns(usedIn(await visit(shop)));

  // 11: instance 2 is paused. 12: the page waits once, and two of its ratings are last known.
  await press(board, second, "Pause");
  await untilTold(board, /^Instance 2: paused, for 60 s\.$/);
  await untilCard(board, second, /Injected: paused, ends in \d+ s/);
  assert.is(readProcess(second.program.pid)?.state, "T");
  const twelfth = await visit(shop);
  assert.ok(twelfth.lastKnown >= 2 && waitedIn(twelfth) >= TIMEOUT_MS);
  assert.is(count(twelfth, /^BAD \S+: request timed out$/), 2);
  assert.is(count(twelfth, /OPEN breaker on \[ratings at nats:ratings\.get\.2-/), 1);
  await untilCard(board, second, /Breaker open/);
  // The worst card has come first, and its button still has the focus.
  assert.is(await board.evaluate("document.activeElement.textContent"), "Pause");

  // 13: within the delay all go to instance 1, and the page does not wait.
  const thirteenth = await visit(shop);
  assert.equal([thirteenth.lastKnown, usedIn(thirteenth)], [0, [1, 1, 1, 1]]);
  assert.ok(waitedIn(thirteenth) < TIMEOUT_MS);

  // 14: after the delay it goes on, beats at once, and its breaker closes.
  await untilCard(board, second, /retest with the next call|Lost/);
  const mark = shown.market.program.mark();
  await board.getByRole("button", { name: "End all faults", exact: true }).click();
  await untilTold(board, /^All faults of instances 1 and 2 have ended\.$/);
  await shown.market.program.waitFor(/CLOSE breaker on \[ratings at nats:ratings\.get\.2-\S+\] \(heartbeat\)/, {
    mark,
  });
  await second.program.waitFor(/resumed after a pause of \d+\.\d s/);
  await second.program.waitFor(/dropped 2 expired requests/);
  await untilCard(board, second, /On probation|Healthy/);
  assert.not.ok(await cardOf(board, second).locator(".faults-on").isVisible());

  // 15: they take turns again.
  const fifteenth = await visit(shop);
  takeTurns(usedIn(fifteenth));
  assert.equal([fifteenth.lastKnown, count(fifteenth, /^GOT /)], [0, 4]);
  await Promise.all([first, second].map(({ program }) => program.end()));
}

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
  const mark = shown.market.program.mark();
  await page.goto(shown.market.url);
  const html = await page.content();
  for (const rating of ["4.5/5", "2.1/5", "3.5/5", "2.2/5"]) assert.ok(html.includes(rating), `${rating} is there`);
  await shown.market.program.waitFor(/^(GOT|BAD) football: /, { mark });
  const printed = shown.market.program.since(mark);
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

test.run();
