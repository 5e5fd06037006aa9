// The claims of the tour about one page, each made from the lines of that very page. A claim that they do not bear out is
// not made: then the tour says what the page did, and waits for another.

import { instancesText } from "./actions.ts";
import { isHanging, type PageSeen, type Scene } from "./scene.ts";

/** @returns the claim; undefined: this page does not show it */
export type PageClaim = (page: PageSeen, scene: Scene) => string | undefined;

export const noneIsThere: PageClaim = (page, scene) =>
  allAreDown(page)
    ? `The Market knows that no instance runs: it called none, and waited ${page.waitedMs} ms. ${knownText(page, scene)}`
    : undefined;

export const allHaveFailed: PageClaim = (page, scene) =>
  allAreDown(page)
    ? `All services are down, and the page says so after ${page.waitedMs} ms. ${knownText(page, scene)}`
    : undefined;

export const turnsAmong =
  (...instances: readonly number[]): PageClaim =>
  (page) =>
    isWhole(page) && instances.every((instance) => page.calls.includes(instance))
      ? `All ${things(page)} ratings are fresh, and the instances took turns: ${page.calls.join(", ")}.`
      : undefined;

export const onlyFrom =
  (instance: number): PageClaim =>
  (page) =>
    isWhole(page) && isEqual(unique(page.calls), [instance])
      ? `Every call went to instance ${instance}, and all ${things(page)} ratings are fresh again.`
      : undefined;

export const opensBreaker =
  (instance: number): PageClaim =>
  (page, scene) => {
    if (!page.opened.includes(instance) || page.bad.length === 0) return undefined;
    const failed = `${page.bad.length} of ${page.asked.length} calls failed, after ${page.waitedMs} ms.`;
    return `The breaker of ${instancesText(unique(page.opened))} is open. ${failed} ${knownText(page, scene)}`;
  };

/** The instance hangs, and no call goes to it. */
export const leavesOut =
  (instance: number): PageClaim =>
  (page, scene) => {
    const isLeftOut = isWhole(page) && !page.calls.includes(instance) && isHanging(scene, instance);
    if (!isLeftOut || page.opened.length > 0) return undefined;
    const to = instancesText(unique(page.calls));
    return `All ${page.calls.length} calls went to ${to}. Instance ${instance} gets none: the page waited ${page.waitedMs} ms.`;
  };

/** The instance is dead, and its calls have gone on to others. */
export const survives =
  (instance: number): PageClaim =>
  (page) => {
    const others = unique(page.calls).filter((one) => one !== instance);
    return isWhole(page) && page.dead.includes(instance) && others.length > 0
      ? `Instance ${instance} is dead, and its calls went on to ${instancesText(others)}: all ${things(page)} ratings are fresh. No shopper noticed.`
      : undefined;
  };

/** What a page did that does not show what was wanted. */
export function pageText(page: PageSeen): string {
  const { calls, got, bad, asked } = page;
  const called = calls.length === 0 ? "no instance" : instancesText(unique(calls));
  const reasons = unique(bad.map(({ why }) => why));
  const failed = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
  return `that page called ${called}, and got ${got.length} of ${asked.length} ratings${failed}`;
}

const DOWN = "all services are down";
const allAreDown = ({ got, bad, calls }: PageSeen): boolean =>
  got.length === 0 && calls.length === 0 && bad.length > 0 && bad.every(({ why }) => why === DOWN);
const isWhole = ({ got, bad, calls }: PageSeen): boolean => got.length > 0 && bad.length === 0 && calls.length > 0;
const things = ({ asked }: PageSeen): number => unique(asked).length;

/** What the page shows in place of the ratings that have not come. */
function knownText({ bad }: PageSeen, { rated }: Scene): string {
  const missing = unique(bad.map(({ thing }) => thing));
  const known = missing.filter((thing) => rated.has(thing));
  if (known.length === 0) return "No rating was known before, so the page has none.";
  const rest = known.length === missing.length ? "" : `, ${missing.length - known.length} are missing`;
  return `${known.length === 1 ? "1 rating is" : `${known.length} ratings are`} last known, with their age${rest}.`;
}

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)].sort();
const isEqual = (one: readonly number[], other: readonly number[]): boolean => one.join() === other.join();
