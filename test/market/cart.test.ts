import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Cart } from "../../src/market/core/cart.ts";
import { addThing, cartText, checkOut, EMPTY_CART, parseCart, removeThing } from "../../src/market/core/cart.ts";
import type { Thing } from "../../src/market/core/catalogue.ts";
import { CATALOGUE } from "./serve.ts";

const test = suite("cart");

const thing = (id: string): Thing => CATALOGUE.byId.get(id) as Thing;
const cartOf = (...ids: string[]): Cart =>
  ids.reduce((cart, id) => addThing(CATALOGUE, cart, thing(id)).cart, EMPTY_CART);

test("a cart holds at most one of each thing, and says so", () => {
  const once = addThing(CATALOGUE, EMPTY_CART, thing("camera"));
  assert.equal([...once.cart], ["camera"]);
  assert.is(once.message, "Camera is in your cart now.");
  const twice = addThing(CATALOGUE, once.cart, thing("camera"));
  assert.equal([...twice.cart], ["camera"]);
  assert.match(twice.message, /already in your cart/);
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
  assert.is(message, "Camera is back on the stall.");
});

test("removing what is not there changes nothing and is no error", () => {
  const { cart, message } = removeThing(cartOf("football"), thing("camera"));
  assert.equal([...cart], ["football"]);
  assert.is(message, "Camera was not in your cart.");
});

test("a checkout empties the cart and names the total in exact cents", () => {
  const { cart, message } = checkOut(CATALOGUE, cartOf("camera", "football"));
  assert.is(cart.size, 0);
  assert.is(message, "Checked out: 2 things for $119.98. Thank you!");
  assert.match(checkOut(CATALOGUE, cartOf("camera")).message, /1 thing for \$99\.99/);
});

test("an empty cart checks out into a sentence, not into a thank-you", () => {
  const { cart, message } = checkOut(CATALOGUE, EMPTY_CART);
  assert.is(cart.size, 0);
  assert.match(message, /nothing in your cart/);
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
