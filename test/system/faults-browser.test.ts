// takes: 40 s
// Faults from the board, in a real browser: without instances that take them, by keyboard, and without scripts.

import * as assert from "uvu/assert";
import { browserSuite, horizontalOverflow, textOf, withPage } from "../support/browser.ts";
import { isRunning } from "../support/nats-server.ts";
import { untilMatches } from "../support/until.ts";
import { incarnationOf, type RunningRatings, until } from "../support/world.ts";
import { CHAOS, cardOf, FaultBoard, untilCard, untilTold } from "./fault-board.ts";

const { test, inBrowser } = browserSuite("faults in a browser");
const LIMIT_MS = 30_000;
const shown = new FaultBoard();

test.before(() => shown.start());
test.after(() => shown.close());

inBrowser("where no instance takes faults, the board has no word of them", () =>
  shown.withRatings([4], {}, ([fourth]) =>
    shown.withBoard(async (page) => {
      await untilCard(page, fourth as RunningRatings, /Healthy/);
      assert.is(await page.locator("details.faults:visible, #chaos:visible, .faults-on:visible").count(), 0);
      assert.ok(isRunning((fourth as RunningRatings).program.pid));
    }),
  ),
);

inBrowser("the keyboard is enough for a fault, and nothing is cut off at 320 px", () =>
  shown.withRatings([5, 6], CHAOS, ([fifth]) =>
    shown.withBoard(async (page) => {
      const ratings = fifth as RunningRatings;
      await untilCard(page, ratings, /Healthy/);
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
      await tabTo("Stop heartbeats");
      await page.keyboard.press("Enter");
      await untilTold(page, /^Instance 5: silent: no heartbeats, for 30 s\.$/);
      assert.is(await focused(), "Stop heartbeats", "the focus has not moved");
      await untilCard(page, ratings, /Injected: silent: no heartbeats, ends in \d+ s/);
      await page.setViewportSize({ width: 320, height: 640 });
      assert.is(await horizontalOverflow(page), 0);
      // A field's Enter presses the first button: that one ends faults and begins none.
      await menu.locator("[name=byMs]").focus();
      await page.keyboard.press("Enter");
      await untilTold(page, /^Instance 5: all its faults have ended\.$/);
      await until("it beats again", () => ratings.program.count(/ended a fault: silent/) === 1, LIMIT_MS);
    }),
  ),
);

inBrowser("without scripts the same forms are in the table, and what is on stands there", () =>
  shown.withRatings([7], CHAOS, ([seventh]) =>
    withPage({ javaScriptEnabled: false }, async (page) => {
      const ratings = seventh as RunningRatings;
      const row = page.locator("tbody tr", { hasText: incarnationOf(ratings) });
      await until(
        "the board has it",
        async () => {
          await page.goto(`${shown.market.admin}/board`);
          return (await row.count()) === 1;
        },
        LIMIT_MS,
      );
      await row.locator("summary").press("Enter");
      await row.locator("[name=byMs]").fill("250");
      // By key: a click waits until the button stands still, which a browser without scripts was not asked often enough to see.
      await row.getByRole("button", { name: "Slow", exact: true }).press("Enter");
      await page.waitForURL(`${shown.market.admin}/board`);
      assert.match(await textOf(page.locator("#fault-result")), /instance 7: slow by 250 ms, for 60 s/);
      // The heartbeat with the fault and the reply to the order come over two connections: either may be first.
      const shownText = async (): Promise<string> => {
        await page.goto(`${shown.market.admin}/board`);
        return textOf(row);
      };
      await untilMatches(/slow by 250 ms, ends in \d+ s/, shownText, LIMIT_MS);
      await ratings.program.waitFor(/begins a fault: slow by 250 ms, for 60\.0 s/);
    }),
  ),
);

test.run();
