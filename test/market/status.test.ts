import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ALL_DOWN, ratingsStatus } from "../../src/market/core/status.ts";
import type { PageRatings, RatingView } from "../../src/market/shop.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("status");
const golden = goldenOf(test, "market");

const view = (fresh: boolean): RatingView => ({ rating: 4, at: 0, ageMs: 0, instance: 1, fresh });
const page = (fresh: readonly boolean[], ...trouble: string[]): PageRatings => ({
  ratings: new Map(fresh.map((isFresh, index) => [String(index), view(isFresh)])),
  trouble,
});
const say = (ratings: PageRatings): string => {
  const { tone, text, why } = ratingsStatus(4, ratings);
  return `${tone}: ${text}${why === null ? "" : ` ${why}`}`;
};
const who = (instances: readonly (readonly [number, boolean])[]): string | null => {
  const views = instances.map(([instance, fresh], index) => [String(index), { ...view(fresh), instance }] as const);
  return ratingsStatus(4, { ratings: new Map(views), trouble: [] }).who;
};

test("all fresh", () => {
  golden(say(page([true, true, true, true])));
});

test("some fresh, the others last known, with the reason", () => {
  const ratings = page([true, true, false, false], "request timed out");
  golden(say(ratings));
});

test("one fresh, others never known", () => {
  golden(say(page([true, false])));
});

test("of what there is none, no number is given", () => {
  assert.not.match(JSON.stringify(say(page([true]))), /\b0 /);
});

test("no ratings yet, with and without anyone to ask", () => {
  golden(say(page([])));
  golden(say(page([], ALL_DOWN)));
  golden(say(page([], "request timed out")));
});

test("all services are down, showing the last known", () => {
  golden(say(page([false, false, false, false], ALL_DOWN)));
});

test("the bus is away: that nobody can be asked, and not that all are down", () => {
  golden(say(page([], "the bus is away")));
  golden(say(page([false, false, false, false], "the bus is away")));
});

test("who answered: once each, in the order of their numbers, and of the fresh alone", () => {
  golden(
    who([
      [1, true],
      [2, true],
      [1, true],
      [2, true],
    ]),
  );
  golden(
    who([
      [10, true],
      [2, true],
      [1, true],
    ]),
  );
  golden(
    who([
      [3, true],
      [1, false],
    ]),
  );
});

test("nobody answered: who was the last to, if anybody ever did", () => {
  golden(
    who([
      [2, false],
      [1, false],
    ]),
  );
  assert.is(who([]), null);
});

test("none answered, though some are there", () => {
  const ratings = page([false, false, false, false], "request timed out", "the bus is away");
  golden(say(ratings));
});

test.run();
