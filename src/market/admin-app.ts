// The app of the admin listener: board, board data, metrics, faults. Access control is the bind address, 127.0.0.1. The
// guard rejects requests that a page of another site makes through a browser on this machine.

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
  heading: "Not from another site",
  text: "Board, metrics and faults are served only to the Market’s own machine, under its own name.",
};

/** @param shopUrl the shop's page, for the link on the board */
export function createAdminApp(shop: AppDeps, site: Site, shopUrl: string): Koa {
  const board = shop.board ?? (() => undefined);
  return createSiteApp(shop, site, {
    // Spans are for pages of visitors only.
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

/** Assets are served under every Host, so that the error page of a rejected request has its style sheet. */
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
