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
import { stackOf } from "../util/errors.ts";
import { boardPlace, openAdminListener } from "./board/admin.ts";
import { followParent, trafficSwitchOf } from "./board/traffic-switch.ts";
import { type AppContext, RatingsBackend } from "./compose.ts";
import type { MarketAccess } from "./ratings/market-bus.ts";
import { type AppDeps, createApp } from "./shop/app.ts";
import { readCatalogue } from "./web/files.ts";
import { marketKeys } from "./web/keys.ts";
import { closeServer, listen, shownUrl } from "./web/listen.ts";
import { loadSite, type Readiness } from "./web/site.ts";

export interface MarketOptions {
  /** Login and rights on the bus; "monolith" is the shop alone, without ratings. */
  readonly bus: MarketAccess | "monolith";
  /** The path of the compiled program `shoppers`; left out: the board has no switch of traffic. */
  readonly shoppersScript?: string;
}

/** Resolves once the Market accepts visitors, or with the reason why it cannot start. */
export async function startMarket(
  { bus: access, shoppersScript }: MarketOptions,
  context: AppContext,
  closers: ShutdownHooks,
): Promise<StartResult> {
  const { settings, clock, say } = context;
  const catalogue = readCatalogue();
  const { keys, warning } = marketKeys(settings);
  if (warning !== undefined) say(programLine("market.keys", warning));
  const backend = access === "monolith" ? undefined : new RatingsBackend(context, [...catalogue.byId.keys()]);
  const tracing = await openTracing({ service: "market" }, context, closers);
  let adminBoardUrl: string | undefined;
  const deps = { ...shopDeps(context, backend), catalogue, keys, tracing, adminBoardUrl: () => adminBoardUrl };
  const site = loadSite();
  // The ports come first: a Market that cannot open them must not start a nats-server.
  const server = createServer(httpOptions(settings.keepAliveMs));
  const inUse = descriptorsInUse();
  limitConnections(server, createApp(deps, site).callback(), () =>
    roomForVisitors({ limit: descriptorLimit(), inUse }),
  );
  const { port, host, adminPort } = settings;
  const taken = adminPort === "off" ? {} : { taken: adminPort };
  const listening = await listen(server, { setting: "PORT", port, host, ...taken });
  if (listening.kind === "refused") return listening;
  const url = shownUrl(server);
  const admin = await openAdminListener({
    ...{ deps, site, shopUrl: settings.publicUrl ?? url },
    settings: backend === undefined ? { ...settings, adminPort: "off" } : settings,
    most: () => roomForAdmins({ limit: descriptorLimit(), inUse }),
  });
  if (admin.kind === "refused") return admin;
  const board = backend === undefined ? undefined : boardPlace(admin, url, settings);
  if (admin.kind === "open") adminBoardUrl = board?.url;
  const traffic = backend && trafficSwitchOf(server, context, shoppersScript);
  if (backend !== undefined && access !== "monolith") {
    const started = await backend.start({ access, name: nameOf(server), traffic }, closers);
    if (started.kind === "refused") return started;
  }
  // Registered last, so closed first: pages in progress still get their ratings.
  closers.push(async () => {
    // The stream of a viewer never ends by itself, and server.close() would wait for it.
    backend?.board?.feed.close();
    const servers = admin.kind === "open" ? [server, admin.server] : [server];
    await Promise.all(servers.map((each) => closeServer(each, clock)));
  });
  // Shoppers end first: each of their pages would fail.
  if (traffic !== undefined) {
    closers.push(() => traffic.close());
    followParent(traffic, clock, closers);
  }
  if (board !== undefined) say(programLine("market.board", board.text));
  say(programLine("market.open", `open at ${url}${backend === undefined ? " (the monolith: no ratings)" : ""}`));
  return { kind: "running", at: url, board: board?.url };
}

function shopDeps(
  { say, settings, clock }: AppContext,
  backend: RatingsBackend | undefined,
): Omit<AppDeps, "catalogue" | "keys" | "tracing"> {
  return {
    rate: backend?.rate,
    ...(backend && {
      board: () => backend.board,
      states: backend.states,
      pages: { clock, onPage: backend.recordPage },
    }),
    isBoardPublic: settings.board === "public",
    publicUrl: settings.publicUrl,
    readiness: () => backend?.readiness() ?? SHOP_ONLY,
    onError: (error, where, trace) => {
      // The error page shows the same request id, so that a visitor's report can be matched with this line.
      const named = trace === undefined ? "" : ` (request ${trace.requestId})`;
      say({ ...programLine("market.failed", `${where}${named}: ${stackOf(error)}`), trace });
    },
  };
}

const SHOP_ONLY: Readiness = { ready: true, degraded: false, checks: [] };

/** The name that other Markets show for this one. Markets on one host differ in their ports. */
function nameOf(server: Server): string {
  const { port } = server.address() as AddressInfo;
  const name = `${hostname()}:${port}`;
  return isName(name) ? name : `:${port}`;
}
