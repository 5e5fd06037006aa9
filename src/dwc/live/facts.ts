// The facts from which `dwc check` derives its findings. All are collected concurrently. Each query has its own timeout,
// and none waits for another.

import { execFile } from "node:child_process";
import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { findProgram, programFolders } from "../../bus/server/server-process.ts";
import type { Clock } from "../../clock.ts";
import { parseCredentials } from "../../protocol.ts";
import type { Settings } from "../../settings.ts";
import { fieldsOf } from "../../util/json.ts";
import type { SyncResult } from "../identity/core/obedience.ts";
import type { Outdated } from "../identity/core/outdated.ts";
import { currentOrg, type Org, toSeconds } from "../identity/core/state.ts";
import { isOrgElsewhere, resolveCredentials } from "../identity/credentials.ts";
import { paths } from "../identity/derived-files.ts";
import { outdatedElsewhere, outdatedFile, outdatedOf } from "../identity/outdated-list.ts";
import { type IdentityService, isoSeconds } from "../identity/public-view.ts";
import { type ReadState, readState } from "../identity/state-file.ts";
import type { BusProbe } from "../identity/sync-bus.ts";
import type { BoardResult, BusResult, DiscoveredInstance } from "./core/live-types.ts";
import type { MarketPlaces } from "./core/market-places.ts";
import { fetchBoard, fetchJson, refusesName } from "./market-client.ts";

export interface Facts {
  readonly probes: readonly BusProbe[];
  readonly roll: BusResult<readonly DiscoveredInstance[]>;
  readonly identity: IdentityFacts;
  /** Whether the buses obey the orgs that this folder owns; undefined: the folder owns none. */
  readonly obedience: SyncResult | undefined;
  readonly market: MarketFacts;
  /** That Market's view of the instances, or why there is none. */
  readonly board: BoardResult;
  /** PORT of the settings. */
  readonly port: number;
  readonly nodeVersion: string;
  /** Undefined: nats-server is not installed. */
  readonly server: ServerProgram | undefined;
}

export interface ServerProgram {
  readonly path: string;
  /** Undefined: the program printed none. */
  readonly version: string | undefined;
}

export interface IdentityFacts {
  readonly folder: string;
  readonly state: "absent" | "readable" | { readonly unreadable: string };
  /** The logins that this folder has. */
  readonly logins?: readonly { readonly email: string; readonly id: string }[];
  /** The current org; undefined: the user is logged out. */
  readonly org: { readonly name: string; readonly email: string } | undefined;
  /** Paths that users other than the owner can read or change. */
  readonly tooOpen: readonly { readonly path: string; readonly isFolder: boolean }[];
  /** Expired credentials. */
  readonly expired: readonly { readonly whose: string; readonly since: string; readonly renew: string }[];
  /** Credentials that an earlier dwc issued with other permissions, or that the bus no longer accepts. */
  readonly outdated?: readonly OutdatedCredentials[];
  /** Why a Market of this user cannot log in; undefined: it can. */
  readonly trouble: string | undefined;
  readonly hasCredentials: boolean;
  /** The credentials are of an org that this folder does not have. */
  readonly isOrgElsewhere?: boolean;
}

export interface OutdatedCredentials {
  readonly whose: string;
  readonly why: Outdated;
  readonly renew: string;
}

export interface MarketHealth {
  readonly kind: "market";
  readonly url: string;
  readonly status: "ready" | "degraded" | "unready";
  /** The failing checks, a sentence each. */
  readonly failing: readonly string[];
}

export type MarketFacts =
  | MarketHealth
  /** A Market's admin listener, which refuses the name in this address. */
  | { readonly kind: "foreign name"; readonly url: string }
  /** Another program answers there. */
  | { readonly kind: "not-market"; readonly url: string }
  | { readonly kind: "nothing"; readonly url: string }
  | { readonly kind: "silent"; readonly url: string };

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

/** What is known while some of the queries wait for an answer. */
export type KnownFacts = Partial<Facts>;

/** @param onPart called with each answer as it comes */
export async function collectFacts(deps: FactsDeps, onPart?: (known: KnownFacts) => void): Promise<Facts> {
  const { settings, clock, places, nodeVersion, probeBus } = deps;
  const { port } = settings;
  let known: KnownFacts = { port, nodeVersion };
  const part = async <K extends keyof Facts>(name: K, answer: Promise<Facts[K]>): Promise<Facts[K]> => {
    const value = await answer;
    known = { ...known, [name]: value };
    onPart?.(known);
    return value;
  };
  if (onPart !== undefined) {
    known = { ...known, identity: identityFacts(settings, clock.wall()) };
    onPart(known);
  }
  const [probes, roll, market, board, server, obedience] = await Promise.all([
    part("probes", probeBus()),
    part("roll", deps.roll()),
    part("market", askHealth(places.page, clock)),
    part("board", fetchBoard(places, clock)),
    part("server", serverProgram(settings.searchPath)),
    part("obedience", deps.identity.obedience()),
  ]);
  // Again: a push may have written to the folder meanwhile.
  const identity = identityFacts(settings, clock.wall());
  return { probes, roll, identity, obedience, market, board, port, nodeVersion, server };
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

// Facts about the state folder for `dwc check`: who can read it, the current org, and expired or outdated credentials.

/** The permission bits of all users but the owner. */
const OTHERS = 0o077;
/** A folder with more entries is no state folder, and listing it could take very long. */
const MAX_DIR_ENTRIES = 2_000;

/** @param wallMs epoch ms */
export function identityFacts(settings: Pick<Settings, "stateDir" | "natsCreds">, wallMs: number): IdentityFacts {
  const folder = settings.stateDir;
  const read = readState(folder);
  const org = read.kind === "read" ? currentOrg(read.state) : undefined;
  const found = resolveCredentials(settings, { kind: "market" });
  return {
    folder,
    state: stateOf(read, folder),
    logins: read.kind === "read" ? read.state.orgs.map(({ id, me }) => ({ id, email: me.email })) : [],
    org: org && { name: org.name, email: org.me.email },
    tooOpen: tooOpen(folder),
    expired: org === undefined ? [] : expiredOf(org, toSeconds(wallMs)),
    outdated: [
      ...(org === undefined ? [] : outdatedOf(org)),
      ...(read.kind === "read" ? outdatedElsewhere(read.state) : []),
      ...outdatedFile(settings.natsCreds, found, org),
    ],
    trouble: found.kind === "refused" ? found.why : undefined,
    hasCredentials: found.kind === "found" && found.credentials !== undefined,
    isOrgElsewhere: isOrgElsewhere(settings),
  };
}

function stateOf(read: ReadState, folder: string): IdentityFacts["state"] {
  if (read.kind === "unreadable") return { unreadable: read.why };
  return statOf(paths.state(folder)) === undefined ? "absent" : "readable";
}

/** The folder, its state and all credentials. The server's files hold no secret. */
function tooOpen(folder: string): IdentityFacts["tooOpen"] {
  const secrets = [folder, paths.state(folder), paths.creds(folder), ...below(paths.creds(folder))];
  return secrets.flatMap((path) => {
    const stat = statOf(path);
    const isOpen = stat !== undefined && (stat.mode & OTHERS) !== 0;
    return isOpen ? [{ path, isFolder: stat.isDirectory() }] : [];
  });
}

function below(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return names.slice(0, MAX_DIR_ENTRIES).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path); // a link itself has no mode: what it leads to has
  } catch {
    return undefined;
  }
}

function expiredOf({ me, services }: Org, nowSeconds: number): IdentityFacts["expired"] {
  const person = { whose: me.email, creds: me.creds, renew: "ask for an invitation:  bin/dwc accept-invitation -" };
  const all = services.map(({ name, creds }) => ({ whose: name, creds, renew: `bin/dwc create-service ${name}` }));
  return [person, ...all].flatMap(({ whose, creds, renew }) => {
    const parsed = parseCredentials(creds);
    const expiresAt = parsed.kind === "good" ? parsed.credentials.expiresAt : undefined;
    return expiresAt === undefined || expiresAt > nowSeconds ? [] : [{ whose, since: isoSeconds(expiresAt), renew }];
  });
}
