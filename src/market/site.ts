// The common part of both listeners' apps: templates, assets, headers, error pages, probes, and the order of
// middleware.

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

/** Pages depend on the moment and on the visitor, so no cache may store them; assets set their own header. */
const KEEP_NOTHING = "no-store";

/** Compiled files that the board's script imports: both versions of the board make their texts with the same code. */
const SHARED_SCRIPTS = ["core/sparkline.js", "core/board-text.js", "core/page-format.js"];

export interface Site {
  readonly assets: Assets;
  readonly views: Views;
}

/** Reads templates and assets at the start. @throws for a broken installation, before the first visitor */
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
  /** Exports the spans of pages; undefined: no spans. */
  readonly tracing: AppDeps["tracing"];
  /** Browsers use TLS, through a proxy that ends it: cookies are marked Secure. */
  readonly secureCookies?: boolean;
  /** Runs before the request target is checked; rejects a request by a throw. */
  readonly guard?: Middleware;
  readonly addRoutes: (router: Router) => void;
  /** The link on error pages. */
  readonly way: PageLink;
  /** /readyz includes reasons, which name the address of the bus. */
  readonly showsReasons: boolean;
}

/** Creates an app with the given routes and the common ones: assets, /livez and /readyz. */
export function createSiteApp(shop: AppDeps, { assets, views }: Site, options: AppOptions): Koa {
  const { tracing, secureCookies = false, guard, addRoutes, showsReasons, way } = options;
  const app = new Koa();
  // SHA-256 instead of koa's SHA-1, which is still sound in an HMAC but no choice for a new system.
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

/** Browsers send about 150 characters. */
const MAX_ACCEPT_LENGTH = 1_024;

/**
 * A longer `Accept` is ignored, which HTTP leaves to the server (RFC 9110, 12.5.1). The negotiation of koa takes time
 * by the square of its length: 9 ms for 15 KB of commas in quotes.
 */
const boundedAccept: Middleware = (ctx, next) => {
  const { headers } = ctx.req;
  if ((headers.accept?.length ?? 0) > MAX_ACCEPT_LENGTH) delete headers.accept;
  return next();
};

/** The library decides by the connection, on which TLS has ended at the proxy. */
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

/** Runs when no route matched: 405 for an address that has other methods, otherwise 404. */
function notFoundOrMethodNotAllowed(router: Router): Middleware {
  return (ctx: Context) => {
    const methods = router.match(ctx.path, ctx.method).path.flatMap((layer) => layer.methods);
    if (methods.length === 0) return ctx.throw(404);
    const allow = [...new Set(methods)].sort().join(", ");
    return ctx.throw(405, `${ctx.method} is not allowed here, only ${allow}`, { headers: { Allow: allow } });
  };
}
