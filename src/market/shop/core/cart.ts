// The cart of one visitor: things, each at most once. It is stored only in a signed cookie of that visitor. So two
// browsers have two carts, and every Market with the same keys shows the same one.
//
// A cart is a value: each order returns a new one, with the message for the visitor.

import { countText, priceText } from "../../web/core/page-format.ts";
import { type Catalogue, type Thing, totalCents } from "./catalogue.ts";

/** Ids of things, in the order of the catalogue. */
export type Cart = ReadonlySet<string>;

export interface CartChange {
  readonly cart: Cart;
  readonly message: string;
}

export const EMPTY_CART: Cart = new Set();

/** Not part of any id, and allowed in a cookie without encoding. */
const SEPARATOR = ".";

/**
 * The cart in a cookie's text. Ids that are not (or no longer) sold are dropped, so any other text is an empty cart.
 */
export function parseCart(catalogue: Catalogue, cookieText: string | undefined): Cart {
  if (cookieText === undefined || cookieText === "") return EMPTY_CART;
  return inOrder(catalogue, new Set(cookieText.split(SEPARATOR)));
}

/** The text for the cookie; empty for an empty cart, which needs no cookie. */
export function cartText(cart: Cart): string {
  return [...cart].join(SEPARATOR);
}

export function addThing(catalogue: Catalogue, cart: Cart, thing: Thing): CartChange {
  if (cart.has(thing.id)) return { cart, message: `${thing.title} is already in your cart: a cart holds one of each.` };
  const added = inOrder(catalogue, new Set([...cart, thing.id]));
  return { cart: added, message: `${thing.title} was added to your cart.` };
}

export function removeThing(cart: Cart, thing: Thing): CartChange {
  if (!cart.has(thing.id)) return { cart, message: `${thing.title} was not in your cart.` };
  const left = new Set([...cart].filter((id) => id !== thing.id));
  return { cart: left, message: `${thing.title} was removed from your cart.` };
}

/** Empties the cart. Nothing is charged or shipped: the things do not exist. */
export function checkOut(catalogue: Catalogue, cart: Cart): CartChange {
  if (cart.size === 0) return { cart, message: "Your cart is empty: there is nothing to check out." };
  const bought = `${countText(cart.size, "thing")} for ${priceText(totalCents(catalogue, cart))}`;
  return { cart: EMPTY_CART, message: `Checked out: ${bought}. Thank you!` };
}

function inOrder(catalogue: Catalogue, ids: ReadonlySet<string>): Cart {
  return new Set(catalogue.things.filter((thing) => ids.has(thing.id)).map((thing) => thing.id));
}

export type GoodOrder = { readonly kind: "add" | "remove"; readonly thing: Thing } | { readonly kind: "checkout" };

export type Order = GoodOrder | { readonly kind: "refused"; readonly why: string };

const VERBS = ["addCart", "removeCart", "checkout"];

/**
 * Parses the shop's form. A form of our page has one verb, and for two of the three verbs one field named like the
 * thing. A form with more or less was not sent by the page and is rejected as a whole: a guess would change a cart in a
 * way that its owner does not expect. Only the names of fields count, and how often each occurs. Fields that name
 * neither a verb nor a thing are ignored, because browser extensions add some.
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
