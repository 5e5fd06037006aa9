import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Places } from "../../src/bus/places.ts";

const test = suite("places");

/** So many rest before one serves again. */
const LEAST = 3;

/** Puts and removes so many, all of which may serve again; their tokens. */
function use(places: Places<string>, count: number): readonly string[] {
  return Array.from({ length: count }, () => {
    const token = places.put("somebody", true);
    places.remove(token, true);
    return token;
  });
}

test("whoever waits is found by his token, and by no other", () => {
  const places = new Places<string>(LEAST);
  const tokens = ["ann", "ben", "cy"].map((holder) => places.put(holder, true));
  assert.equal(
    tokens.map((token) => places.find(token)),
    ["ann", "ben", "cy"],
  );
  assert.is(places.size, 3);
  for (const odd of ["", "-", "3", "00", "1-1", " 1", "1 ", "NaN", "constructor"])
    assert.is(places.find(odd), undefined, odd);
});

test("a token serves again after enough others have, whoever has rested longest first", () => {
  const places = new Places<string>(LEAST);
  const first = use(places, LEAST);
  assert.is(new Set(first).size, LEAST);
  assert.equal(use(places, LEAST), first);
});

test("a token is spent when that was said, and when something comes while it rests", () => {
  const places = new Places<string>(LEAST);
  const unanswered = places.put("ann", true);
  places.remove(unanswered, false);
  const rested = use(places, LEAST);
  places.stray(rested[0] ?? "");
  places.stray("nonsense");
  const later = [...use(places, 20)];
  assert.not.ok(later.includes(unanswered));
  assert.not.ok(later.includes(rested[0] ?? ""));
  assert.ok(later.includes(rested[1] ?? ""), "the others serve on");
  assert.is(places.find(unanswered), undefined);
});

test("nothing that comes spends the token of somebody who waits", () => {
  const places = new Places<string>(LEAST);
  const token = places.put("ann", true);
  places.stray(token);
  assert.is(places.find(token), "ann");
});

test("whoever asks for a token that nobody has seen gets one, however many rest", () => {
  const places = new Places<string>(LEAST);
  const seen = new Set(use(places, 20));
  for (let count = 0; count < 20; count += 1) {
    const token = places.put("ben", false);
    assert.not.ok(seen.has(token));
    seen.add(token);
    places.remove(token, false);
  }
  assert.is(places.size, 0);
});

test("all are listed, and those who go meanwhile do not disturb it", () => {
  const places = new Places<string>(LEAST);
  const tokens = ["a", "b", "c", "d"].map((holder) => places.put(holder, true));
  places.remove(tokens[1] ?? "", true);
  for (const [token] of places.all()) places.remove(token, false);
  places.remove(tokens[1] ?? "", false);
  assert.equal([places.all(), places.size], [[], 0]);
});

test.run();
