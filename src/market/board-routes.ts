// The board over HTTP: a page, the same as data, a feed of what changes, and the metrics. For those who run the Market;
// who else asks is told that it is not for them.

import type { Router } from "@koa/router";
import type { Context, Middleware } from "koa";
import { FAULT_LIMITS } from "../service/fault-order.ts";
import { type Assets, assetUrl } from "./assets.ts";
import type { Board } from "./board.ts";
import type { FeedFormat } from "./board-feed.ts";
import { boardPage } from "./board-page.ts";
import { addFaultRoutes, FAULTS_PATH, onlookerOf } from "./fault-routes.ts";
import { BOARD_CONTENT_SECURITY_POLICY } from "./headers.ts";
import { isOnThisMachine, mayLook } from "./onlooker.ts";
import { valuesOf } from "./query.ts";
import type { Shop } from "./shop.ts";
import { takeMessage } from "./visitor.ts";

const NDJSON = "application/x-ndjson";
const FOR_THIS_MACHINE_ONLY = "the board is shown on this machine only: BOARD=public shows it to all who see the page";
const TOO_MANY = "as many watch the board as it has room for: try again in a moment";
const NOT_YET = "the Market is still on its way to the bus";
const TRY_AGAIN_S = "1";

/** Adds the addresses of the board, unless it is the monolith's, which has nothing to show. */
export function addBoardRoutes(router: Router, { board }: Shop, assets: Assets): void {
  if (board === undefined) return;
  const looking = onlookersOnly(board);
  const [styleUrl, ...scriptUrls] = ["board.css", "board.js", "board-markets.js"].map((name) => assetUrl(assets, name));
  const faultsScriptUrl = assetUrl(assets, "faults.js");
  router.get("/board", looking, async (ctx) => {
    ctx.set("Content-Security-Policy", BOARD_CONTENT_SECURITY_POLICY);
    const shown = boardOf(ctx);
    const faults = { asking: askingOf(ctx, shown), path: FAULTS_PATH, limits: FAULT_LIMITS };
    const urls = { styleUrl, scriptUrls: faults.asking === "allowed" ? [...scriptUrls, faultsScriptUrl] : scriptUrls };
    const page = { ...boardPage(shown.snapshot()), ...urls, faults, message: takeMessage(ctx) };
    await ctx.render("board.njk", { board: page });
  });
  addFaultRoutes(router, looking);
  router.get("/board.json", looking, (ctx) => {
    ctx.body = boardOf(ctx).snapshot();
  });
  router.get("/board/events", looking, (ctx) => follow(ctx, boardOf(ctx)));
  router.get("/metrics", looking, async (ctx) => {
    const { metrics } = boardOf(ctx);
    ctx.set("Content-Type", metrics.contentType);
    ctx.body = await metrics.text();
  });
}

/** Of faults: the page has forms, or says why not, or no word of them: to strangers it shows, and that is all. */
function askingOf(ctx: Context, { faults }: Board): "allowed" | "refused by the bus" | "no" {
  if (faults === undefined || !isOnThisMachine(onlookerOf(ctx))) return "no";
  return faults.mayAsk ? "allowed" : "refused by the bus";
}

const boardOf = (ctx: Context): Board => ctx.state["board"];

function onlookersOnly(board: () => Board | undefined): Middleware {
  return (ctx, next) => {
    const found = board();
    if (found === undefined) return ctx.throw(503, NOT_YET, { headers: { "Retry-After": TRY_AGAIN_S } });
    if (!mayLook(onlookerOf(ctx), found.isPublic)) return ctx.throw(403, FOR_THIS_MACHINE_ONLY);
    ctx.state["board"] = found;
    return next();
  };
}

/** Answers with a stream that ends when either side goes: server-sent events, or a JSON object a line. */
function follow(ctx: Context, { feed }: Board): void {
  const format: FeedFormat = ctx.accepts("text/event-stream", NDJSON) === NDJSON ? "ndjson" : "sse";
  const type = format === "sse" ? "text/event-stream; charset=utf-8" : NDJSON;
  if (ctx.method === "HEAD") {
    ctx.set("Content-Type", type);
    ctx.status = 200;
    return;
  }
  if (feed.isFull) ctx.throw(503, TOO_MANY, { headers: { "Retry-After": TRY_AGAIN_S } });
  // From here on the answer is the feed's; what koa has set so far goes out with its head.
  ctx.respond = false;
  ctx.res.writeHead(200, { "Content-Type": type, "X-Accel-Buffering": "no" });
  feed.add(ctx.res, format, lastEventOf(ctx));
}

/** A browser that comes back says it in a header; a terminal, or a person, in the address. */
function lastEventOf(ctx: Context): number | undefined {
  const said = ctx.get("Last-Event-ID") || valuesOf(ctx.querystring, "after")[0] || "";
  return /^\d{1,15}$/.test(said) ? Number(said) : undefined;
}
