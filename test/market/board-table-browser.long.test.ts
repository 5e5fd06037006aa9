// takes: 20 s
// The board of many instances in a real browser: a table with a filter, whose rows open a card.

import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import {
  axeFindings,
  boardIsLive,
  browserSuite,
  horizontalOverflow,
  keyboardMisses,
  overflowing,
  type PageOptions,
  textOf,
  untilText,
  withPage,
} from "../support/browser.ts";
import { type EveryState, openEveryState } from "../support/every-state.ts";
import { withMarket } from "./serve.ts";

const { test, inBrowser } = browserSuite("the board of many instances");

const STILL: PageOptions = { reducedMotion: "reduce" };
/** Instances in every-state.ts. */
const OTHERS = 11;
/** The first number of those that a test adds. */
const FIRST = 1_001;
/** Five windows of 800 px: the table, the history, the events, and all that is around them. With cards it was 17. */
const MAX_HEIGHT_PX = 4_000;
/** The last number of a hundred. */
const LAST = FIRST + 100 - OTHERS - 1;

/** A board with so many instances: one in each state, and healthy ones. */
async function withMany(count: number, act: (shown: EveryState, board: string) => Promise<void>): Promise<void> {
  const shown = openEveryState();
  for (let instance = FIRST; instance < FIRST + count - OTHERS; instance++) shown.beats(instance);
  try {
    await withMarket({ board: () => shown.board }, ({ admin }) => act(shown, `${admin}/board`));
  } finally {
    await shown.close();
  }
}

async function openLive(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await boardIsLive(page);
}

const rowOf = (instance: number): string => `.crowd .row:has([aria-label="Instance ${instance}"])`;
const shownRows = (page: Page): Promise<readonly string[]> => page.locator(".crowd .opener:visible").allTextContents();
const focused = (page: Page): Promise<string | null> =>
  page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.name ?? null");
async function isInside(page: Page, inner: string, outer: string): Promise<boolean> {
  const [box, frame] = [await page.locator(inner).boundingBox(), await page.locator(outer).boundingBox()];
  if (box === null || frame === null) return false;
  return box.x >= frame.x && box.x + box.width <= frame.x + frame.width;
}

/** The breaker of an instance opens: a new state moves its row to the top. */
function opensBreaker({ clock, table }: EveryState, instance: number): void {
  const now = clock.now();
  table.settle(table.ticketOf(instance, now), "timeout", now);
}

inBrowser("eleven instances are cards; with the twelfth they become a table", () =>
  withMany(11, ({ beats }, board) =>
    withPage(STILL, async (page) => {
      await openLive(page, board);
      assert.equal(
        [await page.locator(".card:visible").count(), await page.locator(".crowd").isVisible()],
        [11, false],
      );
      assert.not.ok(await page.locator("#filter").isVisible());
      beats(FIRST + 1);
      await page.waitForSelector(".crowd:not([hidden])");
      assert.equal([await page.locator(".card:visible").count(), (await shownRows(page)).length], [0, 12]);
      assert.is(await textOf(page.locator("#filter-count")), "12 instances.");
    }),
  ),
);

inBrowser("a hundred instances take no more height than twenty, and neither do a thousand", async () => {
  const heights: number[] = [];
  for (const count of [20, 100, 1_000])
    await withMany(count, async (_, board) => void heights.push(await heightOf(board, count)));
  console.log(`  the board with 20, 100 and 1,000 instances is ${heights.join(", ")} px high`);
  for (const height of heights) assert.ok(height < MAX_HEIGHT_PX, `${height} px`);
});

async function heightOf(board: string, count: number): Promise<number> {
  let height = Number.NaN;
  await withPage(STILL, async (page) => {
    await openLive(page, board);
    assert.is((await shownRows(page)).length, count);
    const own = "document.getElementById('instances').getBoundingClientRect().height";
    assert.ok(Number(await page.evaluate(own)) < 800, `the ${count} instances are in one window`);
    height = Number(await page.evaluate("document.documentElement.scrollHeight"));
  });
  return height;
}

inBrowser("the filter takes numbers, text and what is not healthy, and keeps the focus while the feed goes on", () =>
  withMany(100, (shown, board) =>
    withPage(STILL, async (page) => {
      await openLive(page, board);
      const find = page.locator("#filter [name=find]");
      await find.pressSequentially("1002 1005");
      assert.equal(await shownRows(page), ["1002", "1005"]);
      assert.is(await textOf(page.locator("#filter-count")), "2 of 100 instances.");
      opensBreaker(shown, 1005);
      await untilText(page.locator(rowOf(1005)), /Breaker open/);
      assert.equal(await shownRows(page), ["1005", "1002"], "the worst first");
      assert.is(await focused(page), "find");
      await find.fill("timed out");
      assert.ok((await shownRows(page)).includes("1005"));
      await find.fill("");
      await page.locator("#filter [name=show]").check();
      assert.not.ok(
        (await page.locator(".crowd .state:visible").allTextContents()).some((text) => /Healthy/.test(text)),
      );
      assert.match(page.url(), /\/board\?show=unhealthy$/);
      await openLive(page, page.url());
      assert.ok(await page.locator("#filter [name=show]").isChecked(), "a reload keeps the filter");
      assert.is((await shownRows(page)).length, 9);
    }),
  ),
);

inBrowser("a row opens its card with a key: card and focus stay when it moves, and when the feed is back", () =>
  withMany(100, (shown, board) =>
    withPage(STILL, async (page) => {
      await openLive(page, board);
      await page.locator(`${rowOf(1042)} .opener`).focus();
      await page.keyboard.press("Enter");
      const card = page.locator(".crowd .card:visible");
      assert.match(await textOf(card), /Instance 1042.*Healthy.*in rotation.*Last heartbeat \d+ s ago.*1042-a/);
      assert.is(await focused(page), "Instance 1042");
      opensBreaker(shown, 1042);
      await untilText(card, /Breaker open.*request timed out/);
      assert.is((await shownRows(page)).indexOf("1042") < 3, true, "it is among the worst");
      assert.equal([await focused(page), await card.count()], ["Instance 1042", 1]);
      const reopened = page.waitForRequest(/board\/events/);
      shown.board.feed.close();
      await reopened;
      await boardIsLive(page);
      assert.equal([await focused(page), await card.count()], ["Instance 1042", 1]);
      await page.keyboard.press("Enter");
      assert.equal([await focused(page), await card.count()], ["Instance 1042", 0]);
      await page.locator(`${rowOf(1043)} .why-cell`).click();
      assert.match(await textOf(card), /Instance 1043/, "a click anywhere in the row opens it");
    }),
  ),
);

inBrowser("a row that comes into view has the numbers of now", () =>
  withMany(100, ({ clock, monitor, table }, board) =>
    withPage(STILL, async (page) => {
      await openLive(page, board);
      const { who } = table.member(LAST);
      const attempt = { kind: "attempt", operation: "get", sentAs: "call", isRetry: false, isRefusal: false } as const;
      for (let call = 0; call < 3; call++)
        monitor.recordAttempt({ ...attempt, who, result: "answered", tookMs: 1 }, clock.now());
      await page.locator(rowOf(LAST)).scrollIntoViewIfNeeded();
      await untilText(page.locator(rowOf(LAST)), /in rotation ?\d+ s ago ?3 ?100 %/);
    }),
  ),
);

inBrowser("without scripts the table is there, and the filter is a form", () =>
  withMany(40, (_, board) =>
    withPage({ javaScriptEnabled: false }, async (page) => {
      await page.goto(board);
      const rows = page.locator("#table tbody tr");
      assert.equal([await rows.count(), await page.locator("#table").isVisible()], [40, true]);
      await page.locator("#filter [name=find]").fill("1007 1011");
      await Promise.all([page.waitForURL(/find=1007/), page.keyboard.press("Enter")]);
      assert.match(await textOf(rows), /^1007 .*1011 /);
      assert.is(await textOf(page.locator("#filter-count")), "2 of 40 instances.");
      await page.locator("#filter [name=show]").check();
      await Promise.all([page.waitForURL(/show=unhealthy/), page.locator("#filter button").click()]);
      assert.is(await textOf(rows), "No instance is like that.");
    }),
  ),
);

inBrowser("axe, the Tab key and every width find nothing wrong in it, with a card open", () =>
  withMany(14, (_, board) =>
    withPage(STILL, async (page) => {
      await openLive(page, board);
      await page.locator(`${rowOf(2)} .opener`).click();
      assert.equal(await axeFindings(page), [], "light");
      await page.emulateMedia({ colorScheme: "dark" });
      assert.equal(await axeFindings(page, "colours"), [], "dark");
      await page.emulateMedia({ colorScheme: "light" });
      assert.equal(await keyboardMisses(page), []);
      for (const width of [320, 768, 1280, 1920]) {
        await page.setViewportSize({ width, height: 800 });
        assert.is(await horizontalOverflow(page), 0, `at ${width} px`);
        assert.equal(await overflowing(page), [], `at ${width} px`);
        assert.ok(await isInside(page, ".crowd .card:visible", ".crowd"), `at ${width} px`);
      }
    }),
  ),
);

test.run();
