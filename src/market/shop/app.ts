// The shop: its HTTP routes. The decisions about carts, orders and pages are in core/.

import type { Router } from "@koa/router";
import type Koa from "koa";
import type { Context, Middleware } from "koa";
import { isoTime } from "../../clock.ts";
import type { Trace, Tracing } from "../../connect/index.ts";
import type { InstanceStates } from "../../monitor/instance-states.ts";
import { BOARD_PATHS } from "../../monitor/snapshot.ts";
import { isOnThisMachine } from "../../program/core/local-requests.ts";
import { addBoardRoutes, addBoardSigns, type Board } from "../board/board.ts";
import type { PageRatings, RatingView } from "../ratings/rate-page.ts";
import { consumeFlash, readCart, setFlash, writeCart } from "../web/cookies.ts";
import { valuesOf } from "../web/core/target.ts";
import { type Assets, assetUrl } from "../web/files.ts";
import { formGuards } from "../web/forms.ts";
import type { PageObserver } from "../web/page-times.ts";
import { traceOf } from "../web/request-trace.ts";
import { createSiteApp, loadSite, type Site, type SiteDeps } from "../web/site.ts";
import type { Views } from "../web/views.ts";
import { fulfil, parseOrder } from "./core/cart.ts";
import type { Catalogue } from "./core/catalogue.ts";
import { makePage, productViews } from "./core/page.ts";
import { PageCache } from "./page-cache.ts";

/** For a page whose request for ratings threw: the visitor gets a page without ratings. */
const NO_RATINGS: PageRatings = { ratings: new Map(), failureReasons: ["the request for ratings failed"] };

export interface AppDeps extends SiteDeps {
  readonly catalogue: Catalogue;
  /** The origin under which browsers reach the shop through a proxy; left out: browsers use its own host. */
  readonly publicUrl?: string | undefined;
  /** Gets the rating of every thing for one page; undefined: the monolith. */
  readonly rate: ((trace?: Trace) => Promise<PageRatings>) | undefined;
  /** The states of the instances of the ratings service, read when a page is made; left out: none are shown. */
  states?(): InstanceStates;
  /** The board of the ratings service; undefined: the monolith, or a backend that has not started yet. */
  board?(): Board | undefined;
  /** The board of the admin listener, for visitors of this machine; undefined: there is none. */
  adminBoardUrl?(): string | undefined;
  /** The shop's listener serves board and metrics as well (BOARD=public); the admin listener always does. */
  readonly isBoardPublic?: boolean;
  /** Gets the end of every page; left out: the monolith. */
  readonly pages?: PageObserver | undefined;
  /** Exports the spans of pages; left out: no spans. */
  readonly tracing?: Tracing | undefined;
}

/** The shop, for `http.createServer(app.callback())`. */
export function createApp(deps: AppDeps, site: Site = loadSite()): Koa {
  return createSiteApp(deps, site, {
    tracing: deps.tracing,
    pages: deps.pages,
    showsReasons: false,
    way: { href: "/", text: "Back to the Market" },
    secureCookies: deps.publicUrl?.startsWith("https:") ?? false,
    addRoutes: (router) => addShopRoutes(router, deps, site),
  });
}

function addShopRoutes(router: Router, deps: AppDeps, { assets, views }: Site): void {
  router.get("/", homePage(deps, assets, views));
  router.post("/", ...formGuards(deps.publicUrl), order(deps));
  router.get("/thing/:id", (ctx) => {
    const thing = deps.catalogue.byId.get(ctx.params["id"] ?? "") ?? ctx.throw(404);
    ctx.type = "json";
    ctx.body = thing.json;
  });
  const { rate } = deps;
  // The monolith has no ratings, and no such route.
  if (rate !== undefined) router.get("/ratings", ratingsTable(deps, rate));
  const { board, isBoardPublic = false } = deps;
  if (board === undefined) return;
  if (isBoardPublic) addBoardRoutes(router, board, assets, { listener: "shop", shopUrl: "/" });
  addBoardSigns(router, isBoardPublic);
}

function homePage(deps: AppDeps, assets: Assets, views: Views): Middleware {
  const { catalogue, rate } = deps;
  const products = productViews(
    catalogue,
    (id) => assetUrl(assets, `${id}.svg`),
    (thing) => views.render("details.njk", { thing }),
  );
  const pages = new PageCache((page, requestId) => views.render("page.njk", { page, requestId }));
  const thingIDs = catalogue.things.map((thing) => thing.id).sort();
  return async (ctx) => {
    if (wantsJson(ctx)) {
      ctx.body = { thingIDs };
      return;
    }
    const cart = readCart(ctx, catalogue);
    const message = consumeFlash(ctx);
    const ratings = rate === undefined ? undefined : await ratingsOf(deps, rate, ctx);
    const states = deps.states?.();
    const { requestId } = traceOf(ctx);
    ctx.type = "html";
    const boardUrl = boardUrlFor(ctx, deps);
    ctx.body = pages.finish(makePage(catalogue, products, { cart, message, ratings, states, boardUrl }), requestId);
  };
}

/** The board that this visitor can reach. */
function boardUrlFor({ req, headers }: Context, deps: AppDeps): string | undefined {
  const { isBoardPublic = false, publicUrl, adminBoardUrl } = deps;
  const isHere = publicUrl === undefined && isOnThisMachine({ peer: req.socket.remoteAddress, headers });
  const own = isHere ? adminBoardUrl?.() : undefined;
  return own ?? (isBoardPublic ? BOARD_PATHS.page : undefined);
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
async function ratingsOf(deps: AppDeps, rate: Rate, ctx: Context): Promise<PageRatings> {
  try {
    return await rate(traceOf(ctx));
  } catch (error) {
    deps.onError(error, `${ctx.method} ${ctx.path}: getting ratings`, traceOf(ctx));
    return NO_RATINGS;
  }
}

function ratingsTable(deps: AppDeps, rate: Rate): Middleware {
  return async (ctx) => {
    const { ratings } = await ratingsOf(deps, rate, ctx);
    ctx.body = Object.fromEntries(deps.catalogue.things.map(({ id }) => [id, ratingJson(ratings.get(id))]));
  };
}

function ratingJson(view: RatingView | undefined): object | null {
  if (view === undefined) return null;
  const { rating, at, ageMs, instance, fresh } = view;
  return { rating, at: isoTime(at), ageMs, instance, fresh };
}
