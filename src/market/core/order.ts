// What a posted form asks for. A form of our page says one thing: one verb, and for two of the three verbs one field
// named like the thing. Whatever says more than that, or less, was not sent by the page and is refused as a whole:
// guessing which half was meant would change a cart in a way that its owner cannot see.

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
 * Reads a form. Values do not matter, only which fields are there, and how often. Fields that name neither a verb nor a
 * thing are left alone, as browsers' add-ons like to send some of their own.
 * @param body the body as it came, `application/x-www-form-urlencoded`
 */
export function parseOrder(catalogue: Catalogue, body: string): Order {
  const names = [...new URLSearchParams(body).keys()];
  const verbs = names.filter((name) => VERBS.includes(name));
  const things = names.flatMap((name) => catalogue.byId.get(name) ?? []);
  const [verb] = verbs;
  if (verb === undefined || verbs.length > 1) return refused(`the form must have one of ${VERBS.join(", ")}, once`);
  return verb === "checkout" ? checkoutOf(things) : thingOrder(verb === "addCart" ? "add" : "remove", things);
}

/** The cart after the order, and what the visitor is told. */
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
  return things.length === 0 ? { kind: "checkout" } : refused("a checkout names no things: it is for the whole cart");
}

function thingOrder(kind: "add" | "remove", things: readonly Thing[]): Order {
  const [thing] = things;
  if (thing === undefined) return refused("the form names nothing that is sold here");
  return things.length === 1 ? { kind, thing } : refused("the form names more than one thing, or one of them twice");
}

const refused = (why: string): Order => ({ kind: "refused", why });
