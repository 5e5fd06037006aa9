// takes: 15 s
// The history in a real browser: marks where they were, the numbers under the pointer and by keyboard, and what axe finds
// meanwhile. Widths, schemes and the rest of the keyboard are those of the whole board (all-pages.ts).

import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { axeFindings, boardIsLive, browserSuite, textOf, untilText, withPage } from "../support/browser.ts";
import { openEveryState } from "../support/every-state.ts";
import { until, untilPresent } from "../support/until.ts";
import { LIMIT_MS, openWatched, type Watched } from "./board-states.ts";
import { withMarket } from "./serve.ts";

const { test, inBrowser } = browserSuite("history in a browser");

const HISTORY_MS = 900_000;
const BUCKETS = 90;
let watched: Watched;

test.before(async () => {
  watched = await openWatched();
  await watched.load();
  watched.world.monitor.recordPage({ isFailed: false, tookMs: 12 }, watched.world.clock.now());
});
test.after(() => watched.world.close());

const rowOf = (page: Page, title: string) => page.locator(".history-row", { hasText: title });
const said = (page: Page): Promise<string> => textOf(page.locator("#history-said"));

async function openBoard(page: Page): Promise<void> {
  await page.goto(watched.board);
  await boardIsLive(page);
  await page.waitForSelector("#history-at:not([hidden])");
}

/** The middle of a bucket of a chart, in the window. */
async function placeOf(page: Page, title: string, bucket: number): Promise<{ x: number; y: number }> {
  const chart = rowOf(page, title).locator(".chart");
  await chart.scrollIntoViewIfNeeded();
  // It is drawn again every ten seconds, and has no box in between.
  const box = await untilPresent(`a chart of ${title}`, () => chart.boundingBox());
  return { x: box.x + (box.width * (bucket + 0.5)) / BUCKETS, y: box.y + box.height / 2 };
}

inBrowser("a breaker that opens and a fault that begins are marked at their time, within seconds", () =>
  withPage({}, async (page) => {
    const { world, second, untilSecond } = watched;
    await openBoard(page);
    assert.is(await page.locator(".chart-glyph").count(), 0);
    const opened: number[] = [];
    const stop = world.monitor.stream.listen(({ name, at }) => void (name === "breaker.opened" && opened.push(at)));
    const who = [...world.client.tracker.all()].find((member) => member.who.instance === 2)?.who;
    if (who === undefined) throw new Error("instance 2 is not known");
    const faults = [{ kind: "pause", until: world.clock.now() + 600_000 } as const];
    const faultAt = Date.now();
    world.monitor.recordEvent({ kind: "faults", who, faults }, world.clock.now());
    second.bus.pause();
    await untilSecond("open");
    stop();
    const breaker = rowOf(page, "Instance 2").locator(".chart-glyph.chart-breaker");
    await breaker.waitFor({ timeout: LIMIT_MS });
    assert.is(await page.locator(".chart-glyph.chart-breaker").count(), 1, "in no other chart");
    const { from } = world.board.history.read();
    const timeOf = async (kind: string): Promise<number> => {
      const x = await rowOf(page, "Instance 2").locator(`.chart-glyph.chart-${kind}`).getAttribute("x");
      return from + (Number.parseFloat(x ?? "") / 100) * HISTORY_MS;
    };
    // A bucket may have ended between the page's reading and ours. After a stall the clocks are compared within a second.
    for (const [kind, at] of [["breaker", opened[0] ?? 0] as const, ["fault", faultAt] as const]) {
      const differs = Math.abs((await timeOf(kind)) - at);
      assert.ok(Math.min(differs, Math.abs(differs - 10_000)) < 2_000, `${kind}: ${differs} ms`);
    }
    assert.match(
      (await rowOf(page, "Instance 2").locator(".chart").getAttribute("aria-label")) ?? "",
      /Breaker open: request timed out, since [\d:]{8}\. *$|Fault: paused, since/,
    );
  }),
);

inBrowser("the pointer shows the numbers of its moment, in the sentence and beside each chart", () =>
  withPage({}, async (page) => {
    await openBoard(page);
    assert.is(await said(page), "");
    assert.not.ok(await page.locator("#callers").isVisible(), "one Market alone is no matrix");
    const { counts } = watched.world.board.history.read().all;
    const bucket = counts.findIndex((count) => count > 0);
    const before = await placeOf(page, "All calls", 3);
    await page.mouse.move(before.x, before.y);
    assert.match(await said(page), /^[\d:]{8} to [\d:]{8}, All calls: this Market had not started\.$/);
    const place = await placeOf(page, "All calls", bucket);
    await page.mouse.move(place.x, place.y);
    assert.match(await said(page), /All calls: [1-9]\d* calls \([\d.]+\/s\), .*, p99 [\d.]+ m?s\./);
    const line = rowOf(page, "Instance 1").locator(".chart-cursor");
    assert.is(await line.getAttribute("visibility"), "visible", "one line through all charts");
    const box = await line.boundingBox();
    assert.ok(Math.abs((box?.x ?? 0) - place.x) < 4, "the line is where the pointer is");
    const other = await placeOf(page, "Pages", bucket);
    await page.mouse.move(other.x, other.y);
    assert.match(await said(page), /, Pages: /);
    assert.match(await textOf(page.locator("#latency-title")), /^Latency of pages, last minute$/);
    await page.mouse.move(0, 0);
    await untilText(page.locator("#history-said"), /^$/);
  }),
);

inBrowser("the keyboard moves in time and from chart to chart", () =>
  withPage({}, async (page) => {
    await openBoard(page);
    await page.locator("#history-at").focus();
    const timeIn = (sentence: string): number => {
      const [, h, m, s] = (/^(\d\d):(\d\d):(\d\d) to /.exec(sentence) ?? []).map(Number);
      return (h ?? 0) * 3_600 + (m ?? 0) * 60 + (s ?? 0);
    };
    const start = await said(page);
    assert.match(start, /, All calls: /);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    const moved = await said(page);
    assert.is((timeIn(start) - timeIn(moved) + 86_400) % 86_400, 20);
    await page.keyboard.press("ArrowRight");
    assert.is((timeIn(start) - timeIn(await said(page)) + 86_400) % 86_400, 10);
    await page.keyboard.press("ArrowDown");
    assert.match(await said(page), /, Instance 1: /);
    assert.is(await page.locator('.row-title[aria-pressed="true"]').textContent(), "Instance 1");
    for (let keys = 0; keys < 5; keys++) await page.keyboard.press("ArrowDown");
    assert.match(await said(page), /, Instance 2: /, "the last one");
    for (let keys = 0; keys < 5; keys++) await page.keyboard.press("ArrowUp");
    assert.match(await said(page), /, Pages: /, "the first one");
    const time = await page.locator("#history-at").getAttribute("aria-valuetext");
    assert.ok((await said(page)).startsWith(time ?? "none"), `${time}`);
    assert.equal(await axeFindings(page), [], "with a cursor");
  }),
);

inBrowser("the histogram is of the selected chart, and its bars can be read by keyboard", () =>
  withPage({}, async (page) => {
    const { monitor, clock, client } = watched.world;
    const who = [...client.tracker.all()].find((member) => member.who.instance === 1)?.who;
    if (who === undefined) throw new Error("instance 1 is not known");
    const ended = { kind: "attempt", operation: "get", who, result: "answered", sentAs: "call" } as const;
    for (const tookMs of [3, 500])
      monitor.recordAttempt({ ...ended, tookMs, isRetry: false, isRefusal: false }, clock.now());
    await openBoard(page);
    await rowOf(page, "Instance 1").locator("button").click();
    await untilText(page.locator("#latency-title"), /^Latency of instance 1, last minute$/);
    await page.locator("#latency-at").focus();
    await page.keyboard.press("End");
    assert.match(await textOf(page.locator("#latency-said")), /^[\d.]+ m?s to [\d.]+ m?s: [1-9]\d* calls?\.$/);
    const bars = await page.locator(".latency-bar").evaluateAll((all) => all.map((bar) => bar.classList.length));
    assert.ok(bars.length > 10);
    assert.equal(bars.slice(-2), [1, 2], "the last one is marked");
  }),
);

inBrowser("an event is soon in the charts: it does not wait for the next ten seconds", () =>
  withPage({ isFresh: true }, async (page) => {
    // Its clock stands still from the start: the next ten seconds are over only if the test says so.
    // It runs from its installation on, and cannot be paused at a time that is past: on a busy machine that takes a while.
    const now = Date.now();
    await page.clock.install({ time: now - LIMIT_MS });
    await page.clock.pauseAt(now);
    await openBoard(page);
    const { board, monitor, clock, client } = watched.world;
    const who = [...client.tracker.all()].find((member) => member.who.instance === 1)?.who;
    if (who === undefined) throw new Error("instance 1 is not known");
    monitor.recordEvent({ kind: "opened", who, why: "retest timed out", retestInMs: 1 }, clock.now());
    monitor.stream.add({ at: Date.now(), name: "breaker.opened", level: "WARNING", text: "OPEN for a test" });
    await page.locator("#events li", { hasText: "OPEN for a test" }).waitFor();
    const isRead = () => board.history.json().includes('"retest timed out"');
    await until("the Market's answer has it", isRead, LIMIT_MS);
    await page.clock.runFor(3_000);
    await rowOf(page, "Instance 1").locator(".chart-glyph.chart-breaker").waitFor();
  }),
);

inBrowser("of many instances the four worst have charts, and each opened row adds its own", async () => {
  const shown = openEveryState();
  for (let instance = 1_001; instance <= 1_030; instance++) shown.beats(instance);
  const charts = (page: Page): Promise<readonly string[]> => page.locator("#history-rows .row-title").allTextContents();
  try {
    await withMarket({ board: () => shown.board }, ({ admin }) =>
      withPage({}, async (page) => {
        await page.goto(`${admin}/board`);
        await boardIsLive(page);
        await page.waitForSelector("#history-at:not([hidden])");
        assert.is((await charts(page)).length, 5, "all calls, and four instances");
        assert.match(
          await textOf(page.locator("#history-omitted")),
          /^4 of \d+ instances have a chart: the worst ones/,
        );
        const matrix = page.locator("#callers");
        assert.match(await textOf(matrix.locator("thead")), /^ ?Instance ?here:5000 \(this one\) ?there:5000/);
        assert.match(await textOf(matrix.locator("tbody tr").nth(1)), /^999999 ?5 ?– ?7 ?12$/);
        assert.match(await textOf(matrix.locator(".callers-sum")), /^All ?12350 ?12345 ?12352 ?37047$/);
        const opener = page.locator('.crowd .opener[aria-label="Instance 1020"]');
        await opener.click();
        await rowOf(page, "Instance 1020").locator('[aria-pressed="true"]').waitFor();
        assert.match(await textOf(page.locator("#history-omitted")), /^5 of \d+ /);
        assert.match(await textOf(page.locator("#latency-title")), /of instance 1020/);
        await opener.click();
        await rowOf(page, "Instance 1020").waitFor({ state: "detached" });
        assert.match(await textOf(page.locator("#latency-title")), /of all calls/);
      }),
    );
  } finally {
    await shown.close();
  }
});

inBrowser("a board whose data is missing says how old its history is", () =>
  withPage({ mayComplain: true }, async (page) => {
    await openBoard(page);
    await page.route("**/board/events", (route) => route.abort());
    watched.world.board.feed.close();
    await page.waitForSelector('#board[data-shown="old"]');
    await until(
      "its title has the time",
      async () => /^The last 15 minutes, as of [\d:]{8}$/.test(await textOf(page.locator("#history-title"))),
      LIMIT_MS,
    );
  }),
);

test.run();
