// The common part of both apps, shop and admin: templates, assets, headers, error pages, probes, and the order in which
// a request passes the middleware.

import { Router } from "@koa/router";
import Keygrip from "keygrip";
import type { Context, Middleware } from "koa";
import Koa from "koa";
import type { Tracing } from "../../connect/index.ts";
import { SITE_NAME, STAR_CELL, STARS } from "../shop/core/page.ts";
import { checkTarget } from "./core/target.ts";
import { type ErrorReporter, failurePages, logKoaErrors, type PageLink } from "./error-pages.ts";
import { ASSETS_PATH, type Assets, assetUrl, compiledFile, marketFile, readAssets, sendAsset } from "./files.ts";
import { type PageObserver, timePages } from "./page-times.ts";
import { requestTraces } from "./request-trace.ts";
import { loadViews, type Views } from "./views.ts";

/** Pages depend on the moment and on the visitor, so no cache may store them; assets set their own header. */
const KEEP_NOTHING = "no-store";

/** Compiled files that the board's scripts import: both versions of the board make their texts with the same code. */
const SHARED_SCRIPTS = [
  "market/web/core/board-view.js",
  "market/web/core/board-filter.js",
  "market/web/core/page-format.js",
  "market/web/core/svg.js",
  "market/web/core/history-chart.js",
  "market/web/core/latency-chart.js",
  "market/web/core/history-text.js",
  "market/web/core/callers-view.js",
  "monitor/traffic-text.js",
];

export interface Check {
  readonly name: string;
  readonly good: boolean;
  /** Shown to every visitor, so without addresses. */
  readonly note: string;
  /** Shown to operators: the reason, with addresses. */
  readonly detail?: string | undefined;
}

export interface Readiness {
  /** False: a load balancer must send no visitors here. */
  readonly ready: boolean;
  /** Ready, but without fresh ratings: all instances are down, or the bus is disconnected. */
  readonly degraded: boolean;
  readonly checks: readonly Check[];
}

export interface SiteDeps extends ErrorReporter {
  /** The keys that sign visitors' cookies, newest first; at least one. */
  readonly keys: readonly string[];
  readiness(): Readiness;
}

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
    shopStyleUrl: assetUrl(assets, "shop.css"),
    iconUrl: assetUrl(assets, "favicon.svg"),
    starsBox: { width: STARS * STAR_CELL, height: STAR_CELL },
  });
  return { assets, views };
}

export interface AppOptions {
  /** Exports the spans of pages; undefined: no spans. */
  readonly tracing: Tracing | undefined;
  /** Browsers use TLS, through a proxy that ends it: cookies are marked Secure. */
  readonly secureCookies?: boolean;
  /** Runs before the request target is checked; rejects a request by a throw. */
  readonly guard?: Middleware;
  /** Gets the end of every page. */
  readonly pages?: PageObserver | undefined;
  readonly addRoutes: (router: Router) => void;
  /** The link on error pages. */
  readonly way: PageLink;
  /** /readyz includes reasons, which name the address of the bus. */
  readonly showsReasons: boolean;
}

/** Creates an app with the given routes and the common ones: assets, /livez and /readyz. */
export function createSiteApp(deps: SiteDeps, { assets, views }: Site, options: AppOptions): Koa {
  const { tracing, secureCookies = false, guard, pages, addRoutes, showsReasons, way } = options;
  const app = new Koa();
  // SHA-256 instead of koa's SHA-1, which is still sound in an HMAC but no choice for a new system.
  app.keys = new Keygrip([...deps.keys], "sha256");
  app.on("error", logKoaErrors(deps));
  if (pages !== undefined) app.use(timePages(pages));
  app.use(boundedAccept).use(requestTraces(tracing)).use(commonHeaders).use(views.middleware);
  app.use(failurePages(deps, way));
  if (guard !== undefined) app.use(guard);
  if (secureCookies) app.use(markCookiesSecure);
  app.use(validateTarget);
  const router = new Router({ sensitive: true, strict: true });
  addRoutes(router);
  router.get("/livez", (ctx) => {
    ctx.body = { status: "alive" };
  });
  const templates: Check = { name: "templates", good: true, note: `${views.names.length} compiled` };
  router.get("/readyz", readiness(deps, templates, showsReasons));
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

function readiness(deps: SiteDeps, own: Check, showsReasons: boolean): Middleware {
  return (ctx) => {
    const { ready, degraded, checks } = deps.readiness();
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

export interface SecurityHeader {
  readonly name: string;
  readonly value: string;
  readonly reason: string;
}

const row = (name: string, value: string, reason: string): SecurityHeader => ({ name, value, reason });

const DIRECTIVES = [
  "default-src 'none'", // no scripts on pages of the shop, and nothing else that is not named below
  "img-src 'self'",
  "style-src 'self'", // files only: text cannot inject a style or a script
  "form-action 'self'", // an injected form cannot post to another site
  "frame-ancestors 'none'",
  "base-uri 'none'", // an injected <base> would redirect every form and link
];

const CONTENT_SECURITY_POLICY = DIRECTIVES.join("; ");
/** The board needs our script files and the feed. */
export const BOARD_CONTENT_SECURITY_POLICY = [...DIRECTIVES, "script-src 'self'", "connect-src 'self'"].join("; ");

/**
 * The headers of every response, page or error. Two common ones are missing on purpose, because the Market serves plain
 * HTTP. `Strict-Transport-Security` would lock the browser out of every other program on localhost for a year. CSP's
 * `upgrade-insecure-requests` would block the page's own style sheet.
 */
export const SECURITY_HEADERS: readonly SecurityHeader[] = [
  row("Content-Security-Policy", CONTENT_SECURITY_POLICY, "a page may load our own pictures and styles, nothing else"),
  row("X-Content-Type-Options", "nosniff", "a browser must not interpret JSON as a page"),
  row("X-Frame-Options", "DENY", "frame-ancestors for browsers that lack it: no clickjacking"),
  // Not `no-referrer`: with it browsers send `Origin: null` with our own forms, which the Market rejects.
  row("Referrer-Policy", "same-origin", "other sites do not learn which page a visitor came from"),
  row("Cross-Origin-Opener-Policy", "same-origin", "a page that opens ours gets no handle on it"),
  row("Cross-Origin-Resource-Policy", "same-origin", "other sites cannot embed pages with a visitor's cart"),
  row(
    "Permissions-Policy",
    "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "no page uses these devices",
  ),
];
