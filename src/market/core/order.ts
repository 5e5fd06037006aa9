// Parser of the shop's form. A form of our page has one verb, and for two of the three verbs one field named like the
// thing. A form with more or less was not sent by the page and is rejected as a whole: a guess would change a cart in a
// way that its owner does not expect.

import type { Cart, CartChange } from "./cart.ts";
import { addThing, checkOut, removeThing } from "./cart.ts";
import type { Catalogue, Thing } from "./catalogue.ts";

export type Order =
  | { readonly kind: "add" | "remove"; readonly thing: Thing }
  | { readonly kind: "checkout" }
  | { readonly kind: "refused"; readonly why: string };

export type GoodOrder = Exclude<Order, { kind: "refused" }>;

const VERBS = ["addCart", "removeCart", "checkout"];

/**
 * Reads a form. Only the names of fields count, and how often each occurs. Fields that name neither a verb nor a thing
 * are ignored, because browser extensions add some.
 * @param body the raw body, `application/x-www-form-urlencoded`
 */
export function parseOrder(catalogue: Catalogue, body: string): Order {
  const names = [...new URLSearchParams(body).keys()];
  const verbs = names.filter((name) => VERBS.includes(name));
  const things = names.flatMap((name) => catalogue.byId.get(name) ?? []);
  const [verb] = verbs;
  if (verb === undefined || verbs.length > 1) return refused(`the form must have one of ${VERBS.join(", ")}, once`);
  return verb === "checkout" ? checkoutOf(things) : thingOrder(verb === "addCart" ? "add" : "remove", things);
}

/** The cart after the order, and the message for the visitor. */
export function fulfil(catalogue: Catalogue, cart: Cart, order: GoodOrder): CartChange {
  switch (order.kind) {
    case "add":
      return addThing(catalogue, cart, order.thing);
    case "remove":
      return removeThing(cart, order.thing);
    case "checkout":
      return checkOut(catalogue, cart);
  }
}

function checkoutOf(things: readonly Thing[]): Order {
  return things.length === 0
    ? { kind: "checkout" }
    : refused("a checkout is for the whole cart: the form must name no thing");
}

function thingOrder(kind: "add" | "remove", things: readonly Thing[]): Order {
  const [thing] = things;
  if (thing === undefined) return refused("the form names no thing that is sold here");
  return things.length === 1 ? { kind, thing } : refused("the form names more than one thing, or one of them twice");
}

const refused = (why: string): Order => ({ kind: "refused", why });
