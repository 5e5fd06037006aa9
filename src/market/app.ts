// The Market over HTTP: which request gets which answer. What a cart, an order or a page is, is decided elsewhere; here
// they only meet. A request reads from top to bottom: headers, failures, the target, then its route.

import { Router } from "@koa/router";
import Keygrip from "keygrip";
import type { Context, Middleware } from "koa";
import Koa from "koa";
import { isoTime } from "../clock.ts";
import type { Assets } from "./assets.ts";
import { ASSETS_PATH, assetUrl, readAssets, sendAsset } from "./assets.ts";
import { addBoardRoutes } from "./board-routes.ts";
import { failurePages, tellKoaErrors } from "./failures.ts";
import { compiledFile, marketFile } from "./files.ts";
import { FinishedPages } from "./finished-pages.ts";
import { ownForm } from "./forms.ts";
import { SECURITY_HEADERS } from "./headers.ts";
import { fulfil, parseOrder } from "./order.ts";
import { makePage, SITE_NAME, thingFaces } from "./page.ts";
import { requestTraces, traceOf } from "./request-trace.ts";
import type { Check, PageRatings, RatingView, Shop } from "./shop.ts";
import { STAR_CELL, STARS } from "./stars.ts";
import { checkTarget } from "./target.ts";
import type { Views } from "./views.ts";
import { loadViews } from "./views.ts";
import { leaveMessage, readCart, takeMessage, writeCart } from "./visitor.ts";

/** What is true of this moment and of this visitor is for nobody to keep; pictures say otherwise themselves. */
const KEEP_NOTHING = "no-store";
/** Of a page whose asking itself failed: the shopper sees a page without ratings. */
const NO_RATINGS: PageRatings = { ratings: new Map(), trouble: ["the ratings could not be asked for"] };

/** What the board's script runs of ours: its words are the words of the page without scripts. */
const SHARED_SCRIPTS = ["board-spark.js", "board-words.js", "words.js"];

/**
 * The whole shop, ready for `http.createServer(app.callback())`. Reads its templates and pictures now, so a broken
 * installation throws here and not at the first visitor.
 */
export function createApp(shop: Shop): Koa {
  const assets = readAssets(marketFile("public"), SHARED_SCRIPTS.map(compiledFile));
  const views = loadViews(marketFile("views"), {
    siteName: SITE_NAME,
    styleUrl: assetUrl(assets, "style.css"),
    iconUrl: assetUrl(assets, "favicon.svg"),
    starsBox: { width: STARS * STAR_CELL, height: STAR_CELL },
  });
  const app = new Koa();
  // SHA-256 instead of koa's SHA-1, which still holds in an HMAC but should not be where a new system starts.
  app.keys = new Keygrip([...shop.keys], "sha256");
  app.on("error", tellKoaErrors(shop));
  app
    .use(requestTraces(shop.tracing))
    .use(commonHeaders)
    .use(views.middleware)
    .use(failurePages(shop))
    .use(goodTargets);
  const router = routes(shop, assets, views);
  app.use(router.routes());
  app.use(nothingHere(router));
  return app;
}

function routes(shop: Shop, assets: Assets, views: Views): Router {
  const router = new Router({ sensitive: true, strict: true });
  router.get("/", homePage(shop, assets, views));
  router.post("/", ...ownForm, order(shop));
  router.get("/thing/:id", (ctx) => {
    const thing = shop.catalogue.byId.get(ctx.params["id"] ?? "") ?? ctx.throw(404);
    ctx.type = "json";
    ctx.body = thing.json;
  });
  const { rate } = shop;
  // In the monolith there are no ratings, and so no such address.
  if (rate !== undefined) router.get("/ratings", ratingsTable(shop, rate));
  addBoardRoutes(router, shop, assets);
  router.get("/livez", (ctx) => {
    ctx.body = { status: "alive" };
  });
  router.get("/readyz", readiness(shop, { name: "templates", good: true, note: `${views.names.length} compiled` }));
  router.get(`${ASSETS_PATH}:name`, (ctx) => sendAsset(ctx, assets.get(ctx.params["name"] ?? "") ?? ctx.throw(404)));
  return router;
}

const commonHeaders: Middleware = (ctx, next) => {
  for (const { name, value } of SECURITY_HEADERS) ctx.set(name, value);
  ctx.set("Cache-Control", KEEP_NOTHING);
  return next();
};

const goodTargets: Middleware = (ctx, next) => {
  const target = checkTarget(ctx.url);
  if (target.kind === "bad") return ctx.throw(target.status, target.why);
  ctx.url = target.target;
  return next();
};

function homePage(shop: Shop, assets: Assets, views: Views): Middleware {
  const { catalogue, rate } = shop;
  const faces = thingFaces(catalogue, (id) => assetUrl(assets, `${id}.svg`));
  const pages = new FinishedPages((page, requestId) => views.render("page.njk", { page, requestId }));
  const thingIDs = catalogue.things.map((thing) => thing.id).sort();
  return async (ctx) => {
    if (wantsJson(ctx)) {
      ctx.body = { thingIDs };
      return;
    }
    const cart = readCart(ctx, catalogue);
    const message = takeMessage(ctx);
    const ratings = rate === undefined ? undefined : await askRatings(shop, rate, ctx);
    const { requestId } = traceOf(ctx);
    ctx.type = "html";
    ctx.body = pages.finish(makePage(catalogue, faces, { cart, message, ratings }), requestId);
  };
}

/** `?json=` with anything behind it, be it "false": the way it always was. */
function wantsJson(ctx: Context): boolean {
  return [ctx.query["json"] ?? ""].flat().some((value) => value !== "");
}

function order({ catalogue }: Shop): Middleware {
  return (ctx) => {
    const wanted = parseOrder(catalogue, ctx.request.rawBody ?? "");
    if (wanted.kind === "refused") return ctx.throw(400, wanted.why);
    const { cart, message } = fulfil(catalogue, readCart(ctx, catalogue), wanted);
    writeCart(ctx, cart);
    leaveMessage(ctx, message);
    // See Other: what the browser reloads is a page, never an order.
    ctx.status = 303;
    ctx.redirect("/");
  };
}

type Rate = NonNullable<Shop["rate"]>;

/** A page never fails for want of a rating: whatever goes wrong in asking is told and leaves the page without. */
async function askRatings(shop: Shop, rate: Rate, ctx: Context): Promise<PageRatings> {
  try {
    return await rate(traceOf(ctx));
  } catch (error) {
    shop.problem(error, `${ctx.method} ${ctx.path}: asking for ratings`, traceOf(ctx));
    return NO_RATINGS;
  }
}

function ratingsTable(shop: Shop, rate: Rate): Middleware {
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

function readiness(shop: Shop, own: Check): Middleware {
  return (ctx) => {
    const { ready, degraded, checks } = shop.readiness();
    ctx.status = ready ? 200 : 503;
    ctx.body = { status: ready ? (degraded ? "degraded" : "ready") : "unready", checks: [own, ...checks] };
  };
}

/** What no route took: an address that exists, but not for this method, or none at all. */
function nothingHere(router: Router): Middleware {
  return (ctx) => {
    const methods = router.match(ctx.path, ctx.method).path.flatMap((layer) => layer.methods);
    if (methods.length === 0) return ctx.throw(404);
    const allow = [...new Set(methods)].sort().join(", ");
    return ctx.throw(405, `${ctx.method} is not possible here, only ${allow}`, { headers: { Allow: allow } });
  };
}
