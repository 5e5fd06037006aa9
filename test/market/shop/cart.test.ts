import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  addThing,
  type Cart,
  cartText,
  checkOut,
  EMPTY_CART,
  parseCart,
  removeThing,
} from "../../../src/market/shop/core/cart.ts";
import type { Thing } from "../../../src/market/shop/core/catalogue.ts";
import { goldenOf } from "../../support/golden.ts";
import { CATALOGUE } from "../serve.ts";

const test = suite("cart");
const golden = goldenOf(test, "market");

const thing = (id: string): Thing => CATALOGUE.byId.get(id) as Thing;
const cartOf = (...ids: string[]): Cart =>
  ids.reduce((cart, id) => addThing(CATALOGUE, cart, thing(id)).cart, EMPTY_CART);

test("a cart holds at most one of each thing, and says so", () => {
  const once = addThing(CATALOGUE, EMPTY_CART, thing("camera"));
  assert.equal([...once.cart], ["camera"]);
  golden(once.message);
  const twice = addThing(CATALOGUE, once.cart, thing("camera"));
  assert.equal([...twice.cart], ["camera"]);
  assert.is(twice.cart, once.cart);
  golden(twice.message);
});

test("a cart is a value: a change leaves the old one as it was", () => {
  const cart = cartOf("camera");
  addThing(CATALOGUE, cart, thing("football"));
  removeThing(cart, thing("camera"));
  checkOut(CATALOGUE, cart);
  assert.equal([...cart], ["camera"]);
});

test("things stand in the catalogue's order, whatever the order of adding", () => {
  assert.equal([...cartOf("football", "basketball", "camera")], ["camera", "basketball", "football"]);
});

test("removing takes out one thing and keeps the others", () => {
  const { cart, message } = removeThing(cartOf("camera", "football"), thing("camera"));
  assert.equal([...cart], ["football"]);
  golden(message);
});

test("removing what is not there changes nothing and is no error", () => {
  const { cart, message } = removeThing(cartOf("football"), thing("camera"));
  assert.equal([...cart], ["football"]);
  golden(message);
});

test("a checkout empties the cart and names the total in exact cents", () => {
  const { cart, message } = checkOut(CATALOGUE, cartOf("camera", "football"));
  assert.is(cart.size, 0);
  golden(message);
  golden(checkOut(CATALOGUE, cartOf("camera")).message);
});

test("an empty cart checks out into a sentence, not into a thank-you", () => {
  const { cart, message } = checkOut(CATALOGUE, EMPTY_CART);
  assert.is(cart.size, 0);
  golden(message);
});

test("a cart survives its cookie", () => {
  const cart = cartOf("camera", "briefcase");
  assert.equal([...parseCart(CATALOGUE, cartText(cart))], [...cart]);
  assert.is(cartText(EMPTY_CART), "");
});

test("hostile cookies are an empty cart", () => {
  for (const text of [
    undefined,
    "",
    ".",
    "...",
    "nonesuch",
    "__proto__",
    "constructor.toString",
    "camera,football",
    "\0",
    "x".repeat(9000),
  ]) {
    assert.is(parseCart(CATALOGUE, text).size, 0, text);
  }
});

test("what is no longer sold drops out of a cart, and the rest stays", () => {
  assert.equal([...parseCart(CATALOGUE, "football.gramophone.camera.camera")], ["camera", "football"]);
});

test.run();
