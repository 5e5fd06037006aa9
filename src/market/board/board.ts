// The board of the ratings service, with its HTTP routes: page, data, feed of changes, metrics. The admin listener has
// them, and with BOARD=public the shop's listener as well. Faults are on the admin listener only.

import type { Router } from "@koa/router";
import type { Context, Middleware } from "koa";
import { type Clock, timeOfDay } from "../../clock.ts";
import { type Exposition, expose, MARKET_METRICS, marketSamples } from "../../monitor/metrics.ts";
import type { ServiceMonitor } from "../../monitor/monitor.ts";
import { BOARD_PATHS, type MonitorSource, ON_ADMIN_PORT, type Snapshot } from "../../monitor/snapshot.ts";
import type { ShutdownHooks } from "../../program/program.ts";
import { BOARD_MESSAGE_COOKIE, consumeFlash } from "../web/cookies.ts";
import { MAX_FIND_LENGTH, UNHEALTHY } from "../web/core/board-filter.ts";
import { valuesOf } from "../web/core/target.ts";
import { type Assets, assetUrl } from "../web/files.ts";
import { BOARD_CONTENT_SECURITY_POLICY } from "../web/site.ts";
import { boardPage, type FilterFields } from "./core/board-page.ts";
import { FAULT_FORM } from "./core/fault-form.ts";
import { historyPage } from "./core/history-page.ts";
import { switchPositions } from "./core/traffic-form.ts";
import type { FaultController } from "./faults.ts";
import { BoardFeed, type FeedFormat, type ListenerName } from "./feed.ts";
import { BoardHistory } from "./history.ts";
import type { TrafficControl } from "./traffic.ts";

export interface Board {
  readonly feed: BoardFeed;
  /** Undefined: this board sends no fault commands. */
  readonly faults: FaultController | undefined;
  /** Undefined: this board has no switch of traffic. */
  readonly traffic: TrafficControl | undefined;
  readonly metrics: Exposition;
  readonly history: BoardHistory;
  snapshot(): Snapshot;
}

export interface BoardOptions {
  readonly clock: Clock;
  readonly faults?: FaultController | undefined;
  readonly traffic?: TrafficControl | undefined;
}

export function openBoard(
  monitor: ServiceMonitor,
  source: MonitorSource,
  { clock, faults, traffic }: BoardOptions,
  closers: ShutdownHooks,
): Board {
  const snapshot = (): Snapshot => monitor.snapshot(source, clock.now(), Math.round(clock.wall()));
  const feed = new BoardFeed(monitor, source, clock, snapshot);
  closers.push(() => feed.close());
  const metrics = expose(MARKET_METRICS, () => ({
    ...marketSamples(monitor, source, { now: clock.now(), wallOffsetMs: clock.wall() - clock.now() }),
    dwc_board_viewers: [{ labels: {}, value: feed.viewers }],
    dwc_board_viewers_dropped_total: [{ labels: {}, value: feed.dropped }],
  }));
  return { feed, faults, traffic, metrics, snapshot, history: new BoardHistory(monitor, source, clock) };
}

export const FAULTS_PATH = "/board/faults";
export const TRAFFIC_PATH = "/board/traffic";
const NDJSON = "application/x-ndjson";
const NOT_HERE = "faults and traffic are set only on the admin port, on the Market’s own machine";
const TOO_MANY = "the board has as many viewers as it accepts: try again in a moment";
const NOT_YET = "the Market is still connecting to the bus: try again in a moment";
const TRY_AGAIN_S = "1";

export interface BoardPlace {
  readonly listener: ListenerName;
  /** The address of the shop, for the link on the page. */
  readonly shopUrl: string;
}

/** Returns the board of the Market; undefined until the backend has started. */
export type FindBoard = () => Board | undefined;

export function addBoardRoutes(router: Router, find: FindBoard, assets: Assets, place: BoardPlace): void {
  const found = withBoard(find);
  router.get(BOARD_PATHS.page, found, page(assets, place));
  router.get(BOARD_PATHS.data, found, (ctx) => {
    ctx.body = boardOf(ctx).snapshot();
  });
  router.get(BOARD_PATHS.feed, found, (ctx) => follow(ctx, boardOf(ctx), place.listener));
  router.get(BOARD_PATHS.history, found, (ctx) => {
    ctx.type = "json";
    ctx.body = boardOf(ctx).history.json(valuesOf(ctx.querystring, "incarnation")[0]);
  });
  router.get(BOARD_PATHS.metrics, found, (ctx) => {
    const { metrics } = boardOf(ctx);
    ctx.set("Content-Type", metrics.contentType);
    ctx.body = metrics.text();
  });
}

/** On the shop's listener: 404 for routes of the admin listener, without naming its port. */
export function addBoardSigns(router: Router, isPublic: boolean): void {
  for (const path of isPublic ? [] : Object.values(BOARD_PATHS))
    router.all(path, (ctx) => ctx.throw(404, ON_ADMIN_PORT));
  for (const path of [FAULTS_PATH, TRAFFIC_PATH]) router.all(path, (ctx) => ctx.throw(404, NOT_HERE));
}

/** Puts the board into the request's state, for `boardOf`; 503 until there is one. */
export function withBoard(find: FindBoard): Middleware {
  return (ctx, next) => {
    const board = find();
    if (board === undefined) return ctx.throw(503, NOT_YET, { headers: { "Retry-After": TRY_AGAIN_S } });
    ctx.state["board"] = board;
    return next();
  };
}

export const boardOf = (ctx: Context): Board => ctx.state["board"];

function page(assets: Assets, { listener, shopUrl }: BoardPlace): Middleware {
  const styleUrls = ["board.css", "board-table.css", "board-history.css", "traffic.css"].map((name) =>
    assetUrl(assets, name),
  );
  const readingUrls = ["board.js", "board-markets.js", "board-history.js"].map((name) => assetUrl(assets, name));
  const trafficScriptUrl = assetUrl(assets, "traffic.js");
  const faultsScriptUrl = assetUrl(assets, "faults.js");
  return async (ctx) => {
    ctx.set("Content-Security-Policy", BOARD_CONTENT_SECURITY_POLICY);
    const board = boardOf(ctx);
    const faults = { asking: askingOf(board, listener), path: FAULTS_PATH, form: FAULT_FORM };
    const snapshot = board.snapshot();
    const scriptUrls = [
      ...readingUrls,
      ...(snapshot.traffic === null ? [] : [trafficScriptUrl]),
      ...(faults.asking === "allowed" ? [faultsScriptUrl] : []),
    ];
    const message = listener === "admin" ? consumeFlash(ctx, BOARD_MESSAGE_COOKIE) : undefined;
    const isSwitchHere = snapshot.traffic !== null && listener === "admin";
    const switches = { path: TRAFFIC_PATH, positions: isSwitchHere ? switchPositions(snapshot.traffic.rate) : [] };
    await ctx.render("board.njk", {
      board: {
        ...boardPage(snapshot, timeOfDay, filterOf(ctx)),
        ...{ styleUrls, scriptUrls, faults, switches, message, shopUrl },
      },
      history: historyPage(board.history.read(), timeOfDay),
    });
  };
}

/** The fields of the filter's form, for the table without scripts. */
function filterOf({ querystring }: Context): FilterFields {
  const [find = ""] = valuesOf(querystring, "find");
  const [show] = valuesOf(querystring, "show");
  return { isUnhealthyOnly: show === UNHEALTHY, find: find.slice(0, MAX_FIND_LENGTH) };
}

/** The page has forms for faults, or says why it has none. A public page has neither. */
function askingOf({ faults }: Board, listener: ListenerName): "allowed" | "refused by the bus" | "no" {
  if (faults === undefined || listener === "shop") return "no";
  return faults.mayAsk ? "allowed" : "refused by the bus";
}

/** Responds with a stream that ends when either side closes it: server-sent events, or one JSON object per line. */
function follow(ctx: Context, { feed }: Board, listener: ListenerName): void {
  const format: FeedFormat = ctx.accepts("text/event-stream", NDJSON) === NDJSON ? "ndjson" : "sse";
  const type = format === "sse" ? "text/event-stream; charset=utf-8" : NDJSON;
  if (ctx.method === "HEAD") {
    ctx.set("Content-Type", type);
    ctx.status = 200;
    return;
  }
  if (feed.isFull(listener)) ctx.throw(503, TOO_MANY, { headers: { "Retry-After": TRY_AGAIN_S } });
  // From here on the feed writes the response; headers that koa has set are sent with its head.
  ctx.respond = false;
  ctx.res.writeHead(200, { "Content-Type": type, "X-Accel-Buffering": "no" });
  feed.add(ctx.res, { format, listener, lastEvent: lastEventOf(ctx) });
}

/** A browser that reconnects sends it in a header; a terminal or a person puts it in the address. */
function lastEventOf(ctx: Context): number | undefined {
  const said = ctx.get("Last-Event-ID") || valuesOf(ctx.querystring, "after")[0] || "";
  return /^\d{1,15}$/.test(said) ? Number(said) : undefined;
}
