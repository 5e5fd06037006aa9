import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RatingStore } from "../../../src/market/ratings/rate-page.ts";

const test = suite("rating store");

const known = (rating: number) => ({ rating, at: 1_700_000_000_000 + rating, instance: 1 });

test("a rating once known is served as it came, and replaced by a newer one", () => {
  const store = new RatingStore();
  assert.is(store.get("camera"), undefined);
  store.put("camera", known(4.5));
  assert.equal(store.get("camera"), known(4.5));
  store.put("camera", known(4.4));
  assert.equal(store.get("camera"), known(4.4));
});

test("the store is bounded: the thing rated longest ago makes room", () => {
  const store = new RatingStore(2);
  store.put("a", known(1));
  store.put("b", known(2));
  store.put("a", known(3));
  store.put("c", known(4));
  assert.is(store.get("b"), undefined);
  assert.equal(store.get("a"), known(3));
  assert.equal(store.get("c"), known(4));
});

test("reading is no use: it keeps nothing from being forgotten", () => {
  const store = new RatingStore(2);
  store.put("a", known(1));
  store.put("b", known(2));
  store.get("a");
  store.put("c", known(3));
  assert.is(store.get("a"), undefined);
});

test("the default store holds a thousand things and no more", () => {
  const store = new RatingStore();
  for (let thing = 0; thing <= 1000; thing++) store.put(`thing${thing}`, known(1));
  assert.is(store.get("thing0"), undefined);
  assert.ok(store.get("thing1"));
});

test("ids that every object has are ids like others", () => {
  const store = new RatingStore();
  for (const odd of ["__proto__", "constructor", "toString"]) {
    assert.is(store.get(odd), undefined);
    store.put(odd, known(1));
    assert.equal(store.get(odd), known(1));
  }
});

test.run();
