// A shopper's waiting time while one of three instances is paused.

import { pause } from "./crew.js";
import { at } from "./load.js";

const PAUSED_PAGES = 200;
const BETWEEN_PAGES_MS = 10;

/** One page after the other, as a person loads them: before the pause, at its start, and from the second page on. */
export async function strictPause(url, { signal }) {
  const before = p99(await inTurn(url));
  signal("SIGSTOP");
  const first = await pageMs(url);
  const after = p99(await inTurn(url));
  signal("SIGCONT");
  return { beforeP99Ms: before, firstMs: first, afterP99Ms: after };
}

async function inTurn(url) {
  const tookMs = [];
  for (let count = 0; count < PAUSED_PAGES; count++) {
    tookMs.push(await pageMs(url));
    await pause(BETWEEN_PAGES_MS);
  }
  return tookMs;
}

const p99 = (tookMs) =>
  at(
    tookMs.sort((a, b) => a - b),
    0.99,
  );

async function pageMs(url) {
  const startedAt = performance.now();
  await (await fetch(url)).text();
  return performance.now() - startedAt;
}

const PAGES_PER_SECOND = 40;
const MS_PER_S = 1_000;
/** From this many pages the Market learns the typical latency of each instance. */
const BEFORE_MS = 3_000;
/** The timeout of a call: no caller can know sooner that the instance hangs, and afterwards every caller does. */
const MOMENT_MS = 1_000;

/**
 * Forty pages a second, each requested at its time whatever the state of those before, as JSON: a rating that is not fresh
 * was not answered. @returns durations of the pages of the pause's first second, and the number of their failed ratings
 */
export async function hedgedPause(url, { signal }) {
  await pagesFor(url, BEFORE_MS);
  signal("SIGSTOP");
  const pages = await pagesFor(url, MOMENT_MS);
  signal("SIGCONT");
  return { p99Ms: p99(pages.map(({ tookMs }) => tookMs)), failed: pages.reduce((sum, { failed }) => sum + failed, 0) };
}

async function pagesFor(url, forMs) {
  const pages = [];
  const startedAt = performance.now();
  for (let nextAt = startedAt; nextAt < startedAt + forMs; nextAt += MS_PER_S / PAGES_PER_SECOND) {
    await pause(Math.max(0, nextAt - performance.now()));
    pages.push(ratingsPage(`${url}ratings`));
  }
  return Promise.all(pages);
}

async function ratingsPage(url) {
  const startedAt = performance.now();
  const ratings = Object.values(await (await fetch(url)).json());
  const failed = ratings.filter((rating) => rating?.fresh !== true).length;
  return { tookMs: performance.now() - startedAt, failed };
}
