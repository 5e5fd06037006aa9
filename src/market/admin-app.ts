// The admin listener's app: the board, its data, the metrics and the faults. The listener is bound to 127.0.0.1, and that
// is what decides who may see and break things; the guard keeps out what a browser on this machine brings from elsewhere.

import type Koa from "koa";
import type { Context, Middleware } from "koa";
import { checkLocal, localRequest } from "../program/core/local-requests.ts";
import type { AppDeps } from "./app-deps.ts";
import { ASSETS_PATH } from "./assets.ts";
import { addBoardRoutes } from "./board-routes.ts";
import type { ErrorPage } from "./error-pages.ts";
import { addFaultRoutes } from "./fault-routes.ts";
import { createSiteApp, type Site } from "./site.ts";

const BOARD_PATH = "/board";
const FOR_ITS_MACHINE: ErrorPage = {
  heading: "Not from here",
  text: "Board, metrics and faults are for the Market’s own machine, under its own name.",
};

/** @param shopUrl where the shop's page is, for the link on the board */
export function createAdminApp(shop: AppDeps, site: Site, shopUrl: string): Koa {
  const board = shop.board ?? (() => undefined);
  return createSiteApp(shop, site, {
    // Spans show what a shopper sees or buys by.
    tracing: undefined,
    guard,
    showsReasons: true,
    way: { href: BOARD_PATH, text: "Back to the board" },
    addRoutes: (router) => {
      router.get("/", (ctx) => ctx.redirect(BOARD_PATH));
      addBoardRoutes(router, board, site.assets, { listener: "admin", shopUrl });
      addFaultRoutes(router, board);
    },
  });
}

/** The page of a refusal under another Host shows its own style sheet. */
const isForAll = ({ method, path }: Context): boolean =>
  (method === "GET" || method === "HEAD") && path.startsWith(ASSETS_PATH);

const guard: Middleware = (ctx, next) => {
  const check = checkLocal(localRequest(ctx.req), isForAll(ctx));
  if (check.kind === "local") return next();
  const way = {
    href: `http://localhost:${ctx.req.socket.localPort}${BOARD_PATH}`,
    text: "The board, on its own machine",
  };
  return ctx.throw(403, check.why, { words: FOR_ITS_MACHINE, way });
};
