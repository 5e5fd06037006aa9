// The admin listener's app: the board, its data, the metrics and the faults. The listener is bound to 127.0.0.1, and that
// is what decides who may see and break things; the guard keeps out what a browser on this machine brings from elsewhere.

import type Koa from "koa";
import type { Middleware } from "koa";
import { checkLocal, localRequest } from "../program/local-requests.ts";
import { addBoardRoutes } from "./board-routes.ts";
import { addFaultRoutes } from "./fault-routes.ts";
import type { Shop } from "./shop.ts";
import { createSiteApp, type Site } from "./site.ts";

const BOARD_PATH = "/board";

/** @param shopUrl where the shop's page is, for the link on the board */
export function createAdminApp(shop: Shop, site: Site, shopUrl: string): Koa {
  const board = shop.board ?? (() => undefined);
  return createSiteApp(shop, site, {
    // Spans show what a shopper sees or buys by.
    tracing: undefined,
    guard,
    showsReasons: true,
    addRoutes: (router) => {
      router.get("/", (ctx) => ctx.redirect(BOARD_PATH));
      addBoardRoutes(router, board, site.assets, { listener: "admin", shopUrl });
      addFaultRoutes(router, board);
    },
  });
}

const guard: Middleware = (ctx, next) => {
  const check = checkLocal(localRequest(ctx.req));
  return check.kind === "local" ? next() : ctx.throw(403, check.why);
};
