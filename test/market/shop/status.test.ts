import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ALL_DOWN } from "../../../src/market/ratings/core/failure-text.ts";
import type { PageRatings, RatingView } from "../../../src/market/ratings/rate-page.ts";
import { ratingsStatus } from "../../../src/market/shop/core/page.ts";
import { goldenOf } from "../../support/golden.ts";

const test = suite("status");
const golden = goldenOf(test, "market");

const view = (fresh: boolean): RatingView => ({ rating: 4, at: 0, ageMs: 0, instance: 1, fresh });
const page = (fresh: readonly boolean[], ...trouble: string[]): PageRatings => ({
  ratings: new Map(fresh.map((isFresh, index) => [String(index), view(isFresh)])),
  failureReasons: trouble,
});
const say = (ratings: PageRatings): string => {
  const { tone, text, why } = ratingsStatus(4, ratings);
  return `${tone}: ${text}${why === null ? "" : ` ${why}`}`;
};
/** Who has rated: an instance's number for each fresh rating, with a minus for each old one. */
const who = (...instances: readonly number[]): string | null => {
  const views = instances.map((instance, index) => {
    return [String(index), { ...view(instance > 0), instance: Math.abs(instance) }] as const;
  });
  return ratingsStatus(4, { ratings: new Map(views), failureReasons: [] }).who;
};

const [FRESH, OLD] = [true, false];
for (const [name, ...pages] of [
  ["all fresh", page([FRESH, FRESH, FRESH, FRESH])],
  ["some fresh, the others last known, with the reason", page([FRESH, FRESH, OLD, OLD], "request timed out")],
  ["one fresh, others never known", page([FRESH, OLD])],
  ["no ratings yet, with and without anyone to ask", page([]), page([], ALL_DOWN), page([], "request timed out")],
  ["all services are down, showing the last known", page([OLD, OLD, OLD, OLD], ALL_DOWN)],
  [
    "the bus is away: no instance can be queried, and not that all are down",
    page([], "the bus is disconnected"),
    page([OLD, OLD, OLD, OLD], "the bus is disconnected"),
  ],
  ["none answered, though some are there", page([OLD, OLD, OLD, OLD], "request timed out", "the bus is disconnected")],
] as const)
  test(name, () => {
    for (const one of pages) golden(say(one));
  });

test("of what there is none, no number is given", () => {
  assert.not.match(JSON.stringify(say(page([true]))), /\b0 /);
});

test("who answered: once each, in the order of their numbers, and of the fresh alone", () => {
  golden(who(1, 2, 1, 2));
  golden(who(10, 2, 1));
  golden(who(3, -1));
});

test("without an answer: the last instance that answered, if there was one", () => {
  golden(who(-2, -1));
  assert.is(who(), null);
});

test.run();
