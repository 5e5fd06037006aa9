// Which account token the servers of a bus use, from their own answers, held against the one of the state. The
// token in a server's folder proves nothing: dwc writes there too, and a server reads it again only when it is told to.

import { unknownRevocations } from "./account.ts";
import type { Obedience } from "./obedience.ts";

/** What one server says of an account. `token` is undefined while nobody of the account has logged in there. */
export interface ServerAnswer {
  readonly server: string;
  readonly isInCluster: boolean;
  readonly token: string | undefined;
}

/** The bus at one address runs, and this is what it makes of the org. */
export type OnBus =
  | { readonly kind: "obeys" }
  | Omit<Extract<Obedience, { kind: "does not obey" }>, "url">
  | Omit<Extract<Obedience, { kind: "unknown" }>, "url">;

/** An answer to `$SYS.REQ.ACCOUNT.<id>.INFO`; undefined: it cannot be read. */
export function readInfo(body: Uint8Array): ServerAnswer | undefined {
  const { server, data, error } = Object(parseJson(body)) as Record<string, unknown>;
  const { name, cluster } = Object(server) as Record<string, unknown>;
  const { jwt, complete } = Object(data) as { jwt?: unknown; complete?: unknown };
  // Incomplete: the server knows the account from another server of the cluster, and has loaded no token.
  const isLoaded = error === undefined && complete !== false;
  if (typeof name !== "string" || (typeof jwt !== "string" && isLoaded)) return undefined;
  const isInCluster = typeof cluster === "string" && cluster !== "";
  return { server: name, isInCluster, token: typeof jwt === "string" ? jwt : undefined };
}

/** A token that a server uses, and does not show: another than the one that was looked for. */
const ANOTHER = "";

/**
 * An answer to `$SYS.REQ.ACCOUNT.<id>.SUBSZ` of a server that uses an account token and cannot show it: a time after the
 * year 9999 has no text. @param wanted the token whose mark was looked for
 */
export function readMark(body: Uint8Array, wanted: string): ServerAnswer | undefined {
  const { server, data } = Object(parseJson(body)) as Record<string, unknown>;
  const { name, cluster } = Object(server) as Record<string, unknown>;
  const { total } = Object(data) as { total?: unknown };
  if (typeof name !== "string" || typeof total !== "number") return undefined;
  return {
    server: name,
    isInCluster: typeof cluster === "string" && cluster !== "",
    token: total > 0 ? wanted : ANOTHER,
  };
}

/** Whether the token that lies in the server's folder is needed to judge it. */
export const needsStored = ({ token }: ServerAnswer): boolean => token === undefined || token === ANOTHER;

/** Of an answer to `$SYS.REQ.SERVER.PING`: the server, and all that it has a route to. */
export function readServers(body: Uint8Array): readonly string[] {
  const { server, statsz } = Object(parseJson(body)) as Record<string, unknown>;
  const { routes } = Object(statsz) as { routes?: unknown };
  const all = [server, ...(Array.isArray(routes) ? routes : [])];
  return all.flatMap((one) => {
    const { name } = Object(one) as { name?: unknown };
    return typeof name === "string" ? [name] : [];
  });
}

/** Of an answer to `$SYS.REQ.SERVER.PING.VARZ`: the addresses of servers that the cluster's configuration names. */
export function readConfigured(body: Uint8Array): readonly string[] {
  const { data } = Object(parseJson(body)) as { data?: unknown };
  const { cluster } = Object(data) as { cluster?: unknown };
  const { urls } = Object(cluster) as { urls?: unknown };
  return Array.isArray(urls) ? urls.map(String) : [];
}

/** Of the same answer: where the server itself listens for routes, in the form of those addresses. */
export function readRouteAddress(body: Uint8Array): readonly string[] {
  const { data } = Object(parseJson(body)) as { data?: unknown };
  const { cluster } = Object(data) as { cluster?: unknown };
  const { addr, cluster_port } = Object(cluster) as { addr?: unknown; cluster_port?: unknown };
  return typeof addr === "string" && typeof cluster_port === "number" ? [`${addr}:${cluster_port}`] : [];
}

/** What one server keeps, from its answer to `$SYS.REQ.CLAIMS.LIST`. */
export interface Keeper {
  readonly server: string;
  /** Of which accounts it keeps a token; none also where its folder cannot be read. */
  readonly accounts: readonly string[];
}

/** Empty: it cannot be read. */
export function readKeeper(body: Uint8Array): readonly Keeper[] {
  const { server, data } = Object(parseJson(body)) as Record<string, unknown>;
  const { name } = Object(server) as { name?: unknown };
  return typeof name === "string" && Array.isArray(data) ? [{ server: name, accounts: data.map(String) }] : [];
}

/** What a server said to the new token; undefined: it has taken it. */
export function whyNotTaken(body: Uint8Array): string | undefined {
  const { data, error } = Object(parseJson(body)) as { data?: unknown; error?: unknown };
  if (Object(data).code === OK) return undefined;
  return `the bus did not take the change: ${String(Object(error).description ?? "no reason")}`;
}

/** An answer of a server of a cluster that did not take the new token; undefined: it has taken it, or has no name. */
export function readNotTaken(body: Uint8Array): { readonly server: string; readonly why: string } | undefined {
  const { server, data, error } = Object(parseJson(body)) as Record<string, unknown>;
  const { name, cluster } = Object(server) as Record<string, unknown>;
  if (Object(data).code === OK || typeof name !== "string" || typeof cluster !== "string") return undefined;
  return {
    server: name,
    why: `its server ${name} did not take the change: ${String(Object(error).description ?? "no reason")}`,
  };
}

export interface OnServers {
  readonly answers: readonly ServerAnswer[];
  /** The tokens that servers would use when the first of the account logs in there: one of each that has any. */
  readonly stored: readonly string[];
  /** The names of all servers of the bus. */
  readonly known: readonly string[];
  /** The addresses in its configuration; one that was cut off for long has no name any more. */
  readonly configured: readonly string[];
  /** The addresses of those that answered. */
  readonly reached?: readonly string[];
  /** The servers that keep tokens, each with whether it keeps one of this org; undefined: that is not known. */
  readonly keepers?: readonly { readonly server: string; readonly keeps: boolean }[];
}

/** @param wanted the token of the state */
export function judgeTokens(wanted: string, on: OnServers): OnBus {
  const { answers, stored } = on;
  // In the folder of a server lies what it uses, or what dwc has put there meanwhile.
  const another = stored.find((token) => token !== wanted) ?? ANOTHER;
  const loaded = answers.flatMap(({ token }) => (token === ANOTHER ? another : (token ?? [])));
  const isStored = loaded.length < answers.length;
  const lacking = without(on, (keeper) => keeper?.keeps === false);
  const isMissing = isStored && (stored.length === 0 || lacking.length > 0);
  const tokens = [...loaded, ...(isStored ? stored : []), ...(isMissing ? [undefined] : [])];
  if (tokens.some((token) => token !== wanted)) return judgeOthers(wanted, tokens, on, lacking);
  return judgeUnknown(on, isStored) ?? { kind: "obeys" };
}

type Keeping = NonNullable<OnServers["keepers"]>[number];

/** Of several servers, those that have loaded no token, by what they keep; undefined: they do not say that. */
function without({ answers, keepers }: OnServers, isMeant: (keeper: Keeping | undefined) => boolean): string[] {
  if (keepers === undefined || answers.length === 1) return [];
  const unloaded = answers.filter(needsStored).map(({ server }) => server);
  return unloaded.filter((name) => isMeant(keepers.find(({ server }) => server === name)));
}

type Unknown = Extract<OnBus, { kind: "unknown" }>;

function judgeUnknown(on: OnServers, isStored: boolean): Unknown | undefined {
  const { answers, stored, known, configured } = on;
  const unknown = (why: string, servers: readonly string[] = []): Unknown => ({
    ...{ kind: "unknown", reason: "silent", why },
    ...(servers.length > 0 && { servers }),
  });
  const silent = known.filter((name) => !answers.some(({ server }) => server === name));
  if (silent.length > 0) return unknown(`of its servers ${silent.join(" and ")} did not answer: paused, or cut off`);
  const named = new Set(configured).size;
  if (answers.length < named)
    return unknown(
      `its configuration names ${named} servers, and ${answers.length} answered: others are down, or cut off${unreached(on)}`,
    );
  if (!isStored || stored.length >= answers.length) return undefined;
  const quiet = without(on, (keeper) => keeper === undefined);
  if (quiet.length > 0)
    return unknown(`its ${plural(quiet, "does", "do")} not say which account token is kept there`, quiet);
  return unknown(
    `of its ${answers.length} servers ${answers.length - stored.length} did not say which account token they keep: see their logs`,
  );
}

/** The addresses in the configuration at which nothing answered, where it is clear which those are. */
function unreached({ answers, configured, reached = [] }: OnServers): string {
  const all = [...new Set(configured)];
  const left = all.filter((address) => !reached.some((one) => isSameAddress(one, address)));
  return left.length === all.length - answers.length ? ` (${left.join(" and ")})` : "";
}

/** @param one where a server listens, perhaps at all of its machine's addresses */
function isSameAddress(one: string, address: string): boolean {
  const port = one.slice(one.lastIndexOf(":"));
  return one === address || (/^(0\.0\.0\.0|::|\[::\]):/.test(one) && address.endsWith(port));
}

const plural = (servers: readonly string[], one: string, several: string): string =>
  `${servers.length === 1 ? "server" : "servers"} ${servers.join(" and ")} ${servers.length === 1 ? one : several}`;

function judgeOthers(
  wanted: string,
  tokens: readonly (string | undefined)[],
  { answers }: OnServers,
  lacking: readonly string[],
): OnBus {
  const others = tokens.filter((token) => token !== wanted);
  const kind = "does not obey";
  const revoking = others.find((token) => token !== undefined && unknownRevocations(token, wanted).length > 0);
  if (revoking !== undefined)
    return { kind, reason: "newer", why: "it revokes keys that this state folder has not revoked", token: revoking };
  const later = others.find((token) => token !== undefined && issuedAt(token) > issuedAt(wanted));
  if (later !== undefined)
    return { kind, reason: "newer", why: "it uses a newer account token than this state folder has", token: later };
  const older = olderServers(wanted, answers);
  if (older.length > 0) {
    const why = `its ${plural(older, "uses", "use")} an older account token of this org`;
    return { kind, reason: "older", why, servers: older };
  }
  if (others.includes(undefined) && lacking.length > 0 && lacking.length < answers.length) {
    const why = `its ${plural(lacking, "keeps", "keep")} no account token of this org`;
    return { kind, reason: "older", why, servers: lacking };
  }
  const what = others.includes(undefined) ? "does not know this org" : "uses an older account token of this org";
  return { kind, reason: "older", why: `it ${what}` };
}

/** Of a cluster the servers by name, where some of them use the token of the state, or may. */
function olderServers(wanted: string, answers: readonly ServerAnswer[]): readonly string[] {
  const older = answers.filter(({ token, isInCluster }) => isInCluster && token !== undefined && token !== wanted);
  return older.length === answers.length ? [] : older.map(({ server }) => server);
}

function issuedAt(token: string): number {
  const { iat } = Object(parseJson(Buffer.from(token.split(".")[1] ?? "", "base64url"))) as { iat?: unknown };
  return typeof iat === "number" ? iat : 0;
}

const OK = 200;

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
