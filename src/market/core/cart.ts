// The cart of one visitor: things, each at most once. It is stored only in a signed cookie of that visitor. So two
// browsers have two carts, and every Market with the same keys shows the same one.
//
// A cart is a value: each change returns a new one, with the message for the visitor.

import type { Catalogue, Thing } from "./catalogue.ts";
import { totalCents } from "./catalogue.ts";
import { countText, priceText } from "./page-format.ts";

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
