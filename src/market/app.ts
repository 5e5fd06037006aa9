// The HTTP routes of the shop. The decisions about carts, orders and pages are in core/.

import type { Router } from "@koa/router";
import type Koa from "koa";
import type { Context, Middleware } from "koa";
import { isoTime } from "../clock.ts";
import type { AppDeps, PageRatings, RatingView } from "./app-deps.ts";
import type { Assets } from "./assets.ts";
import { assetUrl } from "./assets.ts";
import { addBoardRoutes, addBoardSigns } from "./board-routes.ts";
import { consumeFlash, readCart, setFlash, writeCart } from "./cookies.ts";
import { fulfil, parseOrder } from "./core/order.ts";
import { makePage, productViews } from "./core/page.ts";
import { valuesOf } from "./core/query.ts";
import { formGuards } from "./forms.ts";
import { PageCache } from "./page-cache.ts";
import { traceOf } from "./request-trace.ts";
import { createSiteApp, loadSite, type Site } from "./site.ts";
import type { Views } from "./views.ts";

/** For a page whose request for ratings threw: the visitor gets a page without ratings. */
const NO_RATINGS: PageRatings = { ratings: new Map(), failureReasons: ["the request for ratings failed"] };

/** The shop, for `http.createServer(app.callback())`. */
export function createApp(shop: AppDeps, site: Site = loadSite()): Koa {
  return createSiteApp(shop, site, {
    tracing: shop.tracing,
    showsReasons: false,
    way: { href: "/", text: "Back to the Market" },
    secureCookies: shop.publicUrl?.startsWith("https:") ?? false,
    addRoutes: (router) => addShopRoutes(router, shop, site),
  });
}

function addShopRoutes(router: Router, shop: AppDeps, { assets, views }: Site): void {
  router.get("/", homePage(shop, assets, views));
  router.post("/", ...formGuards(shop.publicUrl), order(shop));
  router.get("/thing/:id", (ctx) => {
    const thing = shop.catalogue.byId.get(ctx.params["id"] ?? "") ?? ctx.throw(404);
    ctx.type = "json";
    ctx.body = thing.json;
  });
  const { rate } = shop;
  // The monolith has no ratings, and no such route.
  if (rate !== undefined) router.get("/ratings", ratingsTable(shop, rate));
  const { board, isBoardPublic = false } = shop;
  if (board === undefined) return;
  if (isBoardPublic) addBoardRoutes(router, board, assets, { listener: "shop", shopUrl: "/" });
  addBoardSigns(router, isBoardPublic);
}

function homePage(shop: AppDeps, assets: Assets, views: Views): Middleware {
  const { catalogue, rate } = shop;
  const faces = productViews(catalogue, (id) => assetUrl(assets, `${id}.svg`));
  const pages = new PageCache((page, requestId) => views.render("page.njk", { page, requestId }));
  const thingIDs = catalogue.things.map((thing) => thing.id).sort();
  return async (ctx) => {
    if (wantsJson(ctx)) {
      ctx.body = { thingIDs };
      return;
    }
    const cart = readCart(ctx, catalogue);
    const message = consumeFlash(ctx);
    const ratings = rate === undefined ? undefined : await askRatings(shop, rate, ctx);
    const { requestId } = traceOf(ctx);
    ctx.type = "html";
    ctx.body = pages.finish(makePage(catalogue, faces, { cart, message, ratings }), requestId);
  };
}

/** `?json=` with any value, even "false", as in the original. */
function wantsJson(ctx: Context): boolean {
  return valuesOf(ctx.querystring, "json").some((value) => value !== "");
}

function order({ catalogue }: AppDeps): Middleware {
  return (ctx) => {
    const wanted = parseOrder(catalogue, ctx.request.rawBody ?? "");
    if (wanted.kind === "refused") return ctx.throw(400, wanted.why);
    const { cart, message } = fulfil(catalogue, readCart(ctx, catalogue), wanted);
    writeCart(ctx, cart);
    setFlash(ctx, message);
    // See Other: a reload repeats the page, never the order.
    ctx.status = 303;
    ctx.redirect("/");
  };
}

type Rate = NonNullable<AppDeps["rate"]>;

/** A page never fails because of ratings: an error is reported, and the page has none. */
async function askRatings(shop: AppDeps, rate: Rate, ctx: Context): Promise<PageRatings> {
  try {
    return await rate(traceOf(ctx));
  } catch (error) {
    shop.onError(error, `${ctx.method} ${ctx.path}: getting ratings`, traceOf(ctx));
    return NO_RATINGS;
  }
}

function ratingsTable(shop: AppDeps, rate: Rate): Middleware {
  return async (ctx) => {
    const { ratings } = await askRatings(shop, rate, ctx);
    ctx.body = Object.fromEntries(shop.catalogue.things.map(({ id }) => [id, ratingJson(ratings.get(id))]));
  };
}

function ratingJson(view: RatingView | undefined): object | null {
  if (view === undefined) return null;
  const { rating, at, ageMs, instance, fresh } = view;
  return { rating, at: isoTime(at), ageMs, instance, fresh };
}
