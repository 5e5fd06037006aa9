// Compares the account token that each server of a bus reports with the state's. The token in a server's folder proves
// nothing: dwc writes there too, and a running server reads it again only after a push.

import { type Fields, fieldsOf, parseJson } from "../../../util/json.ts";
import { unknownRevocations } from "./account.ts";
import type { NotObeying, Obeys, UnknownObedience } from "./obedience.ts";

/** One server's answer about an account. `token` is undefined until a user of the account has logged in there. */
export interface ServerAnswer {
  readonly server: string;
  readonly isInCluster: boolean;
  readonly token: string | undefined;
}

/** Whether a running bus at one address obeys an org. */
export type OnBus = Omit<Obeys, "url"> | Omit<NotObeying, "url"> | UnknownOnBus;
type UnknownOnBus = Omit<UnknownObedience, "url">;

/** Parses an answer to `$SYS.REQ.ACCOUNT.<id>.INFO`; undefined: it is invalid. */
export function readInfo(body: Uint8Array): ServerAnswer | undefined {
  const { server, data, error } = bodyOf(body);
  const { name, cluster } = fieldsOf(server);
  const { jwt, complete } = fieldsOf(data);
  // Incomplete: the server has the account from another server of the cluster, and has not loaded its token.
  const isLoaded = error === undefined && complete !== false;
  if (typeof name !== "string" || (typeof jwt !== "string" && isLoaded)) return undefined;
  const isInCluster = typeof cluster === "string" && cluster !== "";
  return { server: name, isInCluster, token: typeof jwt === "string" ? jwt : undefined };
}

/** Stands for a token that a server uses but cannot show, and that differs from the wanted one. */
const ANOTHER = "";

/**
 * Parses an answer to `$SYS.REQ.ACCOUNT.<id>.SUBSZ`. It is for a server that cannot show its account token, as a time
 * after the year 9999 has no text. @param wanted the token whose mark was queried
 */
export function readMark(body: Uint8Array, wanted: string): ServerAnswer | undefined {
  const { server, data } = bodyOf(body);
  const { name, cluster } = fieldsOf(server);
  const { total } = fieldsOf(data);
  if (typeof name !== "string" || typeof total !== "number") return undefined;
  return {
    server: name,
    isInCluster: typeof cluster === "string" && cluster !== "",
    token: total > 0 ? wanted : ANOTHER,
  };
}

/** Whether the token in the server's folder is needed for a decision. */
export const needsStored = ({ token }: ServerAnswer): boolean => token === undefined || token === ANOTHER;

/** The names in an answer to `$SYS.REQ.SERVER.PING`: the server, and all servers that it has a route to. */
export function readServers(body: Uint8Array): readonly string[] {
  const { server, statsz } = bodyOf(body);
  const { routes } = fieldsOf(statsz);
  const all = [server, ...(Array.isArray(routes) ? routes : [])];
  return all.flatMap((one) => {
    const { name } = fieldsOf(one);
    return typeof name === "string" ? [name] : [];
  });
}

/** The route addresses in the cluster's configuration, from an answer to `$SYS.REQ.SERVER.PING.VARZ`. */
export function readConfigured(body: Uint8Array): readonly string[] {
  const { data } = bodyOf(body);
  const { cluster } = fieldsOf(data);
  const { urls } = fieldsOf(cluster);
  return Array.isArray(urls) ? urls.map(String) : [];
}

/** The address on which the server itself listens for routes, in the same form, from the same answer. */
export function readRouteAddress(body: Uint8Array): readonly string[] {
  const { data } = bodyOf(body);
  const { cluster } = fieldsOf(data);
  const { addr, cluster_port } = fieldsOf(cluster);
  return typeof addr === "string" && typeof cluster_port === "number" ? [`${addr}:${cluster_port}`] : [];
}

/** The accounts that one server stores, from its answer to `$SYS.REQ.CLAIMS.LIST`. */
export interface Keeper {
  readonly server: string;
  /** The accounts that it stores a token of. Empty as well if the server cannot read its folder. */
  readonly accounts: readonly string[];
}

/** Empty: the answer is invalid. */
export function readKeeper(body: Uint8Array): readonly Keeper[] {
  const { server, data } = bodyOf(body);
  const { name } = fieldsOf(server);
  return typeof name === "string" && Array.isArray(data) ? [{ server: name, accounts: data.map(String) }] : [];
}

/** Why a server rejected the new token; undefined: it accepted the token. */
export function whyNotTaken(body: Uint8Array): string | undefined {
  const { data, error } = bodyOf(body);
  if (Object(data).code === OK) return undefined;
  return `the bus did not take the change: ${String(Object(error).description ?? "no reason")}`;
}

/** The answer of a clustered server that rejected the new token; undefined: it accepted the token, or has no name. */
export function readNotTaken(body: Uint8Array): { readonly server: string; readonly why: string } | undefined {
  const { server, data, error } = bodyOf(body);
  const { name, cluster } = fieldsOf(server);
  if (Object(data).code === OK || typeof name !== "string" || typeof cluster !== "string") return undefined;
  return {
    server: name,
    why: `its server ${name} did not take the change: ${String(Object(error).description ?? "no reason")}`,
  };
}

export interface OnServers {
  readonly answers: readonly ServerAnswer[];
  /** The tokens that servers would load at the first login of the account: one for each server that stores one. */
  readonly stored: readonly string[];
  /** The names of all known servers of the bus. */
  readonly known: readonly string[];
  /** The addresses in its configuration. A server that is cut off for long has no known name, but still an address. */
  readonly configured: readonly string[];
  /** The addresses of the servers that answered. */
  readonly reached?: readonly string[];
  /** The servers that store tokens, and whether they store one of this org; undefined: unknown. */
  readonly keepers?: readonly { readonly server: string; readonly keeps: boolean }[];
}

/** @param wanted the token of the state */
export function judgeTokens(wanted: string, on: OnServers): OnBus {
  const { answers, stored } = on;
  // The token in a server's folder is the one that it uses, or one that dwc wrote there meanwhile.
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

/**
 * Of several servers, those that have loaded no token, filtered by what they store; undefined: the server did not
 * report it.
 */
function without({ answers, keepers }: OnServers, isMeant: (keeper: Keeping | undefined) => boolean): string[] {
  if (keepers === undefined || answers.length === 1) return [];
  const unloaded = answers.filter(needsStored).map(({ server }) => server);
  return unloaded.filter((name) => isMeant(keepers.find(({ server }) => server === name)));
}

function judgeUnknown(on: OnServers, isStored: boolean): UnknownOnBus | undefined {
  const { answers, stored, known, configured } = on;
  const unknown = (why: string, servers: readonly string[] = []): UnknownOnBus => ({
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

/** The configured addresses without an answer, if they can be determined. */
function unreached({ answers, configured, reached = [] }: OnServers): string {
  const all = [...new Set(configured)];
  const left = all.filter((address) => !reached.some((one) => isSameAddress(one, address)));
  return left.length === all.length - answers.length ? ` (${left.join(" and ")})` : "";
}

/** @param one the address on which a server listens, perhaps a wildcard */
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

/** The names of a cluster's servers with an older token. Empty if all of them have one. */
function olderServers(wanted: string, answers: readonly ServerAnswer[]): readonly string[] {
  const older = answers.filter(({ token, isInCluster }) => isInCluster && token !== undefined && token !== wanted);
  return older.length === answers.length ? [] : older.map(({ server }) => server);
}

function issuedAt(token: string): number {
  const { iat } = bodyOf(Buffer.from(token.split(".")[1] ?? "", "base64url"));
  return typeof iat === "number" ? iat : 0;
}

const OK = 200;

const bodyOf = (bytes: Uint8Array): Fields => fieldsOf(parseJson(Buffer.from(bytes).toString("utf8")));
