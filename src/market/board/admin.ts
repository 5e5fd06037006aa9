// The admin listener with its app: board, board data, metrics, faults. It is a second server with its own limit of
// connections: visitors cannot use up the connections of operators, nor viewers of the board those of visitors. Access
// control is the bind address, 127.0.0.1. The guard rejects requests that a page of another site makes through a
// browser on this machine.

import { createServer, type Server } from "node:http";
import type Koa from "koa";
import type { Context, Middleware } from "koa";
import { httpOptions, limitConnections } from "../../program/connections.ts";
import { checkLocal, localRequest } from "../../program/core/local-requests.ts";
import type { RefusedStart } from "../../program/program.ts";
import type { Settings } from "../../settings.ts";
import type { AppDeps } from "../shop/app.ts";
import type { ErrorPage } from "../web/error-pages.ts";
import { ASSETS_PATH } from "../web/files.ts";
import { listen, shownUrl } from "../web/listen.ts";
import { createSiteApp, type Site } from "../web/site.ts";
import { addBoardRoutes } from "./board.ts";
import { addFaultRoutes } from "./faults.ts";
import { addTrafficRoutes } from "./traffic.ts";

/** No other machine reaches this address. */
const ADMIN_HOST = "127.0.0.1";

export interface AdminOptions {
  readonly deps: AppDeps;
  readonly site: Site;
  /** The shop's page, for the link on the board. */
  readonly shopUrl: string;
  readonly settings: Pick<Settings, "port" | "adminPort" | "keepAliveMs">;
  /** The current limit of connections. */
  readonly most: () => number;
}

export type AdminListener = { readonly kind: "open"; readonly server: Server } | { readonly kind: "off" };
export type AdminResult = AdminListener | RefusedStart;

export async function openAdminListener({ deps, site, shopUrl, settings, most }: AdminOptions): Promise<AdminResult> {
  const { port, adminPort, keepAliveMs } = settings;
  if (adminPort === "off") return { kind: "off" };
  const server = createServer(httpOptions(keepAliveMs));
  limitConnections(server, createAdminApp(deps, site, shopUrl).callback(), most);
  const listening = await listen(server, { setting: "ADMIN_PORT", port: adminPort, host: ADMIN_HOST, taken: port });
  return listening.kind === "refused" ? listening : { kind: "open", server };
}

/** The address of the board, and the sentence that the Market logs about it at its start. */
export function boardPlace(
  admin: AdminListener,
  shopUrl: string,
  { board }: Pick<Settings, "board">,
): { readonly url: string | undefined; readonly text: string } {
  const publicUrl = board === "public" ? `${shopUrl}/board` : undefined;
  const isPublic = publicUrl === undefined ? "" : `the board is public at ${publicUrl}`;
  if (admin.kind === "off") return { url: publicUrl, text: isPublic || "there is no board: ADMIN_PORT is off" };
  const url = `${shownUrl(admin.server)}/board`;
  const text = `the board is at ${url}, for this machine only`;
  return { url, text: publicUrl === undefined ? text : `${text}; without faults ${isPublic}` };
}

const BOARD_PATH = "/board";
const FOR_ITS_MACHINE: ErrorPage = {
  heading: "Not from another site",
  text: "Board, metrics and faults are served only to the Market’s own machine, under its own name.",
};

export function createAdminApp(deps: AppDeps, site: Site, shopUrl: string): Koa {
  const board = deps.board ?? (() => undefined);
  return createSiteApp(deps, site, {
    // Spans are for pages of visitors only.
    tracing: undefined,
    guard,
    showsReasons: true,
    way: { href: BOARD_PATH, text: "Back to the board" },
    addRoutes: (router) => {
      router.get("/", (ctx) => ctx.redirect(BOARD_PATH));
      addBoardRoutes(router, board, site.assets, { listener: "admin", shopUrl });
      addFaultRoutes(router, board);
      addTrafficRoutes(router, board);
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
