// A real browser without a window, where there is one. It is the system's own: nothing is downloaded, and a machine that
// has none skips the tests that need it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import * as assert from "uvu/assert";
import { findProgram, programFolders } from "../../src/bus/find-program.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
/** A busy machine takes its time over the first page. */
const START_LIMIT_MS = 40_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Path of a Chromium; undefined: this machine has none. */
export function findChromium(): string | undefined {
  const places = programFolders(process.env["PATH"]);
  return NAMES.map((name) => findProgram(name, places)).find((found) => found !== undefined);
}

export function startBrowser(executablePath: string): Promise<Browser> {
  // Its own sandbox needs rights that containers, and root, do not have; it visits nothing but our own pages.
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
  return chromium.launch({ executablePath, args, timeout: START_LIMIT_MS });
}

const TALL_PX = 4_000;

/** A page of its own, of which the browser must have nothing to complain. */
export async function withPage(
  browser: Browser | undefined,
  options: BrowserContextOptions,
  act: (page: Page) => Promise<void>,
): Promise<void> {
  if (browser === undefined) throw new Error("no browser has been started");
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  try {
    await act(page);
    assert.equal(troubles, [], "the browser had nothing to complain of");
  } finally {
    await context.close();
  }
}

/**
 * What axe finds wrong with a page, a line for each kind; and where it cannot tell a contrast (text on a gradient, for
 * one), as what nobody can tell has not been found to be right.
 */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  const size = page.viewportSize();
  // What one would have to scroll to in a frame it cannot judge either: so tall that nobody has to.
  if (size !== null) await page.setViewportSize({ ...size, height: TALL_PX });
  await page.evaluate(AXE);
  const { violations, incomplete } = (await page.evaluate("axe.run(document)")) as {
    readonly violations: readonly Finding[];
    readonly incomplete: readonly Finding[];
  };
  if (size !== null) await page.setViewportSize(size);
  const undecided = incomplete.filter(({ id }) => id === "color-contrast").map(withoutSigns);
  return [...violations, ...undecided.filter(({ nodes }) => nodes.length > 0)].map(
    ({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ target }) => target.join(" ")).join("; ")})`,
  );
}

interface Finding {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly {
    readonly target: readonly string[];
    readonly any: readonly { readonly data?: { readonly messageKey?: string } | null }[];
  }[];
}

/** axe does not judge text of a single character: our signs, and the word beside each has the same colour. */
const withoutSigns = (finding: Finding): Finding => ({
  ...finding,
  nodes: finding.nodes.filter(({ any: [first] }) => !/^(shortTextContent|nonBmp)$/.test(first?.data?.messageKey ?? "")),
});

/** By how many pixels the page is wider than its window. */
export const overhang = (page: Page): Promise<number> =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

/** What is wider than the frame that it stands in, or cut off by it; frames that can be scrolled may hold more. */
export const sticksOut = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`[...document.querySelectorAll(".card, .panel, .chaos, .thing, .cart, .table-frame")].flatMap((frame) => {
    const { left, right } = frame.getBoundingClientRect();
    return [...frame.querySelectorAll("*:not(.unseen, svg *)")]
      .filter((inner) => inner.checkVisibility() && !inner.closest(".table-frame table"))
      .filter((inner) => {
        const box = inner.getBoundingClientRect();
        return box.width > 0 && (box.left < left - 1 || box.right > right + 1);
      })
      .map((inner) => frame.className + ": " + inner.outerHTML.slice(0, 80));
  })`);

/** Holes in the column of what a page shows: where so many pixels or more stand empty between two blocks. */
export const holes = (page: Page, parent: string, mostPx: number): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    const boxes = [...document.querySelector("${parent}").children].filter((block) => block.checkVisibility())
      .map((block) => ({ name: block.className, ...block.getBoundingClientRect().toJSON() }));
    return boxes.slice(1).flatMap((box, place) =>
      box.top - boxes[place].bottom > ${mostPx} ? [boxes[place].name + " and " + box.name] : []);
  })()`);

/** More stops than any page of ours has: a board of eight instances with all their faults open has about a hundred. */
const MOST_STOPS = 200;

/** What the Tab key does not reach of all that can be used, and what does not show that it has the focus. */
export async function keyboardMisses(page: Page): Promise<readonly string[]> {
  await page.evaluate(`window.stops = [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), [tabindex='0']")]
    .filter((element) => element.checkVisibility());
    window.missed = new Set(window.stops); window.unseen = new Set(); document.activeElement.blur()`);
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press("Tab");
    const left = await page.evaluate(`(() => {
      const { activeElement: at } = document;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at);
      const isShown = (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
      if (missed.has(at) && !isShown) unseen.add(at);
      missed.delete(at);
      return missed.size;
    })()`);
    if (left === 0) break;
  }
  return (await page.evaluate(`[
    ...[...missed].map((element) => "not reached: " + element.outerHTML.slice(0, 80)),
    ...[...unseen].map((element) => "focus not seen: " + element.outerHTML.slice(0, 80)),
  ]`)) as readonly string[];
}
