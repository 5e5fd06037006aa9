import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ALL_DOWN, ratingsStatus } from "../../src/market/core/status.ts";
import type { PageRatings, RatingView } from "../../src/market/shop.ts";

const test = suite("status");

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
  assert.is(say(page([true, true, true, true])), "good: All ratings are fresh.");
});

test("some fresh, the others last known, with the reason", () => {
  const ratings = page([true, true, false, false], "request timed out");
  assert.is(say(ratings), "partly: 2 ratings fresh, 2 last known. Why: request timed out.");
});

test("one fresh, others never known", () => {
  assert.is(say(page([true, false])), "partly: 1 rating fresh, 1 last known, 2 not known yet.");
});

test("no ratings yet, with and without anyone to ask", () => {
  assert.is(say(page([])), "down: No ratings yet.");
  assert.is(say(page([], ALL_DOWN)), "down: No ratings yet: no ratings service is running.");
  assert.is(say(page([], "request timed out")), "down: No ratings yet. Why: request timed out.");
});

test("all services are down, showing the last known", () => {
  assert.is(
    say(page([false, false, false, false], ALL_DOWN)),
    "down: All ratings services are down: these are the last known ratings.",
  );
});

test("the bus is away: that nobody can be asked, and not that all are down", () => {
  assert.is(
    say(page([], "the bus is away")),
    "down: No ratings yet: nobody can be asked for them just now. Why: the bus is away.",
  );
  assert.is(
    say(page([false, false, false, false], "the bus is away")),
    "down: Nobody can be asked for ratings just now: these are the last known ratings. Why: the bus is away.",
  );
});

test("who answered: once each, in the order of their numbers, and of the fresh alone", () => {
  assert.is(
    who([
      [1, true],
      [2, true],
      [1, true],
      [2, true],
    ]),
    "Answered by instances 1 and 2.",
  );
  assert.is(
    who([
      [10, true],
      [2, true],
      [1, true],
    ]),
    "Answered by instances 1, 2 and 10.",
  );
  assert.is(
    who([
      [3, true],
      [1, false],
    ]),
    "Answered by instance 3.",
  );
});

test("nobody answered: who was the last to, if anybody ever did", () => {
  assert.is(
    who([
      [2, false],
      [1, false],
    ]),
    "Last answered by instances 1 and 2.",
  );
  assert.is(who([]), null);
});

test("none answered, though some are there", () => {
  const ratings = page([false, false, false, false], "request timed out", "the bus is away");
  assert.is(
    say(ratings),
    "down: No ratings service answered: these are the last known ratings. Why: request timed out; the bus is away.",
  );
});

test.run();
