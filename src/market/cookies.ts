// What a visitor's browser keeps for us: the cart, and for one page the sentence about what just happened. Both are
// signed, so a cookie that anyone has edited, or that is older than the keys, counts as none.
//
// Cookies of one host are shared by all its ports, hence names that no other program on localhost will have chosen. They are
// `Secure` where PUBLIC_URL says https (site.ts); else they are not, as browsers drop such a cookie from a plain HTTP page.

import type { Context } from "koa";
import type { Cart } from "./core/cart.ts";
import { cartText, parseCart } from "./core/cart.ts";
import type { Catalogue } from "./core/catalogue.ts";

export const CART_COOKIE = "market-cart";
export const MESSAGE_COOKIE = "market-message";
/** On the admin listener, whose port is one of the same host: neither shows, or takes away, the sentence of the other. */
export const BOARD_MESSAGE_COOKIE = "market-board-message";

/** A month: long enough to come back to, and nobody misses an older cart. */
const KEEP_CART_MS = 30 * 24 * 60 * 60 * 1000;
/** Should the page after the click never come, the sentence is not shown with some click much later. */
const KEEP_MESSAGE_MS = 60_000;

// Lax and not strict: whoever follows a link to the Market from elsewhere still finds the cart filled.
const OPTIONS = { signed: true, httpOnly: true, sameSite: "lax", path: "/", overwrite: true } as const;

export function readCart(ctx: Context, catalogue: Catalogue): Cart {
  return parseCart(catalogue, ctx.cookies.get(CART_COOKIE, OPTIONS));
}

export function writeCart(ctx: Context, cart: Cart): void {
  ctx.cookies.set(CART_COOKIE, cart.size === 0 ? null : cartText(cart), { ...OPTIONS, maxAge: KEEP_CART_MS });
}

/** Leaves a sentence for the next page. */
export function setFlash(ctx: Context, message: string, cookie = MESSAGE_COOKIE): void {
  ctx.cookies.set(cookie, encodeURIComponent(message), { ...OPTIONS, maxAge: KEEP_MESSAGE_MS });
}

/** The sentence that was left, once: it is gone with this answer. A HEAD shows nothing to anyone, so it takes nothing. */
export function consumeFlash(ctx: Context, cookie = MESSAGE_COOKIE): string | undefined {
  const text = ctx.cookies.get(cookie, OPTIONS);
  if (text === undefined || ctx.method === "HEAD") return undefined;
  ctx.cookies.set(cookie, null, OPTIONS);
  return decode(text);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
