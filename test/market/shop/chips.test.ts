// Which instances have a chip on the page of the shop, and what it says.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PageRatings } from "../../../src/market/ratings/rate-page.ts";
import { EMPTY_CART } from "../../../src/market/shop/core/cart.ts";
import { type Chips, chipsOf } from "../../../src/market/shop/core/chips.ts";
import { makePage, productViews } from "../../../src/market/shop/core/page.ts";
import { type InstanceStates, NO_STATES } from "../../../src/monitor/instance-states.ts";
import { STATE_NAMES, STATES } from "../../../src/monitor/states.ts";
import { CATALOGUE, ratings } from "../serve.ts";
import { statesOf } from "../shop-states.ts";

const test = suite("the chips of instances");

const shown = ({ chips }: Pick<Chips, "chips">): readonly string[] =>
  chips.map(({ instance, glyph, hasAnswered }) => `${instance}${glyph}${hasAnswered ? "*" : ""}`);

test("each state looks and is called as on the board", () => {
  const { chips } = chipsOf(new Set([STATE_NAMES.indexOf("left") + 1]), statesOf(...STATE_NAMES));
  assert.is(chips.length, STATE_NAMES.length);
  for (const [place, chip] of chips.entries()) {
    const name = STATE_NAMES[place] ?? "healthy";
    const { glyph, label, tone } = STATES[name];
    assert.equal(chip, { instance: place + 1, glyph, label, tone, hasAnswered: name === "left" }, name);
  }
});

test("one for each instance, in the order of their numbers, and which have answered", () => {
  assert.equal(shown(chipsOf(new Set([2]), statesOf("open", "healthy", "healthy"))), ["1✕", "2✓*", "3✓"]);
  assert.equal(shown(chipsOf(new Set([2]), statesOf("open", "left", "left"))), ["1✕", "2–*"]);
  assert.equal(shown(chipsOf(new Set([7]), statesOf("open"))), ["1✕"], "of one that is unknown no state is claimed");
  assert.equal(shown(chipsOf(new Set([1]), NO_STATES)), []);
});

test("of very many: those that answered, the worst, and the number of the others", () => {
  const many = statesOf(...Array(20).fill("healthy"), "open", "lost");
  const { chips, more } = chipsOf(new Set([19, 20]), many);
  assert.equal([chips.length, more], [12, 10]);
  assert.equal(shown({ chips }).slice(-5), ["8✓", "19✓*", "20✓*", "21✕", "22?"]);
  assert.is(chipsOf(new Set(), statesOf(...Array(12).fill("healthy"))).more, 0);
});

test("only an instance that rated something on this page has answered", () => {
  const states = statesOf("healthy", "healthy");
  const products = productViews(
    CATALOGUE,
    (id) => id,
    () => "",
  );
  const chips = (page: PageRatings | undefined, known?: InstanceStates): readonly string[] =>
    shown(
      makePage(CATALOGUE, products, { cart: EMPTY_CART, message: undefined, ratings: page, states: known }).chips(),
    );
  assert.equal(chips(ratings({ instance: 2 }), states), ["1✓", "2✓*"]);
  assert.equal(chips(ratings({ instance: 2, fresh: false }), states), ["1✓", "2✓"]);
  assert.equal(chips(ratings({ instance: 2 })), []);
  assert.equal(chips(undefined), []);
});

test.run();
