// Everything that shop and board can show, looked at in a real browser: what axe finds in light and dark, what the Tab key
// misses, what is cut off or sticks out from the phone to the desk. First, that the lookers see what is wrong at all.

import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FaultDesk } from "../../src/market/fault-desk.ts";
import type { PageRatings } from "../../src/market/shop.ts";
import { STATES } from "../../src/sight/state.ts";
import {
  axeFindings,
  findChromium,
  holes,
  keyboardMisses,
  overhang,
  startBrowser,
  sticksOut,
  withPage,
} from "../support/browser.ts";
import { type EveryState, type EveryStateOptions, openEveryState } from "../support/every-state.ts";
import { ratings, type Served, withMarket } from "./serve.ts";

/** No colour is on its way to another when it is judged. */
const DESK_TOP = { viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" } as const;
/** Blocks of the board stand a rem and a quarter apart. */
const MOST_GAP_PX = 60;
const PHONE_PX = 320;
const ALL_WIDTHS_PX = [PHONE_PX, 768, 1280, 1920] as const;

export interface Judgement {
  /** Every page in both schemes, by keyboard and in every width; else each kind of page once, and the others on a phone. */
  readonly isThorough: boolean;
}

type Test = (name: string, run: () => Promise<void>) => void;

let browser: Browser | undefined;

/** A suite whose tests have a browser; on a machine without one they are skipped, and counted so. */
export function browserSuite(name: string): { readonly test: ReturnType<typeof suite>; readonly inBrowser: Test } {
  const test = suite(name);
  const chromium = findChromium();
  test.before(async () => {
    if (chromium !== undefined) browser = await startBrowser(chromium);
  });
  test.after(() => browser?.close());
  test("a browser is there, or it is said that there is none", () => {
    if (chromium === undefined) console.log("  no chromium on this machine: the tests in a browser are skipped");
  });
  return { test, inBrowser: chromium === undefined ? test.skip : test };
}

const DESK: FaultDesk = { mayAsk: true, ask: async () => ({ isDone: true, message: "instance 1: paused, for 60 s" }) };

/** A Market that serves such a board, for the length of one test. */
async function withBoard(
  options: EveryStateOptions,
  act: (shown: EveryState, market: Served) => Promise<void>,
): Promise<void> {
  const shown = openEveryState(options);
  try {
    await withMarket({ board: () => shown.board, rate: async () => ratings() }, (market) => act(shown, market));
  } finally {
    await shown.close();
  }
}

type Prepare = (page: Page) => Promise<unknown>;

/** A page in one state, judged; `isWhole`: in both schemes, by keyboard and in every width. */
const check = (url: string, parent: string, prepare: Prepare, isWhole: boolean): Promise<void> =>
  withPage(browser, DESK_TOP, async (page) => {
    await page.goto(url);
    await prepare(page);
    for (const colorScheme of isWhole ? (["light", "dark"] as const) : (["light"] as const)) {
      await page.emulateMedia({ colorScheme });
      assert.equal(await axeFindings(page), [], colorScheme);
    }
    if (isWhole) assert.equal(await keyboardMisses(page), []);
    for (const width of isWhole ? ALL_WIDTHS_PX : [PHONE_PX]) await checkWidth(page, parent, width);
  });

async function checkWidth(page: Page, parent: string, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 800 });
  assert.is(await overhang(page), 0, `at ${width} px`);
  assert.equal(await sticksOut(page), [], `at ${width} px`);
  assert.equal(await holes(page, parent, MOST_GAP_PX), [], `at ${width} px`);
}

const live: Prepare = (page) => page.waitForSelector('#feed[data-feed="live"]');

/** With the faults of the last card, and of the first, open. */
async function liveWithFaults(page: Page): Promise<void> {
  await live(page);
  for (const place of [0, -1]) await page.locator(".card details.faults:visible").nth(place).locator("summary").click();
  assert.is(await page.locator(".card .fault-button:visible").count(), 12);
}

/** Of each state, in the board's order. */
const WHYS = [
  /✕ Breaker open.*request timed out, \d+ (s|min) ago · retest in \d+ s/,
  /↻ Retesting.*request timed out, \d+ (s|min) ago · a retest is out/,
  /\? Lost.*no heartbeat/,
  /! On probation.*\d answers to go/,
  /→ Leaving.*finishes what it has/,
  /✓ Well.*takes its turns/,
  /✓ Well.*takes its turns.*paused, ends in \d+ s; slow by 60000 ms, ends in \d+ s; fails 100 % of its calls/,
  /✓ Well.*takes its turns/,
  /– Left.*said goodbye/,
] as const;

const [camera, ...others] = ratings().ratings;
const old = { fresh: false, ageMs: 12_000, instance: 2 };
const SHOPS: readonly { readonly what: string; readonly page: PageRatings | undefined; readonly says: RegExp }[] = [
  { what: "the monolith", page: undefined, says: /^$/ },
  { what: "all fresh", page: ratings(), says: /All ratings are fresh.*Answered by instance 1\./ },
  {
    what: "nobody was ever there",
    page: { ratings: new Map(), trouble: ["all services are down"] },
    says: /No ratings yet: no ratings service is running\./,
  },
  {
    what: "one of two hangs",
    page: {
      ratings: new Map(
        [...(camera === undefined ? [] : [camera]), ...others.slice(1)].map(([id, view], place) => [
          id,
          place === 1 ? { ...view, ...old } : view,
        ]),
      ),
      trouble: ["request timed out"],
    },
    says: /2 ratings fresh, 1 last known, 1 not known yet\..*Why: request timed out\..*Answered by instance 1\./,
  },
  {
    what: "all down",
    page: ratings(old, ["all services are down"]),
    says: /All ratings services are down: these are the last known ratings\..*Last answered by instance 2\./,
  },
  {
    what: "the bus is away",
    page: ratings({ ...old, ageMs: 90 * 86_400_000 }, ["the bus is away"]),
    says: /Nobody can be asked for ratings just now: these are the last known ratings\..*Why: the bus is away\./,
  },
];

/** The lookers themselves: that they see what is wrong. */
export function judgeJudges(inBrowser: Test): void {
  inBrowser("those who look see what is wrong: they find each of the faults that are put into a page", () =>
    withBoard({}, (_, market) =>
      withPage(browser, DESK_TOP, async (page) => {
        await page.goto(`${market.admin}/board`);
        await live(page);
        await page.evaluate(`(() => {
          document.querySelector("h1").style.color = "rgb(228 218 200)";
          document.getElementById("next").style.backgroundImage = "linear-gradient(red, blue)";
          document.querySelector("main").insertAdjacentHTML("beforeend", '<svg role="img"></svg>');
          document.querySelector(".numbers").style.marginRight = "-6rem";
          document.getElementById("instances").style.marginTop = "6rem";
          document.querySelector("nav a").tabIndex = -1;
          document.querySelectorAll("nav a")[1].style.outline = "none";
          document.body.style.minWidth = "1300px";
        })()`);
        const found = await axeFindings(page);
        assert.ok(
          found.some((line) => line.startsWith("color-contrast") && line.includes("h1")),
          found.join("\n"),
        );
        assert.ok(
          found.some((line) => line.startsWith("color-contrast") && line.includes("#next")),
          found.join("\n"),
        );
        assert.ok(
          found.some((line) => line.startsWith("svg-img-alt")),
          found.join("\n"),
        );
        const missed = await keyboardMisses(page);
        assert.ok(
          missed.some((line) => /^not reached: .*the shop/.test(line)),
          missed.join("\n"),
        );
        assert.ok(
          missed.some((line) => /^focus not seen: .*as data/.test(line)),
          missed.join("\n"),
        );
        assert.is(await overhang(page), 20);
        assert.match((await sticksOut(page)).join("\n"), /^card: <dl class="numbers"/m);
        assert.equal(await holes(page, ".column", MOST_GAP_PX), []);
        await page.evaluate(`document.getElementById("disputes").style.marginTop = "6rem"`);
        assert.equal(await holes(page, ".column", MOST_GAP_PX), ["instances and panel disputes"]);
      }),
    ),
  );
}

/** Everything that the board can show. */
export function judgeBoards(inBrowser: Test, { isThorough }: Judgement): void {
  inBrowser("the board with an instance in each state, all faults on, and Markets that disagree", () =>
    withBoard({ faults: DESK }, async ({ board }, market) => {
      const shown = board.snapshot().instances;
      assert.equal([...new Set(shown.map(({ state }) => state))], [...STATES], "every state is there, the worst first");
      await check(
        `${market.admin}/board`,
        "main",
        async (page) => {
          await liveWithFaults(page);
          const states = await page.evaluate(
            "[...document.querySelectorAll('.card')].map((card) => card.dataset.state)",
          );
          assert.equal(
            states,
            shown.map(({ state }) => state),
          );
        },
        true,
      );
    }),
  );

  inBrowser("the same without scripts: every row says what its card says", () =>
    withBoard({ faults: DESK }, async (_, market) => {
      const url = `${market.admin}/board`;
      const said: string[][] = [];
      for (const javaScriptEnabled of [true, false])
        await withPage(browser, { javaScriptEnabled }, async (page) => {
          await page.goto(url);
          if (javaScriptEnabled) await live(page);
          const frames = await page.locator(javaScriptEnabled ? ".card" : "#table tbody tr").allTextContents();
          said.push(frames.map((text) => text.replace(/\s+/g, " ")));
          said.push([
            (await page.locator("#summary, #bus, #next, #ring, #markets").allTextContents())
              .join()
              .replace(/\s+/g, " "),
          ]);
        });
      const [cards = [], notices, rows = [], same] = said;
      assert.equal(notices, same);
      assert.is(cards.length, rows.length);
      for (const [place, why] of WHYS.entries()) {
        assert.match(cards[place] ?? "", why);
        assert.match(rows[place] ?? "", why);
      }
      for (const width of isThorough ? ALL_WIDTHS_PX : [PHONE_PX])
        await withPage(browser, { javaScriptEnabled: false, viewport: { width, height: 800 } }, async (page) => {
          await page.goto(url);
          assert.is(await overhang(page), 0, `at ${width} px`);
          assert.equal(await sticksOut(page), [], `at ${width} px`);
          assert.ok(await page.locator("#table").isVisible());
        });
    }),
  );

  inBrowser("the board's table that stands there without scripts is found in order, too", () =>
    withBoard({ faults: DESK }, (_, market) =>
      withPage(browser, DESK_TOP, async (page) => {
        await page.route("**/static/*.js*", (route) => route.fulfill({ body: "", contentType: "text/javascript" }));
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          await page.goto(`${market.admin}/board`);
          await page.locator("#table details.faults").first().locator("summary").click();
          assert.equal(await axeFindings(page), [], colorScheme);
        }
        assert.equal(await keyboardMisses(page), []);
      }),
    ),
  );

  inBrowser("the board before anybody has been heard", () =>
    withBoard({ isEmpty: true }, (_, market) =>
      check(
        `${market.admin}/board`,
        "main",
        async (page) => {
          await live(page);
          assert.ok(await page.locator("#nobody").isVisible());
          assert.match(
            (await page.locator("#nobody").textContent()) ?? "",
            /None has been heard yet. Type.*make startRatings/,
          );
          assert.is(await page.locator("#summary").textContent(), "No instance is up.");
        },
        isThorough,
      ),
    ),
  );

  inBrowser("the board while the bus is away, and when its feed is lost", () =>
    withBoard({}, async ({ tellBus }, market) => {
      tellBus("away");
      await check(
        `${market.admin}/board`,
        "main",
        async (page) => {
          await live(page);
          await page.getByText("The bus is away: nobody can be asked.").waitFor();
          await page.evaluate(`document.getElementById("feed").dataset.feed = "lost"`);
        },
        isThorough,
      );
    }),
  );
}

/** Everything that the shop can show. */
export function judgeShops(inBrowser: Test, { isThorough }: Judgement): void {
  for (const { what, page: shown, says } of SHOPS)
    inBrowser(`the shop, ${what}; with an empty cart, and with a full one and its message`, () =>
      withMarket({ rate: shown && (async () => shown) }, async ({ url }) => {
        const saysSo: Prepare = async (page) => {
          const status = await page.locator('.ratings-status[role="status"]').allTextContents();
          assert.match(status.join().replace(/\s+/g, " ").trim(), says);
          assert.is(await page.locator(".thing").count(), 4);
        };
        await check(url, ".market", saysSo, isThorough);
        await check(
          url,
          ".market",
          async (page) => {
            for (const _ of [1, 2, 3, 4]) await page.locator("button[name=addCart]").first().click();
            await page.locator(".message[role=status]").waitFor();
            assert.is(await page.locator(".cart-things li").count(), 4);
            await saysSo(page);
          },
          isThorough || what === "one of two hangs",
        );
        await withPage(browser, { javaScriptEnabled: false }, async (page) => {
          await page.goto(url);
          await saysSo(page);
        });
      }),
    );

  inBrowser("pages that say what went wrong", () =>
    withMarket({}, ({ url }) =>
      withPage(browser, {}, async (page) => {
        page.removeAllListeners("console");
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          await page.goto(`${url}/nonesuch`);
          assert.equal(await axeFindings(page), [], colorScheme);
        }
        await page.setViewportSize({ width: 320, height: 640 });
        assert.is(await overhang(page), 0);
      }),
    ),
  );
}
