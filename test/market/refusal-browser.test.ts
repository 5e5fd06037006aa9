// takes: 12 s
//
// What the admin listener refuses, and the board of two instances, as a browser shows them.

import * as assert from "uvu/assert";
import { type BoardWorld, openBoardWorld } from "../support/board-world.ts";
import { browserSuite, textOf, withPage } from "../support/browser.ts";

const { test, inBrowser } = browserSuite("refusals in a browser");
let world: BoardWorld;

test.before(async () => {
  world = await openBoardWorld();
  await world.start(1);
  await world.start(2);
});
test.after(() => world.close());

const styleOf = (selector: string, property: string): string =>
  `getComputedStyle(document.querySelector("${selector}")).${property}`;

inBrowser("a page under a foreign name has its style, its reason, and a link that leads to the board", () =>
  withPage({ mayComplain: true }, async (page) => {
    // How the page of a failure looks where nothing is in its way.
    await page.goto(`${world.market.url}/nonesuch`);
    const align = await page.evaluate(styleOf(".failure", "textAlign"));
    assert.is.not(await page.evaluate(styleOf(".button", "display")), "inline", "it has a style");
    const { port } = new URL(world.market.admin);
    // A browser takes each name below localhost for this machine.
    const answer = await page.goto(`http://rebound.localhost:${port}/board`);
    assert.is(answer?.status(), 403);
    const text = await textOf(page.locator("main"));
    assert.match(text, /Board, metrics and faults are served only to the Market’s own machine/);
    assert.match(text, new RegExp(`Host is "rebound\\.localhost:${port}"`));
    assert.not.match(text, /form|own page/);
    assert.is(await page.evaluate(styleOf(".failure", "textAlign")), align);
    await page.click("a.button");
    assert.is(page.url(), `http://localhost:${port}/board`);
  }),
);

inBrowser("what another page asks for is refused in words that fit a link, a picture and a form alike", async () => {
  const { port } = new URL(world.market.admin);
  const answer = await fetch(`http://localhost:${port}/board`, {
    headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", Accept: "text/html" },
  });
  assert.is(answer.status, 403);
  assert.match(await answer.text(), /the browser says that a page of another site asks for it/);
});

inBrowser("shoppers read of no setting where the board is not", () =>
  withPage({ mayComplain: true }, async (page) => {
    for (const path of ["/board", "/board.json", "/metrics", "/board/events"]) {
      await page.goto(world.market.url + path);
      assert.not.match(await textOf(page.locator("body")), /BOARD|PORT|=/, path);
    }
  }),
);

inBrowser("the cards of two instances fill the board", () =>
  withPage({}, async (page) => {
    await page.goto(`${world.market.admin}/board`);
    await page.waitForSelector(".card:nth-child(2)");
    for (const width of [1_280, 1_000, 700]) {
      await page.setViewportSize({ width, height: 900 });
      const left = await page.evaluate(`(() => {
        const cards = [...document.querySelectorAll(".card")].map((card) => card.getBoundingClientRect());
        return document.querySelector("#cards").getBoundingClientRect().right - Math.max(...cards.map(({ right }) => right));
      })()`);
      assert.ok(Math.abs(Number(left)) <= 1, `${String(left)} px are empty at ${width} px`);
    }
  }),
);

test.run();
