// The truth of each claim of the tour, by what really happened in the world of the test.

import * as assert from "uvu/assert";
import type { PageTruth, TourWorld } from "./tour-world.ts";

type Check = (found: readonly string[], page: PageTruth, world: TourWorld) => boolean;

const list = (text = ""): readonly number[] => text.split(", ").map(Number);
const unique = (values: readonly number[]): readonly number[] => [...new Set(values)].sort();
const same = (one: readonly number[], other: readonly number[]): boolean => one.join() === other.join();
const isFresh = ({ got, bad }: PageTruth, count: string | undefined): boolean =>
  bad.length === 0 && new Set(got).size === Number(count);
const isDown = ({ got, bad, calls }: PageTruth): boolean =>
  calls.length === 0 && got.length === 0 && bad.every(({ why }) => why === "all services are down");
/** The Market's own view: a call would go there. */
const works = (world: TourWorld, instance: number): boolean =>
  world.all.some((one) => one.instance === instance && one.presence === "up" && one.breaker === "closed");
const there = (world: TourWorld): readonly number[] =>
  unique(world.all.filter(({ presence }) => presence === "up").map(({ instance }) => instance));
const isFailed = ({ bad }: PageTruth, world: TourWorld, count: string | undefined): boolean =>
  new Set(bad.map(({ thing }) => thing).filter((thing) => world.rated.has(thing))).size === Number(count);

/** Every sentence that claims something. A text has to consist of them. */
const CLAIMS: readonly (readonly [RegExp, Check])[] = [
  [
    /^The Market knows that no instance runs: it called none, and waited (\d+) ms\. /,
    ([, ms], page) => isDown(page) && page.waitedMs === Number(ms),
  ],
  [
    /^All services are down, and the page says so after (\d+) ms\. /,
    ([, ms], page) => isDown(page) && page.waitedMs === Number(ms),
  ],
  [/^No rating was known before, so the page has none\.$/, (_, page, world) => isFailed(page, world, "0")],
  [
    /^(\d+) ratings? (?:is|are) last known, with their age(?:, \d+ are missing)?\.$/,
    ([, count], page, world) => isFailed(page, world, count),
  ],
  [
    /^All (\d+) ratings are fresh, and the instances took turns: ([\d, ]+)\.$/,
    ([, count, turns], page) => isFresh(page, count) && same(list(turns), page.calls) && unique(page.calls).length > 1,
  ],
  [
    /^Every call went to instance (\d+), and all (\d+) ratings are fresh again\.$/,
    ([, instance, count], page) => isFresh(page, count) && same(unique(page.calls), list(instance)),
  ],
  [/^The breaker of instances? ([\d, ]+) is open\. /, ([, opened], page) => same(unique(page.opened), list(opened))],
  [
    /^(\d+) of (\d+) calls failed, after (\d+) ms\. /,
    ([, bad, asked, ms], page) =>
      page.bad.length === Number(bad) && page.asked.length === Number(asked) && page.waitedMs === Number(ms),
  ],
  [
    /^All (\d+) calls went to instances? ([\d, ]+)\. /,
    ([, count, to], page) => page.calls.length === Number(count) && same(unique(page.calls), list(to)),
  ],
  [
    /^Instance (\d+) gets none: the page waited (\d+) ms\.$/,
    ([, instance, ms], page, world) =>
      !page.calls.includes(Number(instance)) && !works(world, Number(instance)) && page.waitedMs === Number(ms),
  ],
  [/^A heartbeat newer than the failure has closed the breaker of instance 2\.$/, (_, __, world) => works(world, 2)],
  [/^Instance 2 has answered a retest, and its breaker is closed\.$/, (_, __, world) => works(world, 2)],
  [/^Instance 2 takes calls again\.$/, (_, __, world) => works(world, 2)],
  [
    /^Instance (\d+) is dead, and its calls went on to instances? ([\d, ]+): all (\d+) ratings are fresh\. No shopper noticed\.$/,
    ([, dead, others, count], page) =>
      page.dead.includes(Number(dead)) && isFresh(page, count) && list(others).every((one) => page.calls.includes(one)),
  ],
  [
    /^Passed: .*: Ratings instances run already \(([\d, ]+)\)\.$/,
    ([, running], _, world) => list(running).every((one) => there(world).includes(one)),
  ],
  [
    /^(?:\d+ is passed|Passed: .*): instances? ([\d, ]+) works? already\.$/,
    ([, instances], _, world) => list(instances).every((one) => works(world, one)),
  ],
  [/^\d+ is passed: no instance runs\.$/, (_, __, world) => there(world).length === 0],
  [/^Passed: .*: instance 2 takes calls already\.$/, (_, __, world) => works(world, 2)],
  [
    /^Passed: .*: instance 2 (does not hang any more|does not hang, so it need not be continued)\.$/,
    (_, __, world) =>
      works(world, 2) ||
      !world.all.some((one) => one.instance === 2 && one.breaker === "open" && one.presence === "up"),
  ],
  [/^Passed: .*: instance 2 hangs already, and its breaker is open\.$/, (_, __, world) => !works(world, 2)],
  [
    /^Passed: .*: the Market has noticed already that instance 2 is dead\.$/,
    (_, __, world) => world.all.filter(({ instance }) => instance === 2).some(({ presence }) => presence === "dead"),
  ],
  [
    /^Not yet: that page called (?:no instance|instances? ([\d, ]+)), and got (\d+) of (\d+) ratings(?: \(.*\))?\.$/,
    ([, to, got, asked], page) =>
      same(unique(page.calls), to === undefined ? [] : list(to)) &&
      page.got.length === Number(got) &&
      page.asked.length === Number(asked),
  ],
];

const NO_PAGE: PageTruth = { number: 0, asked: [], calls: [], got: [], bad: [], opened: [], dead: [], waitedMs: 0 };

/** @throws for a sentence that is not so, or that has no row above */
export function checkClaim(text: string, page: PageTruth | undefined, world: TourWorld): void {
  let rest = text;
  while (rest !== "") {
    const row = CLAIMS.find(([pattern]) => pattern.test(rest));
    if (row === undefined) throw new Error(`the test cannot check this claim: ${rest}`);
    const [pattern, holds] = row;
    const found = pattern.exec(rest) ?? [];
    assert.ok(
      holds([...found], page ?? NO_PAGE, world),
      `not so: ${text}\n${JSON.stringify({ page, all: world.all })}`,
    );
    rest = rest.slice(found[0]?.length ?? rest.length);
  }
}
