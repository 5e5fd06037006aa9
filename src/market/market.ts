// The Market, put together: the shop on HTTP and, unless it is the monolith, a desk that asks for ratings.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import type { Clock } from "../clock.ts";
import { HTTP_TIMES, serveWithin } from "../program/connections.ts";
import { descriptorLimit, descriptorsInUse } from "../program/descriptors.ts";
import type { Closers, Outcome } from "../program/program.ts";
import { roomForVisitors } from "../program/room.ts";
import { openTracing } from "../program/tracing.ts";
import { isName } from "../sight/told-view.ts";
import type { Tracing } from "../trace/trace.ts";
import { createApp } from "./app.ts";
import type { Catalogue } from "./catalogue.ts";
import { readCatalogue } from "./files.ts";
import { marketKeys } from "./keys.ts";
import { type MarketAccess, openRatingsDesk, type RatingsDesk } from "./ratings-desk.ts";
import type { PageRatings, Readiness, Shop } from "./shop.ts";
import type { World } from "./world.ts";

export interface MarketOptions {
  /** How to go to the bus; "monolith" is the shop alone, which knows of no ratings and needs none. */
  readonly bus: MarketAccess | "monolith";
}

/** What a page is told while the Market is still on its way to the bus. */
const NOT_YET: PageRatings = { ratings: new Map(), trouble: ["the bus is away"] };

/** Opens the Market; resolves once it takes visitors, or says why it cannot. */
export async function startMarket({ bus }: MarketOptions, world: World, closers: Closers): Promise<Outcome> {
  const monolith = bus === "monolith";
  const { settings, say } = world;
  const catalogue = readCatalogue();
  const { keys, warning } = marketKeys(settings);
  if (warning !== undefined) say({ level: "WARNING", logger: "market", event: "market.keys", text: `- ${warning}` });
  let desk: RatingsDesk | undefined;
  const tracing = await openTracing({ service: "market" }, world, closers);
  const shop = createShop(catalogue, keys, monolith ? undefined : () => desk, { ...world, tracing });
  // The port first: a Market that cannot be visited starts no bus.
  const server = createServer({ ...HTTP_TIMES, keepAliveTimeout: settings.keepAliveMs });
  const inUse = descriptorsInUse();
  serveWithin(server, createApp(shop).callback(), () => roomForVisitors({ limit: descriptorLimit(), inUse }));
  const listening = await listen(server, settings.port, settings.host);
  if (listening.kind === "refused") return listening;
  if (!monolith) {
    const opened = await openRatingsDesk({ ...world, access: bus, name: nameOf(server) }, closers);
    if (opened.kind === "refused") return opened;
    desk = opened.desk;
  }
  // Closed first, as the last one started: pages under way still get their ratings.
  closers.push(async () => {
    // A viewer's stream has no end of its own: the server would wait for it in vain.
    desk?.board.feed.close();
    await closeServer(server, world.clock);
  });
  const url = shownUrl(server);
  const text = `- open at ${url}${monolith ? " (the monolith: no ratings)" : ""}`;
  say({ level: "INFO", logger: "market", event: "market.open", text });
  return { kind: "running", at: url };
}

function createShop(
  catalogue: Catalogue,
  keys: readonly string[],
  desk: (() => RatingsDesk | undefined) | undefined,
  { say, tracing }: World & { readonly tracing: Tracing | undefined },
): Shop {
  const thingIDs = catalogue.things.map((thing) => thing.id);
  return {
    catalogue,
    keys,
    tracing,
    rate: desk === undefined ? undefined : (trace) => desk()?.rate(thingIDs, trace) ?? Promise.resolve(NOT_YET),
    ...(desk === undefined ? {} : { board: () => desk()?.board }),
    readiness: () => (desk === undefined ? SHOP_ONLY : readinessOf(desk())),
    problem: (error, where, trace) => {
      const told = error instanceof Error ? error.stack : String(error);
      // The one line for people that names it: the visitor who reports the fault reads it from the page.
      const named = trace === undefined ? "" : ` (request ${trace.requestId})`;
      say({ level: "ERROR", logger: "market", event: "market.failed", text: `- ${where}${named}: ${told}`, trace });
    },
  };
}

const SHOP_ONLY: Readiness = { ready: true, degraded: false, checks: [] };

/** Without the bus, or with all ratings down, the Market is degraded, not unready: its pages are whole. */
function readinessOf(desk: RatingsDesk | undefined): Readiness {
  if (desk === undefined)
    return { ready: true, degraded: true, checks: [{ name: "bus", good: false, note: "joining" }] };
  const { bus, instances } = desk.checks();
  return { ready: true, degraded: !(bus.good && instances.good), checks: [bus, instances] };
}

async function listen(server: Server, port: number, host: string): Promise<Outcome> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      resolve({ kind: "refused", why: [whyNot(error, port, host)] }),
    );
    server.listen(port, host, () => resolve({ kind: "running" }));
  });
}

function whyNot(error: NodeJS.ErrnoException, port: number, host: string): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `port ${port} is taken by another program: end that one, or type  PORT=${port + 1} make market`;
    case "EACCES":
      return `port ${port} needs more rights than you have: type  PORT=5000 make market`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `HOST=${host} is no address of this machine: type  HOST=127.0.0.1 make market`;
    default:
      return `the page cannot be served at ${host}:${port}: ${error.message}`;
  }
}

/** A page takes a second at most; whoever still holds a connection after two is no visitor. */
const LAST_PAGES_MS = 2_000;

/** Pages under way are finished; browsers' idle connections would otherwise keep the program alive. */
async function closeServer(server: Server, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cancel = clock.after(LAST_PAGES_MS, () => server.closeAllConnections());
  await closed;
  cancel();
}

/** By which other Markets know it; those of one host differ in their ports. */
function nameOf(server: Server): string {
  const { port } = server.address() as AddressInfo;
  const name = `${hostname()}:${port}`;
  return isName(name) ? name : `:${port}`;
}

function shownUrl(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  if (address === "127.0.0.1") return `http://localhost:${port}`;
  return address.includes(":") ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}
