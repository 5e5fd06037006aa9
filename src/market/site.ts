// The common part of the shop's listener and the admin listener: templates, pictures, headers, pages of failures, and
// the order in which every request passes them.

import { Router } from "@koa/router";
import Keygrip from "keygrip";
import type { Context, Middleware } from "koa";
import Koa from "koa";
import type { AppDeps, Check } from "./app-deps.ts";
import type { Assets } from "./assets.ts";
import { ASSETS_PATH, assetUrl, readAssets, sendAsset } from "./assets.ts";
import { SITE_NAME } from "./core/page.ts";
import { STAR_CELL, STARS } from "./core/stars.ts";
import { checkTarget } from "./core/target.ts";
import { failurePages, logKoaErrors, type PageLink } from "./error-pages.ts";
import { compiledFile, marketFile } from "./files.ts";
import { SECURITY_HEADERS } from "./headers.ts";
import { requestTraces } from "./request-trace.ts";
import type { Views } from "./views.ts";
import { loadViews } from "./views.ts";

/** What is true of this moment and of this visitor is for nobody to keep; pictures say otherwise themselves. */
const KEEP_NOTHING = "no-store";

/** What the board's script runs of ours: its words are the words of the page without scripts. */
const SHARED_SCRIPTS = ["core/sparkline.js", "core/board-text.js", "core/page-format.js"];

export interface Site {
  readonly assets: Assets;
  readonly views: Views;
}

/** Reads templates and pictures: a broken installation throws here and not at the first visitor. */
export function loadSite(): Site {
  const assets = readAssets(marketFile("public"), SHARED_SCRIPTS.map(compiledFile));
  const views = loadViews(marketFile("views"), {
    siteName: SITE_NAME,
    styleUrl: assetUrl(assets, "style.css"),
    iconUrl: assetUrl(assets, "favicon.svg"),
    starsBox: { width: STARS * STAR_CELL, height: STAR_CELL },
  });
  return { assets, views };
}

export interface AppOptions {
  /** Where the spans of its pages are sent; undefined: nowhere. */
  readonly tracing: AppDeps["tracing"];
  /** Whether browsers come over TLS, through a proxy that ends it: then they send no cookie without it. */
  readonly secureCookies?: boolean;
  /** Runs before the target of a request is read; refuses a request by a throw. */
  readonly guard?: Middleware;
  readonly addRoutes: (router: Router) => void;
  /** Where a page of a failure leads back to. */
  readonly way: PageLink;
  /** Whether /readyz shows the reasons, which name the address of the bus. */
  readonly showsReasons: boolean;
}

/** An app of the Market with its own routes, and with those that both have: pictures, and how the Market is doing. */
export function createSiteApp(shop: AppDeps, { assets, views }: Site, options: AppOptions): Koa {
  const { tracing, secureCookies = false, guard, addRoutes, showsReasons, way } = options;
  const app = new Koa();
  // SHA-256 instead of koa's SHA-1, which still holds in an HMAC but should not be where a new system starts.
  app.keys = new Keygrip([...shop.keys], "sha256");
  app.on("error", logKoaErrors(shop));
  app.use(boundedAccept).use(requestTraces(tracing)).use(commonHeaders).use(views.middleware);
  app.use(failurePages(shop, way));
  if (guard !== undefined) app.use(guard);
  if (secureCookies) app.use(markCookiesSecure);
  app.use(validateTarget);
  const router = new Router({ sensitive: true, strict: true });
  addRoutes(router);
  router.get("/livez", (ctx) => {
    ctx.body = { status: "alive" };
  });
  const templates: Check = { name: "templates", good: true, note: `${views.names.length} compiled` };
  router.get("/readyz", readiness(shop, templates, showsReasons));
  router.get(`${ASSETS_PATH}:name`, (ctx) => sendAsset(ctx, assets.get(ctx.params["name"] ?? "") ?? ctx.throw(404)));
  app.use(router.routes());
  app.use(notFoundOrMethodNotAllowed(router));
  return app;
}

/** Of browsers it has some 150 characters. */
const MAX_ACCEPT_LENGTH = 1_024;

/**
 * A longer `Accept` counts as none, which HTTP leaves to the server (RFC 9110, 12.5.1): the negotiation of koa takes time
 * by the square of its length, 9 ms for 15 KB of commas in quotes.
 */
const boundedAccept: Middleware = (ctx, next) => {
  const { headers } = ctx.req;
  if ((headers.accept?.length ?? 0) > MAX_ACCEPT_LENGTH) delete headers.accept;
  return next();
};

/** Else the library goes by the connection, which ends at the proxy. */
const markCookiesSecure: Middleware = (ctx, next) => {
  ctx.cookies.secure = true;
  return next();
};

const commonHeaders: Middleware = (ctx, next) => {
  for (const { name, value } of SECURITY_HEADERS) ctx.set(name, value);
  ctx.set("Cache-Control", KEEP_NOTHING);
  return next();
};

const validateTarget: Middleware = (ctx, next) => {
  const target = checkTarget(ctx.url);
  if (target.kind === "bad") return ctx.throw(target.status, target.why);
  ctx.url = target.target;
  return next();
};

function readiness(shop: AppDeps, own: Check, showsReasons: boolean): Middleware {
  return (ctx) => {
    const { ready, degraded, checks } = shop.readiness();
    ctx.status = ready ? 200 : 503;
    const shown = [own, ...checks].map(({ detail, ...check }) => (showsReasons ? { ...check, detail } : check));
    ctx.body = { status: ready ? (degraded ? "degraded" : "ready") : "unready", checks: shown };
  };
}

/** What no route took: an address that exists, but not for this method, or none at all. */
function notFoundOrMethodNotAllowed(router: Router): Middleware {
  return (ctx: Context) => {
    const methods = router.match(ctx.path, ctx.method).path.flatMap((layer) => layer.methods);
    if (methods.length === 0) return ctx.throw(404);
    const allow = [...new Set(methods)].sort().join(", ");
    return ctx.throw(405, `${ctx.method} is not possible here, only ${allow}`, { headers: { Allow: allow } });
  };
}
