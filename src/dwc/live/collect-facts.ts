// Collects the facts for `dwc check`, all concurrently. Each query has its own timeout, and none waits for another.

import { execFile } from "node:child_process";
import { findProgram, programFolders } from "../../bus/find-program.ts";
import type { Clock } from "../../clock.ts";
import type { Settings } from "../../settings.ts";
import { fieldsOf } from "../../util/json.ts";
import type { BusProbe } from "../core/bus-shapes.ts";
import type { IdentityService } from "../core/command-context.ts";
import type { BusResult, DiscoveredInstance } from "./core/bus-result.ts";
import type { Facts, MarketFacts, ServerProgram } from "./core/facts.ts";
import type { MarketPlaces } from "./core/market-places.ts";
import { fetchBoard, refusesName } from "./fetch-board.ts";
import { fetchJson } from "./fetch-json.ts";
import { identityFacts } from "./identity-facts.ts";

/** A local Market answers in milliseconds. */
const MARKET_TIMEOUT_MS = 1_000;
const PROGRAM_TIMEOUT_MS = 1_000;

export interface FactsDeps {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly places: MarketPlaces;
  readonly nodeVersion: string;
  readonly probeBus: () => Promise<readonly BusProbe[]>;
  readonly roll: () => Promise<BusResult<readonly DiscoveredInstance[]>>;
  readonly identity: Pick<IdentityService, "obedience">;
}

export async function collectFacts(deps: FactsDeps): Promise<Facts> {
  const { settings, clock, places, nodeVersion, probeBus } = deps;
  const [probes, roll, market, board, server, obedience] = await Promise.all([
    probeBus(),
    deps.roll(),
    askHealth(places.page, clock),
    fetchBoard(places, clock),
    serverProgram(settings.searchPath),
    deps.identity.obedience(),
  ]);
  const identity = identityFacts(settings, clock.wall());
  return { probes, roll, identity, obedience, market, board, port: settings.port, nodeVersion, server };
}

async function askHealth(url: string, clock: Clock): Promise<MarketFacts> {
  const [alive, ready] = await Promise.all(
    ["/livez", "/readyz"].map((path) => fetchJson(new URL(path, url).href, clock, MARKET_TIMEOUT_MS)),
  );
  if (alive?.kind !== "answered") return { kind: alive?.kind ?? "silent", url };
  if (refusesName(alive)) return { kind: "foreign name", url };
  if (Object(alive.json).status !== "alive" || ready?.kind !== "answered") return { kind: "not-market", url };
  const { status, checks } = fieldsOf(ready.json);
  return {
    kind: "market",
    url,
    status: status === "ready" || status === "degraded" ? status : "unready",
    failing: (Array.isArray(checks) ? checks : []).flatMap((check) => {
      const { name, good, note } = fieldsOf(check);
      return good === true ? [] : [`${String(name)}: ${String(note)}`];
    }),
  };
}

function serverProgram(searchPath: string): Promise<ServerProgram | undefined> {
  const path = findProgram("nats-server", programFolders(searchPath));
  if (path === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    execFile(path, ["--version"], { timeout: PROGRAM_TIMEOUT_MS }, (error, stdout) => {
      const [version] = /\d+\.\d+\.\d+/.exec(stdout) ?? [];
      resolve({ path, version: error === null ? version : undefined });
    });
  });
}
