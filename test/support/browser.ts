// A real browser without a window, where there is one. It is the system's own: nothing is downloaded, and a machine that
// has none skips the tests that need it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type ConsoleMessage, chromium, type Locator, type Page } from "playwright-core";
import { suite, type Test } from "uvu";
import * as assert from "uvu/assert";
import { findProgram, programFolders } from "../../src/bus/server/server-process.ts";
import { closeAtEnd, fileEnded } from "./file-end.ts";
import { until } from "./until.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
/** A busy machine takes its time over the first page. */
const START_LIMIT_MS = 40_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SHOWN_LIMIT_MS = 30_000;
const DESK_TOP = { width: 1280, height: 800 } as const;

/** Path of a Chromium; undefined: this machine has none. */
export function findChromium(): string | undefined {
  const places = programFolders(process.env["PATH"]);
  return NAMES.map((name) => findProgram(name, places)).find((found) => found !== undefined);
}

export function startBrowser(executablePath: string): Promise<Browser> {
  // Its own sandbox needs rights that containers, and root, do not have; it visits nothing but our own pages.
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-site-isolation-trials"];
  return chromium.launch({ executablePath, args, timeout: START_LIMIT_MS });
}

interface BrowserTests {
  readonly test: Test<Record<string, unknown>>;
  /** A test that is skipped, and counted so, on a machine without a browser. */
  readonly inBrowser: (name: string, run: () => Promise<void>) => void;
}

/** A suite whose tests have a browser. It is closed after the last file of the process. */
export function browserSuite(name: string): BrowserTests {
  const test = suite(name);
  const isThere = findChromium() !== undefined;
  test.after(fileEnded);
  test("a browser is there, or the suite says that there is none", () => {
    if (!isThere) console.log("  no chromium on this machine: the tests in a browser are skipped");
  });
  return { test, inBrowser: isThere ? test : test.skip };
}

let started: Promise<Browser> | undefined;

/** The browser of this process; replaced after a crash. */
function theBrowser(): Promise<Browser> {
  started ??= launch();
  return started;
}

async function launch(): Promise<Browser> {
  const browser = await startBrowser(findChromium() ?? "chromium");
  browser.on("disconnected", () => {
    started = undefined;
    idle.clear();
  });
  closeAtEnd(() => browser.close());
  return browser;
}

export interface PageOptions {
  readonly javaScriptEnabled?: boolean;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: "light" | "dark";
  readonly reducedMotion?: "reduce" | "no-preference";
  /** A page with a context of its own: for a test that changes lasting state, such as the page's clock. */
  readonly isFresh?: boolean;
  /** The browser may complain: of a page with status 404, for one. */
  readonly mayComplain?: boolean;
}

/** Pages that no test uses, with scripts and without. A new page is a new process: that costs more than most tests. */
const idle = new Set<{ readonly page: Page; readonly hasScripts: boolean }>();

async function openPage({ javaScriptEnabled = true, isFresh = false }: PageOptions): Promise<Page> {
  const known = isFresh ? undefined : [...idle].find(({ hasScripts }) => hasScripts === javaScriptEnabled);
  if (known !== undefined) idle.delete(known);
  return known?.page ?? (await (await theBrowser()).newContext({ javaScriptEnabled })).newPage();
}

/** A page without cookies, of which the browser must have nothing to complain. */
export async function withPage(options: PageOptions, act: (page: Page) => Promise<void>): Promise<void> {
  const page = await openPage(options);
  const troubles: string[] = [];
  const onConsole = (message: ConsoleMessage): void =>
    void (message.type() === "error" && troubles.push(message.text()));
  const onError = (error: Error): void => void troubles.push(String(error));
  page.on("console", onConsole).on("pageerror", onError);
  let isReusable = false;
  try {
    const { viewport = DESK_TOP, colorScheme = "light", reducedMotion = "no-preference" } = options;
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion });
    await act(page);
    if (options.mayComplain !== true) assert.equal(troubles, [], "the browser had nothing to complain of");
    page.off("console", onConsole).off("pageerror", onError);
    await leave(page);
    isReusable = options.isFresh !== true;
  } finally {
    if (isReusable) idle.add({ page, hasScripts: options.javaScriptEnabled !== false });
    else await page.context().close();
  }
}

/** Nothing of a test stays: no cookie, no route, no connection. */
async function leave(page: Page): Promise<void> {
  await page.unrouteAll();
  await page.goto("about:blank");
  await page.context().clearCookies();
}

export const textOf = async (found: Locator): Promise<string> => plain((await found.allTextContents()).join());
const plain = (text: string): string => text.replace(/\s+/g, " ").trim();

/** Waits until a text is shown. The board may show one event in several steps. */
export async function untilText(found: Locator, pattern: RegExp): Promise<void> {
  let text = "";
  const isShown = async (): Promise<boolean> => {
    text = await textOf(found);
    return pattern.test(text);
  };
  await until(`it says ${pattern}`, isShown, SHOWN_LIMIT_MS, () => text);
}

export const boardIsLive = (page: Page): Promise<unknown> => page.waitForSelector('#feed[data-feed="live"]');

const TALL_PX = 4_000;

/** Rules that axe applies: all, or those about colours, for another scheme of a page already checked. */
export type AxeScope = "all" | "colours";

/**
 * Findings of axe, a line for each kind. A contrast that it cannot measure (text on a gradient, for example) is a finding
 * as well: it has not been shown to be right.
 */
export async function axeFindings(page: Page, scope: AxeScope = "all"): Promise<readonly string[]> {
  const size = page.viewportSize();
  // axe cannot judge text that is scrolled out of a frame: the viewport is tall enough to need no scrolling.
  if (size !== null) await page.setViewportSize({ ...size, height: TALL_PX });
  if ((await page.evaluate("typeof axe")) === "undefined") await page.evaluate(AXE);
  const only = scope === "all" ? "" : ', runOnly: ["color-contrast", "link-in-text-block"]';
  const found = await page.evaluate(`(async () => {
    const { violations, incomplete } = await axe.run({ exclude: ["svg text"] }, { resultTypes: ["violations", "incomplete"]${only} });
    const short = ({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ target, any: [first] }) =>
      ({ target: target.join(" "), message: first?.data?.messageKey ?? "" })) });
    return { violations: violations.map(short), incomplete: incomplete.map(short) };
  })()`);
  const { violations, incomplete } = found as Record<"violations" | "incomplete", readonly Finding[]>;
  const faint = (await page.evaluate(FAINT_TEXTS)) as readonly string[];
  if (size !== null) await page.setViewportSize(size);
  const undecided = incomplete.filter(({ id }) => id === "color-contrast").map(withoutSigns);
  const findings = [...violations, ...undecided.filter(({ nodes }) => nodes.length > 0)].map(
    ({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ target }) => target).join("; ")})`,
  );
  return faint.length === 0 ? findings : [...findings, `text in drawings has less than 4.5:1 (${faint.join("; ")})`];
}

/** axe does not measure text in drawings. It is compared with what lies behind the drawing: no text of ours is on a shape. */
const FAINT_TEXTS = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => channels(colour).slice(0, 3)
    .map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    const { backgroundColor } = getComputedStyle(element);
    return channels(backgroundColor)[3] === 0 && element.parentElement ? behind(element.parentElement) : backgroundColor;
  };
  return [...document.querySelectorAll("svg text")].filter((text) => text.checkVisibility()).filter((text) => {
    const [one, other] = [getComputedStyle(text).fill, behind(text)].map(luminance).sort((a, b) => b - a);
    return (one + 0.05) / (other + 0.05) < 4.5;
  }).map((text) => text.getAttribute("class") + " " + text.textContent);
})()`;

interface Finding {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly target: string; readonly message: string }[];
}

/** axe does not judge text of a single character: our signs, and the word beside each has the same colour. */
const withoutSigns = (finding: Finding): Finding => ({
  ...finding,
  nodes: finding.nodes.filter(({ message }) => !/^(shortTextContent|nonBmp)$/.test(message)),
});

/** By how many pixels the page is wider than its window. */
export const horizontalOverflow = (page: Page): Promise<number> =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

/**
 * Elements wider than their frame, or cut off by it. Frames that scroll may hold more. A card outside the window is laid
 * out for this look only (content-visibility): otherwise its contents may still have the places of the last width.
 */
export const overflowing = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    const whole = new CSSStyleSheet();
    whole.replaceSync("* { content-visibility: visible !important; }");
    const before = document.adoptedStyleSheets;
    document.adoptedStyleSheets = [...before, whole];
    const found = [...document.querySelectorAll(".card, .panel, .chaos, .thing, .cart, .table-frame")].flatMap((frame) => {
      const { left, right } = frame.getBoundingClientRect();
      return [...frame.querySelectorAll("*:not(.unseen, svg *)")]
        .filter((inner) => inner.checkVisibility() && !inner.closest(".table-frame table"))
        .filter((inner) => {
          const box = inner.getBoundingClientRect();
          return box.width > 0 && (box.left < left - 1 || box.right > right + 1);
        })
        .map((inner) => frame.className + ": " + inner.outerHTML.slice(0, 80));
    });
    document.adoptedStyleSheets = before;
    return found;
  })()`);

/** Gaps in the column of visible blocks: places with this many empty pixels between two blocks. */
export const gapsIn = (page: Page, parent: string, mostPx: number): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    const boxes = [...document.querySelector("${parent}").children].filter((block) => block.checkVisibility())
      .map((block) => ({ name: block.className, ...block.getBoundingClientRect().toJSON() }));
    return boxes.slice(1).flatMap((box, place) =>
      box.top - boxes[place].bottom > ${mostPx} ? [boxes[place].name + " and " + box.name] : []);
  })()`);

/** More stops than any page of ours has: a board of eight instances with all their faults open has about a hundred. */
const MAX_STOPS = 200;

/** Controls that the Tab key does not reach, and controls that do not show their focus. */
export async function keyboardMisses(page: Page): Promise<readonly string[]> {
  await page.evaluate(`window.stops = [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), [tabindex='0']")]
    .filter((element) => element.checkVisibility());
    window.missed = new Set(window.stops); window.unseen = new Set(); window.firstStop = undefined; window.rounds = 0; document.activeElement.blur()`);
  for (let stop = 0; stop < MAX_STOPS; stop++) {
    await page.keyboard.press("Tab");
    const isOver = await page.evaluate(`(() => {
      const { activeElement: at } = document;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at);
      const isShown = (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
      if (missed.has(at) && !isShown) unseen.add(at);
      missed.delete(at);
      // After the last stop, the first comes again.
      return missed.size === 0 || (window.firstStop ??= at) === at && ++window.rounds > 1;
    })()`);
    if (isOver === true) break;
  }
  return (await page.evaluate(`[
    ...[...missed].map((element) => "not reached: " + element.outerHTML.slice(0, 80)),
    ...[...unseen].map((element) => "focus not seen: " + element.outerHTML.slice(0, 80)),
  ]`)) as readonly string[];
}
