// The Market's main: opens the ports of shop and board, then starts the ratings backend unless this is the monolith.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { isName } from "../monitor/peers.ts";
import {
  descriptorLimit,
  descriptorsInUse,
  httpOptions,
  limitConnections,
  roomForAdmins,
  roomForVisitors,
} from "../program/connections.ts";
import { programLine } from "../program/core/program-events.ts";
import type { ShutdownHooks, StartResult } from "../program/program.ts";
import { openTracing } from "../program/tracing.ts";
import type { Tracing } from "../trace/core/trace.ts";
import { stackOf } from "../util/errors.ts";
import { boardPlace, openAdminListener } from "./admin-listener.ts";
import { createApp } from "./app.ts";
import type { AppContext } from "./app-context.ts";
import type { AppDeps, PageRatings, Readiness } from "./app-deps.ts";
import type { Catalogue } from "./core/catalogue.ts";
import { readCatalogue } from "./files.ts";
import { marketKeys } from "./keys.ts";
import { closeServer, listen, shownUrl } from "./listen.ts";
import { type MarketAccess, type RatingsBackend, startRatingsBackend } from "./ratings-backend.ts";
import { loadSite } from "./site.ts";

export interface MarketOptions {
  /** Login and rights on the bus; "monolith" is the shop alone, without ratings. */
  readonly bus: MarketAccess | "monolith";
}

/** The ratings of a page that is served before the backend has started. */
const NOT_YET: PageRatings = { ratings: new Map(), failureReasons: ["the bus is disconnected"] };

/** Resolves once the Market accepts visitors, or with the reason why it cannot start. */
export async function startMarket(
  { bus }: MarketOptions,
  world: AppContext,
  closers: ShutdownHooks,
): Promise<StartResult> {
  const monolith = bus === "monolith";
  const { settings, say } = world;
  const catalogue = readCatalogue();
  const { keys, warning } = marketKeys(settings);
  if (warning !== undefined) say(programLine("market.keys", warning));
  let desk: RatingsBackend | undefined;
  const tracing = await openTracing({ service: "market" }, world, closers);
  const shop = createShop(catalogue, keys, monolith ? undefined : () => desk, { ...world, tracing });
  const site = loadSite();
  // The ports come first: a Market that cannot open them must not start a nats-server.
  const server = createServer(httpOptions(settings.keepAliveMs));
  const inUse = descriptorsInUse();
  limitConnections(server, createApp(shop, site).callback(), () =>
    roomForVisitors({ limit: descriptorLimit(), inUse }),
  );
  const listening = await listen(server, {
    setting: "PORT",
    port: settings.port,
    host: settings.host,
    ...(settings.adminPort === "off" ? {} : { taken: settings.adminPort }),
  });
  if (listening.kind === "refused") return listening;
  const url = shownUrl(server);
  const admin = await openAdminListener({
    shop,
    site,
    shopUrl: settings.publicUrl ?? url,
    settings: monolith ? { ...settings, adminPort: "off" } : settings,
    most: () => roomForAdmins({ limit: descriptorLimit(), inUse }),
  });
  if (admin.kind === "refused") return admin;
  if (!monolith) {
    const opened = await startRatingsBackend({ ...world, access: bus, name: nameOf(server) }, closers);
    if (opened.kind === "refused") return opened;
    desk = opened.backend;
  }
  // Registered last, so closed first: pages in progress still get their ratings.
  closers.push(async () => {
    // The stream of a viewer never ends by itself, and server.close() would wait for it.
    desk?.board.feed.close();
    const servers = admin.kind === "open" ? [server, admin.server] : [server];
    await Promise.all(servers.map((each) => closeServer(each, world.clock)));
  });
  const board = monolith ? undefined : boardPlace(admin, url, settings);
  if (board !== undefined) say(programLine("market.board", board.text));
  say(programLine("market.open", `open at ${url}${monolith ? " (the monolith: no ratings)" : ""}`));
  return { kind: "running", at: url, board: board?.url };
}

function createShop(
  catalogue: Catalogue,
  keys: readonly string[],
  desk: (() => RatingsBackend | undefined) | undefined,
  { say, settings, tracing }: AppContext & { readonly tracing: Tracing | undefined },
): AppDeps {
  const thingIDs = catalogue.things.map((thing) => thing.id);
  return {
    catalogue,
    keys,
    tracing,
    rate: desk === undefined ? undefined : (trace) => desk()?.rate(thingIDs, trace) ?? Promise.resolve(NOT_YET),
    ...(desk === undefined ? {} : { board: () => desk()?.board }),
    isBoardPublic: settings.board === "public",
    publicUrl: settings.publicUrl,
    readiness: () => (desk === undefined ? SHOP_ONLY : readinessOf(desk())),
    onError: (error, where, trace) => {
      // The error page shows the same request id, so that a visitor's report can be matched with this line.
      const named = trace === undefined ? "" : ` (request ${trace.requestId})`;
      say({ ...programLine("market.failed", `${where}${named}: ${stackOf(error)}`), trace });
    },
  };
}

const SHOP_ONLY: Readiness = { ready: true, degraded: false, checks: [] };

/** Without the bus, or with all ratings down, the Market is degraded and still ready: it serves complete pages. */
function readinessOf(desk: RatingsBackend | undefined): Readiness {
  if (desk === undefined)
    return { ready: true, degraded: true, checks: [{ name: "bus", good: false, note: "joining" }] };
  const { bus, instances } = desk.checks();
  return { ready: true, degraded: !(bus.good && instances.good), checks: [bus, instances] };
}

/** The name that other Markets show for this one. Markets on one host differ in their ports. */
function nameOf(server: Server): string {
  const { port } = server.address() as AddressInfo;
  const name = `${hostname()}:${port}`;
  return isName(name) ? name : `:${port}`;
}
