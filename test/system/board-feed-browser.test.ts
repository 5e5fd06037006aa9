// takes: 40 s
//
// An open board while its Market stands still, is killed, and is started again; in a real browser, on a real bus.

import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { browserSuite, textOf as textIn, withPage } from "../support/browser.ts";
import { freePort, startNatsServer, type TestServer } from "../support/nats-server.ts";
import { until, World } from "../support/world.ts";

const { test, inBrowser } = browserSuite("a board and its feed");
const LIMIT_MS = 30_000;
let server: TestServer;
let world: World;

test.before.each(async () => {
  server = await startNatsServer();
  world = new World(server.url, { HEARTBEAT_INTERVAL_MS: "300000" });
});
test.after.each(async () => {
  await world.close();
  await server.stop();
});

const textOf = (page: Page, selector: string): Promise<string> => textIn(page.locator(selector));

const untilFeed = (page: Page, state: string): Promise<unknown> =>
  page.waitForSelector(`#feed[data-feed="${state}"]`, { timeout: LIMIT_MS });

inBrowser("it says since when it is old, lets no age run on, and goes on by itself when the Market is back", () =>
  withPage({ mayComplain: true }, async (page) => {
    const port = { ADMIN_PORT: String(await freePort()) };
    const ratings = await world.startRatings(1);
    let market = await world.startMarket(port);
    await page.goto(`${market.admin}/board`);
    await untilFeed(page, "live");
    await until("it is shown", async () => /Healthy/.test(await textOf(page, ".card")), LIMIT_MS);

    market.program.signal("SIGSTOP");
    await untilFeed(page, "lost");
    assert.match(await textOf(page, "#feed"), /^The feed is lost: state as of \d\d:\d\d:\d\d\. Reconnecting\.$/);
    assert.is(await page.evaluate("getComputedStyle(document.getElementById('instances')).filter"), "grayscale(1)");
    const age = await textOf(page, ".last-heartbeat");
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 2500))");
    assert.is(await textOf(page, ".last-heartbeat"), age, "of what is old no age runs on");
    market.program.signal("SIGCONT");
    await untilFeed(page, "live");

    market.program.signal("SIGKILL");
    await untilFeed(page, "lost");
    await ratings.program.end();
    await world.startRatings(2);
    market = await world.startMarket(port);
    await untilFeed(page, "live");
    await until(
      "what the new one knows is shown, and no more",
      async () => /^Instance 2[^,]*$/.test(await textOf(page, ".card h3")),
      LIMIT_MS,
    );
    const events = await textOf(page, "#events li");
    assert.ok(/instance 2 joined/.test(events) && !/instance 1 joined/.test(events), events);
  }),
);

inBrowser("a hidden tab closes its connection after a minute, and is up to date when it is visible again", () =>
  withPage({ isFresh: true, mayComplain: true }, async (page) => {
    const market = await world.startMarket();
    const viewers = async (): Promise<string> =>
      /^dwc_board_viewers (\d+)$/m.exec(await (await fetch(`${market.admin}/metrics`)).text())?.[1] ?? "";
    await page.clock.install();
    await page.goto(`${market.admin}/board`);
    await untilFeed(page, "live");
    assert.is(await viewers(), "1");
    const show = (hidden: boolean): Promise<unknown> =>
      page.evaluate(`Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"))`);
    await show(true);
    await page.clock.fastForward(59_000);
    // A minute that passes at once is a silent one: it may be just reconnecting.
    await until("for a glance at another tab it stays", async () => (await viewers()) === "1", LIMIT_MS);
    await page.clock.fastForward(2_000);
    await untilFeed(page, "resting");
    await until("it has let go", async () => (await viewers()) === "0", LIMIT_MS);
    await page.clock.fastForward(10_000);
    assert.is(await viewers(), "0", "and it stays away");
    await world.startRatings(3);
    await show(false);
    await untilFeed(page, "live");
    await until("it has caught up", async () => /Instance 3/.test(await textOf(page, ".card")), LIMIT_MS);
  }),
);

test.run();
