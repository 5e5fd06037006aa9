import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EMPTY_CART, fulfil, type GoodOrder, parseOrder } from "../../../src/market/shop/core/cart.ts";
import { goldenOf } from "../../support/golden.ts";
import { CATALOGUE } from "../serve.ts";

const test = suite("order");
const golden = goldenOf(test, "market");

const parse = (body: string): string => {
  const order = parseOrder(CATALOGUE, body);
  if (order.kind === "refused") return `refused: ${order.why}`;
  return order.kind === "checkout" ? "checkout" : `${order.kind} ${order.thing.id}`;
};

test("a verb and a field named like the thing are an order", () => {
  assert.is(parse("camera=camera&addCart=Add+to+Cart"), "add camera");
  assert.is(parse("removeCart=&camera="), "remove camera");
  assert.is(parse("checkout=Checkout"), "checkout");
});

test("values do not matter, and fields that mean nothing are left alone", () => {
  assert.is(parse("addCart=%00&camera=football&_extension=1&constructor=2&__proto__=3"), "add camera");
  assert.is(parse("addCart&camera"), "add camera");
});

test("a form without a verb, or with two, is refused", () => {
  for (const body of [
    "",
    "camera=camera",
    "addCart=1&removeCart=1&camera=1",
    "addCart=1&addCart=1&camera=1",
    "addcart=1&camera=1",
  ]) {
    golden(parse(body));
  }
});

test("an order for nothing that is sold is refused", () => {
  for (const body of [
    "addCart=1",
    "addCart=1&nonesuch=1",
    "addCart=1&__proto__=1",
    "removeCart=1&constructor=1",
    "addCart=1&camera[]=1",
  ]) {
    golden(parse(body));
  }
});

test("an order for several things, or for one twice, is refused as a whole", () => {
  for (const body of ["addCart=1&camera=1&football=1", "addCart=1&camera=1&camera=1"]) {
    golden(parse(body));
  }
  golden(parse("checkout=1&camera=1"));
});

test("an order is fulfilled on the cart that it finds", () => {
  const added = fulfil(CATALOGUE, EMPTY_CART, parseOrder(CATALOGUE, "addCart=1&camera=1") as GoodOrder);
  assert.equal([...added.cart], ["camera"]);
  assert.is(fulfil(CATALOGUE, added.cart, parseOrder(CATALOGUE, "removeCart=1&camera=1") as GoodOrder).cart.size, 0);
  const two = new Set(["camera", "football"]);
  assert.equal(
    [...fulfil(CATALOGUE, two, parseOrder(CATALOGUE, "removeCart=1&camera=1") as GoodOrder).cart],
    ["football"],
  );
  assert.is(fulfil(CATALOGUE, added.cart, { kind: "checkout" }).cart.size, 0);
});

test.run();
