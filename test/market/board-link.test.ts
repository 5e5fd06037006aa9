// takes: 12 s
//
// The link from the shop to the board: where it leads, for which visitors, and in a real browser.

import * as assert from "uvu/assert";
import type { Board } from "../../src/market/board/board.ts";
import type { AppDeps } from "../../src/market/shop/app.ts";
import { axeFindings, browserSuite, withPage } from "../support/browser.ts";
import { openEveryState } from "../support/every-state.ts";
import { ratings, type Served, statusOf, Visitor, withMarket } from "./serve.ts";

const { test, inBrowser } = browserSuite("the link to the board");

const WITH_RATINGS = { rate: async () => ratings(), board: () => ({}) as Board };
const boardLinks = (html: string): readonly string[] =>
  [...html.matchAll(/<a href="([^"]*\/board)">/g)].map(([, href = ""]) => href);
const linksOf = async (url: string, headers = {}): Promise<readonly string[]> =>
  boardLinks((await new Visitor().get(url, headers)).body);
const withShop = (deps: Partial<AppDeps>, act: (market: Served) => Promise<void>): Promise<void> =>
  withMarket({ ...WITH_RATINGS, ...deps }, act);

test("a visitor of this machine gets the board of the admin port, also after another visitor's page", () =>
  withShop({}, async ({ url, admin }) => {
    assert.equal(await linksOf(url), [`${admin}/board`]);
    assert.equal(await linksOf(url, { "X-Forwarded-For": "192.0.2.7" }), [], "behind a proxy it leads nowhere");
    assert.equal(await linksOf(url), [`${admin}/board`], "a page is not kept for another kind of visitor");
  }));

test("the link is not shown where it would lead nowhere: another name, a proxy, no admin port, the monolith", async () => {
  await withShop({}, async ({ port, url }) => {
    assert.is(await statusOf(port, "GET / HTTP/1.1"), 200);
    assert.equal(await linksOf(url, { "X-Forwarded-Host": "shop.example" }), []);
  });
  await withShop({ publicUrl: "https://shop.example" }, async ({ url }) => assert.equal(await linksOf(url), []));
  await withMarket({ rate: async () => ratings() }, async ({ url }) => assert.equal(await linksOf(url), []));
  await withMarket({}, async ({ url }) => assert.equal(await linksOf(url), []));
});

test("a public board is linked for everyone; who is on its machine gets the one with the faults", () =>
  withShop({ isBoardPublic: true }, async ({ url, admin }) => {
    assert.equal(await linksOf(url, { "X-Forwarded-For": "192.0.2.7" }), ["/board"]);
    assert.equal(await linksOf(url), [`${admin}/board`]);
  }));

inBrowser("the link leads to the board by keyboard, and the page has nothing that axe finds", async () => {
  const shown = openEveryState();
  try {
    await withMarket({ rate: async () => ratings(), board: () => shown.board }, ({ url, admin }) =>
      withPage({ javaScriptEnabled: false }, async (page) => {
        await page.goto(url);
        await page.getByRole("link", { name: "the board" }).press("Enter");
        await page.waitForURL(`${admin}/board`);
        assert.is(await page.getByRole("heading", { level: 1 }).textContent(), "The board");
      }),
    );
    await withMarket({ rate: async () => ratings(), board: () => shown.board }, ({ url }) =>
      withPage({}, async (page) => {
        await page.goto(url);
        assert.equal(await axeFindings(page), []);
      }),
    );
  } finally {
    await shown.close();
  }
});

test.run();
