// One visitor's cart: which things, each at most once. It lives in a signed cookie of that visitor and nowhere else, so
// two browsers have two carts, and every Market with the same keys shows the same one.
//
// A cart is a value: each change gives a new one, together with the sentence that the visitor is told.

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

/** Not part of any id, and one of the few marks that a cookie may hold as it is. */
const SEPARATOR = ".";

/** The cart that a cookie's text names. What is not sold (any more) is left out; any other text is an empty cart. */
export function parseCart(catalogue: Catalogue, cookieText: string | undefined): Cart {
  if (cookieText === undefined || cookieText === "") return EMPTY_CART;
  return inOrder(catalogue, new Set(cookieText.split(SEPARATOR)));
}

/** The text for the cookie; an empty one means that the cookie can go. */
export function cartText(cart: Cart): string {
  return [...cart].join(SEPARATOR);
}

export function addThing(catalogue: Catalogue, cart: Cart, thing: Thing): CartChange {
  if (cart.has(thing.id)) return { cart, message: `${thing.title} is already in your cart: one of each is enough.` };
  const added = inOrder(catalogue, new Set([...cart, thing.id]));
  return { cart: added, message: `${thing.title} is in your cart now.` };
}

export function removeThing(cart: Cart, thing: Thing): CartChange {
  if (!cart.has(thing.id)) return { cart, message: `${thing.title} was not in your cart.` };
  const left = new Set([...cart].filter((id) => id !== thing.id));
  return { cart: left, message: `${thing.title} is back on the stall.` };
}

/** Empties the cart. Nothing is charged and nothing is sent: this is a market of things that do not exist. */
export function checkOut(catalogue: Catalogue, cart: Cart): CartChange {
  if (cart.size === 0) return { cart, message: "There was nothing in your cart to check out." };
  const bought = `${countText(cart.size, "thing")} for ${priceText(totalCents(catalogue, cart))}`;
  return { cart: EMPTY_CART, message: `Checked out: ${bought}. Thank you!` };
}

function inOrder(catalogue: Catalogue, ids: ReadonlySet<string>): Cart {
  return new Set(catalogue.things.filter((thing) => ids.has(thing.id)).map((thing) => thing.id));
}
