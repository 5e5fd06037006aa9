// takes: 30 s
// The switch of traffic in a real browser: by keyboard, for two viewers, and without scripts.

import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { boardIsLive, browserSuite, horizontalOverflow, textOf, untilText, withPage } from "../support/browser.ts";
import { until } from "../support/until.ts";
import { FaultBoard } from "./fault-board.ts";

const { test, inBrowser } = browserSuite("traffic in a browser");
const LIMIT_MS = 30_000;
const shown = new FaultBoard();

test.before(() => shown.start());
test.after(() => shown.close());

const got = (page: Page) => page.locator("#traffic-got");
/** The position that the switch shows. */
const position = (page: Page): Promise<string> => textOf(page.locator('#traffic button[aria-pressed="true"]'));
const untilPosition = (page: Page, wanted: string): Promise<void> =>
  until(`the switch is at ${wanted}`, async () => (await position(page)) === wanted, LIMIT_MS);

inBrowser("the keyboard is enough for the switch, the numbers follow, and another viewer sees the same", () =>
  shown.withRatings([1, 2], {}, () =>
    shown.withBoard((page) =>
      shown.withBoard(async (other) => {
        assert.is(await position(page), "Off");
        assert.is(await textOf(got(page)), "Off: only visitors load pages.");
        for (let tabs = 0; tabs < 12; tabs++) {
          await page.keyboard.press("Tab");
          if ((await page.evaluate("document.activeElement.textContent")) === "20") break;
        }
        await page.keyboard.press("Enter");
        await untilText(page.locator("#traffic-answer"), /^Traffic is 20 pages a second\.$/);
        assert.is(await page.evaluate("document.activeElement.textContent"), "20", "the focus has not moved");
        for (const viewer of [page, other]) {
          await untilPosition(viewer, "20");
          await untilText(got(viewer), /0 of [1-9]\d* pages failed, p99 .* ratings fresh, \d+ last known\.$/);
        }
        await other.getByRole("button", { name: "Off", exact: true }).press("Enter");
        for (const viewer of [page, other]) {
          await untilPosition(viewer, "Off");
          await untilText(got(viewer), /^Off: only visitors/);
        }
        await page.setViewportSize({ width: 320, height: 640 });
        assert.is(await horizontalOverflow(page), 0);
      }),
    ),
  ),
);

inBrowser("without scripts the form sets the switch, and the page says what is known", () =>
  shown.withRatings([3], {}, () =>
    withPage({ javaScriptEnabled: false }, async (page) => {
      const address = `${shown.market.admin}/board`;
      await page.goto(address);
      await page.getByRole("button", { name: "2", exact: true }).press("Enter");
      await page.waitForURL(address);
      assert.is(await position(page), "2");
      await until(
        "a page has come",
        async () => {
          await page.goto(address);
          return /0 of [1-9]\d* pages? failed, .*, as of \d\d:\d\d:\d\d\.$/.test(await textOf(got(page)));
        },
        LIMIT_MS,
      );
      await page.getByRole("button", { name: "Off", exact: true }).press("Enter");
      await page.waitForURL(address);
      assert.is(await position(page), "Off");
    }),
  ),
);

inBrowser("of a feed that is lost the numbers are those of a moment", () =>
  withPage({ isFresh: true, mayComplain: true }, async (page) => {
    const market = await shown.world.startMarket();
    await page.goto(`${market.admin}/board`);
    await boardIsLive(page);
    await page.getByRole("button", { name: "20", exact: true }).press("Enter");
    await untilText(got(page), /^In the last minute 0 of [1-9]\d* pages? failed, p99 .* last known\.$/);
    market.program.signal("SIGKILL");
    await untilText(got(page), /, as of \d\d:\d\d:\d\d\.$/);
  }),
);

test.run();
