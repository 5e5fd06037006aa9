// A real browser without a window, where there is one. It is the system's own: nothing is downloaded, and a machine that
// has none skips the tests that need it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
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

/** What axe finds wrong with a page, a line for each kind. `rules`: only those, which is quicker. */
export async function axeFindings(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const options = rules === undefined ? {} : { runOnly: { type: "rule", values: rules } };
  const found = (await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`)) as {
    violations: { id: string; help: string; nodes: { target: string[]; html: string }[] }[];
  };
  return found.violations.map(
    ({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ target }) => target.join(" ")).join("; ")})`,
  );
}

/** By how many pixels the page is wider than its window. */
export const overhang = (page: Page): Promise<number> =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

/** More stops than any page of ours has: a board of three instances has about ten. */
const MOST_STOPS = 60;

/** What the Tab key does not reach of all that can be used, and what does not show that it has the focus. */
export async function keyboardMisses(page: Page): Promise<readonly string[]> {
  await page.evaluate(`window.stops = [...document.querySelectorAll("a[href], button, [tabindex='0']")]
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
