// The addresses of a Market: one for its health checks, and candidates for its board, tried in order.

import { canonicalHost, isLoopback } from "../../../protocol.ts";
import { adminPortOf, type Settings } from "../../../settings.ts";
import { bracketHost, reachableHost } from "../../../util/format.ts";
import type { AdminPlace } from "./live-types.ts";

export interface MarketPlaces {
  /** The shop's listener, or whatever `--market` names: both have /livez and /readyz. */
  readonly page: string;
  /** The first one that shows a board is used. */
  readonly boards: readonly string[];
  readonly admin: AdminPlace;
}

type PlaceSettings = Pick<Settings, "host" | "port" | "adminPort">;

const isLocal = (host: string): boolean => isLoopback(canonicalHost(host));

/**
 * @param named the URL of --market: a Market's page or its board
 * @param ownHosts names and addresses of this machine
 */
export function marketPlaces(
  settings: PlaceSettings,
  named: string | undefined,
  ownHosts: readonly string[],
): MarketPlaces {
  return named === undefined ? settledPlaces(settings, ownHosts) : namedPlaces(settings, named);
}

/** The admin port of a remote Market is on that machine. The local admin port would belong to another Market. */
function settledPlaces({ host, port, adminPort }: PlaceSettings, ownHosts: readonly string[]): MarketPlaces {
  const reached = reachableHost(host);
  const page = `http://${bracketHost(reached)}:${port}`;
  const isHere = isLocal(reached) || ownHosts.includes(reached);
  const admin = { port: adminPort, isAsked: isHere && adminPort !== "off" };
  return { page, boards: admin.isAsked ? [`http://127.0.0.1:${adminPort}`, page] : [page], admin };
}

/** Users often name a Market by its page, so the admin port beside it is tried second. Only a local Market has one. */
function namedPlaces(settings: PlaceSettings, named: string): MarketPlaces {
  const { hostname, port } = new URL(named);
  const number = port === "" ? 80 : Number(port);
  const adminPort = number === settings.port ? settings.adminPort : adminPortOf(number);
  const admin = { port: adminPort, isAsked: isLocal(hostname) && adminPort !== "off" };
  return { page: named, boards: admin.isAsked ? [named, `http://127.0.0.1:${adminPort}`] : [named], admin };
}
