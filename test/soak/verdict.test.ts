// The verdict of a soak: a sway is flat, a steady rise is not, and one unanswered page fails it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { goldenOf } from "../support/golden.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { growth, judge, type Reading, type Soaked } from "./verdict.ts";

const test = suite("the verdict of a soak");
const golden = goldenOf(test, "soak");

const MEGABYTE = 1_048_576;
const SECONDS = 600;

function soaked(of: (second: number) => Partial<Reading>, over: Partial<Soaked> = {}): Soaked {
  const readings = Array.from({ length: SECONDS }, (_, second) => ({
    ...{ atMs: second * 1000, rssBytes: 90 * MEGABYTE, heapBytes: 20 * MEGABYTE, handles: 30 },
    ...of(second),
  }));
  return { readings: new Map([["Market", readings]]), pages: 1000, failures: [], recovered: true, ...over };
}

const said = (of: Soaked): string => judge(of).lines.join("\n");

test("what sways and what rises only in the warm-up is flat", () => {
  const dice = new SeededRandom(1);
  const swaying = soaked((second) => ({
    heapBytes: (second < 60 ? second / 3 : 20 + 4 * dice.random()) * MEGABYTE,
    rssBytes: (second < 60 ? 40 + second : 100 + 20 * dice.random()) * MEGABYTE,
    handles: 30 + dice.below(6),
  }));
  assert.ok(judge(swaying).good, said(swaying));
});

test("a steady rise is found in the heap, in what the system counts, and in the handles", () => {
  const heap = soaked((second) => ({ heapBytes: 20 * MEGABYTE + second * 18_000 }));
  golden(said(heap));
  const rss = soaked((second) => ({ rssBytes: 90 * MEGABYTE + second * 70_000 }));
  golden(said(rss));
  const handles = soaked((second) => ({ handles: 30 + second / 50 }));
  golden(said(handles));
  for (const one of [heap, rss, handles]) assert.not.ok(judge(one).good);
});

test("a page that failed, no page at all, and ratings that stay old are reported", () => {
  golden(said(soaked(() => ({}), { failures: ["page 7: status 500"] })));
  assert.not.ok(judge(soaked(() => ({}), { pages: 0 })).good);
  assert.not.ok(judge(soaked(() => ({}), { recovered: false })).good);
  assert.not.ok(judge({ ...soaked(() => ({})), readings: new Map([["Market", []]]) }).good);
  assert.not.ok(judge(soaked(() => ({ heapBytes: undefined }))).good, "a program without reports");
});

test("growth is that of the straight line", () => {
  assert.is(
    growth([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
    4,
  );
  assert.is(
    growth([
      [0, 7],
      [0, 9],
    ]),
    0,
  );
});

test.run();
