// Where a Market is asked: its page for its health, and for its board one place after the other.

import { canonicalHost, isLoopback } from "../../../bus/core/bus-address.ts";
import { adminPortOf, type Settings } from "../../../settings.ts";
import type { AdminPlace } from "./live-types.ts";

export interface MarketPlaces {
  /** The shop's listener, or whatever `--market` names: both have /livez and /readyz. */
  readonly page: string;
  /** The first that shows a board counts. */
  readonly boards: readonly string[];
  readonly admin: AdminPlace;
}

type PlaceSettings = Pick<Settings, "host" | "port" | "adminPort">;

/** What listens on all addresses is reached on this machine's own. */
const WILDCARD_HOSTS: readonly string[] = ["0.0.0.0", "::"];
const isLocal = (host: string): boolean => isLoopback(canonicalHost(host));

/**
 * @param named what `--market` says: a Market's page or its board
 * @param ownHosts names and addresses of this machine
 */
export function marketPlaces(
  settings: PlaceSettings,
  named: string | undefined,
  ownHosts: readonly string[],
): MarketPlaces {
  return named === undefined ? settledPlaces(settings, ownHosts) : namedPlaces(settings, named);
}

/** A Market elsewhere has its admin port elsewhere, too: the one of this machine would be another Market's. */
function settledPlaces({ host, port, adminPort }: PlaceSettings, ownHosts: readonly string[]): MarketPlaces {
  const reached = WILDCARD_HOSTS.includes(host) ? "127.0.0.1" : host;
  const page = `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}`;
  const isHere = isLocal(reached) || ownHosts.includes(reached);
  const admin = { port: adminPort, isAsked: isHere && adminPort !== "off" };
  return { page, boards: admin.isAsked ? [`http://127.0.0.1:${adminPort}`, page] : [page], admin };
}

/** Many know a Market by its page: the admin port beside it is tried second, as only a Market of this machine has one. */
function namedPlaces(settings: PlaceSettings, named: string): MarketPlaces {
  const { hostname, port } = new URL(named);
  const number = port === "" ? 80 : Number(port);
  const adminPort = number === settings.port ? settings.adminPort : adminPortOf(number);
  const admin = { port: adminPort, isAsked: isLocal(hostname) && adminPort !== "off" };
  return { page: named, boards: admin.isAsked ? [named, `http://127.0.0.1:${adminPort}`] : [named], admin };
}
