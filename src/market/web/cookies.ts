// The cookies of a visitor: the cart, and the flash message about the last action. Both are signed. An edited cookie,
// or one signed with other keys, counts as none.
//
// All ports of a host share cookies, hence names that no other program on localhost uses. Cookies are `Secure` where
// PUBLIC_URL is https (site.ts). Elsewhere they are not, because browsers drop such a cookie from a plain HTTP page.

import type { Context } from "koa";
import { type Cart, cartText, parseCart } from "../shop/core/cart.ts";
import type { Catalogue } from "../shop/core/catalogue.ts";

export const CART_COOKIE = "market-cart";
export const MESSAGE_COOKIE = "market-message";
/** On the admin listener, whose host is the same: neither listener shows, or removes, the message of the other. */
export const BOARD_MESSAGE_COOKIE = "market-board-message";

/** A month: a visitor may return within it, and does not expect an older cart. */
const KEEP_CART_MS = 30 * 24 * 60 * 60 * 1000;
/** If the page after the action is never loaded, the message must not appear much later. */
const KEEP_MESSAGE_MS = 60_000;

// Lax, not strict: a visitor who follows a link from another site still has the cart.
const OPTIONS = { signed: true, httpOnly: true, sameSite: "lax", path: "/", overwrite: true } as const;

export function readCart(ctx: Context, catalogue: Catalogue): Cart {
  return parseCart(catalogue, ctx.cookies.get(CART_COOKIE, OPTIONS));
}

export function writeCart(ctx: Context, cart: Cart): void {
  ctx.cookies.set(CART_COOKIE, cart.size === 0 ? null : cartText(cart), { ...OPTIONS, maxAge: KEEP_CART_MS });
}

/** Stores a message for the next page. */
export function setFlash(ctx: Context, message: string, cookie = MESSAGE_COOKIE): void {
  ctx.cookies.set(cookie, encodeURIComponent(message), { ...OPTIONS, maxAge: KEEP_MESSAGE_MS });
}

/** Returns the flash message and removes it with this response. A HEAD shows no page, so it removes nothing. */
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
