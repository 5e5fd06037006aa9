import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Places } from "../../src/bus/places.ts";

const test = suite("places");

test("whoever waits is found by his token, and by no other", () => {
  const places = new Places<string>();
  const tokens = ["ann", "ben", "cy"].map((holder) => places.put(holder));
  assert.equal(
    tokens.map((token) => places.find(token)),
    ["ann", "ben", "cy"],
  );
  assert.is(places.size, 3);
  for (const odd of ["", "-", "3", "00", "1-1", " 1", "1 ", "NaN", "constructor"])
    assert.is(places.find(odd), undefined, odd);
});

test("a place serves again, and its token never: what was spent leads to nobody", () => {
  const places = new Places<string>();
  const first = places.put("ann");
  places.remove(first);
  const second = places.put("cy");
  assert.is.not(second, first);
  assert.equal([places.find(first), places.find(second)], [undefined, "cy"]);
  places.remove(first);
  assert.is(places.find(second), "cy", "who is gone cannot be taken away again");
});

test("there are never more places than were needed at once", () => {
  const places = new Places<number>();
  const seen = new Set<number>();
  for (let round = 0; round < 100; round += 1) {
    const tokens = Array.from({ length: 8 }, (_, place) => places.put(place));
    for (const token of tokens) seen.add(Number.parseInt(token, 36));
    for (const token of tokens) places.remove(token);
  }
  assert.equal([places.size, seen.size], [0, 8]);
});

test("all are listed, and those who go meanwhile do not disturb it", () => {
  const places = new Places<number>();
  const tokens = [0, 1, 2, 3].map((holder) => places.put(holder));
  places.remove(tokens[1] ?? "");
  for (const [token] of places.all()) places.remove(token);
  assert.equal([places.all(), places.size], [[], 0]);
});

test.run();
