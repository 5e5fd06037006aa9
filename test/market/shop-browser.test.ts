// takes: 15 s
// The shop on a desk: all of it in one window of 1280 by 800, whatever it says, and nothing lost by that.

import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { NO_STATES } from "../../src/monitor/instance-states.ts";
import { browserSuite, textOf, withPage } from "../support/browser.ts";
import { CATALOGUE, ratings, withMarket } from "./serve.ts";
import { SHOPS, type ShopState } from "./shop-states.ts";

const { test, inBrowser } = browserSuite("the shop on a desk");

const HEIGHT_PX = 800;
const DESKS_PX = [1280, 1440, 1920] as const;

interface Box {
  readonly what: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What a visitor has to see without scrolling. */
const boxesOf = (page: Page): Promise<readonly Box[]> =>
  page.evaluate(`[...document.querySelectorAll(".message, .ratings-status, .chips, .thing, .cart")].map((block, place) => {
    const { left, top, right, bottom } = block.getBoundingClientRect();
    return { what: block.className + " " + place, left, top, right, bottom };
  })`);

const overlap = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

async function fitsInWindow(page: Page, what: string): Promise<void> {
  for (const width of DESKS_PX) {
    await page.setViewportSize({ width, height: HEIGHT_PX });
    const boxes = await boxesOf(page);
    const where = `${what}, ${width} px`;
    const below = boxes.filter(({ bottom }) => bottom > HEIGHT_PX).map(({ what, bottom }) => `${what}: ${bottom} px`);
    assert.equal(below, [], where);
    const pairs = boxes.flatMap((one, place) => boxes.slice(place + 1).map((other) => [one, other] as const));
    assert.equal(
      pairs.filter(([one, other]) => overlap(one, other)),
      [],
      where,
    );
    const inThings =
      "[...document.querySelectorAll('.thing')].map((thing) => thing.querySelectorAll('.rating').length)";
    if (!what.startsWith("monolith")) assert.equal(await page.evaluate(inThings), [1, 1, 1, 1], where);
    assert.is(await page.evaluate("scrollY"), 0, where);
  }
}

async function fillCart(page: Page): Promise<void> {
  for (const _ of CATALOGUE.things) await page.locator("button[name=addCart]").first().click();
  assert.equal([await page.locator(".message").count(), await page.locator(".cart-things li").count()], [1, 4]);
}

async function judgeState(page: Page, url: string, { what, says, chips }: ShopState): Promise<void> {
  await page.context().clearCookies();
  await page.goto(url);
  assert.match(await textOf(page.locator(".ratings-status")), says);
  const shown = await page.locator(".chips li").allTextContents();
  assert.equal(
    shown.map((text) => text.trim()),
    chips,
    what,
  );
  await fitsInWindow(page, `${what}, empty cart`);
  await fillCart(page);
  await fitsInWindow(page, `${what}, full cart and message`);
}

inBrowser(
  "things, ratings, instances and cart are within 800 px, in each state, with an empty and with a full cart",
  () =>
    withPage({ reducedMotion: "reduce" }, async (page) => {
      let shown: ShopState | undefined = SHOPS[0];
      const rate = async () => shown?.page ?? ratings();
      const states = () => shown?.states ?? NO_STATES;
      await withMarket({ rate, states }, async ({ url }) => {
        for (const state of SHOPS) {
          shown = state;
          await judgeState(page, url, state);
        }
      });
      await withMarket({}, async ({ url }) => {
        await page.context().clearCookies();
        await page.goto(url);
        await fitsInWindow(page, "monolith, empty cart");
        await fillCart(page);
        await fitsInWindow(page, "monolith, full cart");
      });
    }),
);

inBrowser("description and warnings are behind the sentence about the thing: with a key, and without scripts", () =>
  withMarket({}, async ({ url }) => {
    await withPage({ javaScriptEnabled: false }, async (page) => {
      await page.goto(url);
      for (const [place, { desc, warnings }] of CATALOGUE.things.entries()) {
        const thing = page.locator(".thing").nth(place);
        for (const text of [desc, ...warnings]) assert.not.ok(await thing.getByText(text).isVisible(), text);
        await thing.locator("summary").focus();
        await page.keyboard.press("Enter");
        for (const text of [desc, ...warnings]) assert.ok(await thing.getByText(text).isVisible(), text);
      }
    });
  }),
);

test.run();
