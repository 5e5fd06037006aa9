// Pushes an account's new token to a running bus. The server then closes the connections that it no longer allows. Then
// dwc queries which token each server uses: an acknowledgement can get lost, or come from one server of several.

import type { ConnectFailure, ConnectResult } from "../../bus/connect-failure.ts";
import { readBusAddress } from "../../bus/core/bus-address.ts";
import { type Credentials, parseCredentials } from "../../bus/core/credentials.ts";
import { nextAttempt } from "../../bus/login-result.ts";
import { connectNatsBus, type NatsBus } from "../../bus/nats-bus.ts";
import { afterRunning, type Clock } from "../../clock.ts";
import { withTimeout } from "../../util/promises.ts";
import { markOf, markSubject, newsOf } from "./core/account-links.ts";
import {
  judgeTokens,
  needsStored,
  type OnBus,
  type OnServers,
  readConfigured,
  readInfo,
  readKeeper,
  readMark,
  readNotTaken,
  readRouteAddress,
  readServers,
  type ServerAnswer,
  whyNotTaken,
} from "./core/account-on-bus.ts";
import type { NotRunning, Obedience } from "./core/obedience.ts";
import {
  CONFIGURATION_SUBJECT,
  infoSubject,
  LIST_SUBJECT,
  lookupSubject,
  PING_SUBJECT,
  pushPermissions,
  subjectsSubject,
  UPDATE_SUBJECT,
} from "./core/permissions.ts";
import type { Operator, Org, Trust } from "./core/state.ts";
import type { Mint } from "./mint.ts";
import { LOGIN_TIMEOUT_MS, STEP_TIMEOUT_MS } from "./sync-bus.ts";

/**
 * `push`: replaces older tokens. `push where older`: the same, but sends nothing to a bus that already uses the token.
 * `read-only`: changes nothing.
 */
export type PushMode = "push" | "push where older" | "read-only";

export interface PushOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly mint: Mint;
  readonly mode: PushMode;
  readonly timeoutMs?: number;
}

/** How long to collect the replies of a cluster's servers. It is enough for a cluster on several continents. */
const GATHER_MS = 500;

/** The same for a bus that dwc cannot connect to. */
type Outside = OnBus | Omit<NotRunning, "url">;

export const OPEN = { kind: "does not obey", reason: "open", why: "it requires no login" } as const;
/** For example, a server with its accounts in its configuration. */
const FIXED = { kind: "does not obey", reason: "fixed", why: "it keeps its accounts elsewhere" } as const;
const REFUSED = "it refuses your credentials: they were revoked, or it does not know them";
export const FOREIGN = { kind: "does not obey", reason: "foreign", why: "it admits no user of this org" } as const;

const SILENT = { kind: "unknown", reason: "silent", why: "it does not say which account token it uses" } as const;

/** Whether the bus at one address obeys each of these orgs. Trouble with the bus is a result, not a rejection. */
export async function pushAccounts(
  operator: Operator,
  orgs: readonly Org[],
  options: PushOptions,
): Promise<readonly Obedience[]> {
  const { url, clock, timeoutMs = STEP_TIMEOUT_MS } = options;
  const same = (what: Outside): readonly Obedience[] => orgs.map(() => ({ ...what, url }));
  const credentials = await loginOf(operator, options);
  const bus = connectAs(credentials, url, clock);
  try {
    const attempt = await loginResult(bus, clock, timeoutMs);
    if (attempt?.kind !== "connected") return same(notConnected(attempt));
    if (bus.requiresAuth !== true) return same(OPEN);
    const { systemAccount: account, systemAccountJwt: accountJwt } = operator.trust;
    // Concurrently, so that a silent bus costs one timeout.
    const [systemBefore, ...before] = await Promise.all(
      [{ account, accountJwt }, ...orgs].map((one) => tokensOf(bus, one, timeoutMs)),
    );
    const system = await systemOnBus(bus, operator.trust, systemBefore ?? SILENT, options);
    const found: Obedience[] = [];
    for (const [at, org] of orgs.entries())
      found.push({ ...withSystem(await pushOne(bus, org, before[at] ?? SILENT, options), system), url });
    return found;
  } finally {
    await bus.close();
  }
}

/**
 * Whether the bus at an address admits these credentials. A person who does not own the org can check no more. A user
 * name and a password in the address are removed, as the server would check those instead.
 */
export async function admits(
  credentials: Credentials,
  { url, clock, timeoutMs = STEP_TIMEOUT_MS }: Pick<PushOptions, "url" | "clock" | "timeoutMs">,
): Promise<Obedience> {
  const bus = connectAs(credentials, readBusAddress(url).shown, clock);
  try {
    const attempt = await loginResult(bus, clock, timeoutMs);
    if (attempt?.kind === "refused") return { kind: "does not obey", reason: "refused", why: REFUSED, url };
    if (attempt?.kind !== "connected") return { ...notConnected(attempt), url };
    return bus.requiresAuth === true ? { kind: "obeys", url } : { ...OPEN, url };
  } finally {
    await bus.close();
  }
}

const connectAs = (credentials: Credentials | undefined, url: string, clock: Clock): NatsBus =>
  connectNatsBus({
    ...{ urls: [url], name: "dwc", clock, credentials, loginTimeoutMs: LOGIN_TIMEOUT_MS },
    report: () => undefined,
  });

/**
 * Runs before the orgs are pushed: their tokens import what the system account's token exports. A server with a later
 * token keeps it, as the folder is an old copy then.
 */
async function systemOnBus(
  bus: NatsBus,
  trust: Trust,
  before: OnBus,
  { mode, timeoutMs = STEP_TIMEOUT_MS }: PushOptions,
): Promise<OnBus> {
  const system = { account: trust.systemAccount, accountJwt: trust.systemAccountJwt };
  if (mode === "read-only" || before.kind !== "does not obey" || before.reason !== "older") return before;
  const reply = await bus.request(UPDATE_SUBJECT, system.accountJwt, { timeoutMs });
  const why = reply.kind === "answered" ? whyNotTaken(reply.body) : undefined;
  const after = await tokensOf(bus, system, timeoutMs);
  return why === undefined || after.kind === "obeys" ? after : { kind: "does not obey", reason: "fixed", why };
}

/** An org's token imports from the system account. With an older token of that account its members get no news. */
function withSystem(org: OnBus, system: OnBus): OnBus {
  if (org.kind !== "obeys" || system.kind !== "does not obey") return org;
  const { reason, servers } = system;
  const why =
    reason === "older" || reason === "newer"
      ? `it uses ${reason === "older" ? "an older" : "a newer"} token of the system account than this state folder has`
      : `of the system account's token: ${system.why}`;
  return { kind: "does not obey", reason, why, ...(servers && { servers }) };
}

async function pushOne(
  bus: NatsBus,
  org: Org,
  before: OnBus,
  { mode, timeoutMs = STEP_TIMEOUT_MS }: PushOptions,
): Promise<OnBus> {
  if (mode === "read-only") return withoutPush(bus, org, before, timeoutMs);
  const isNewer = before.kind === "does not obey" && before.reason === "newer";
  // An old copy of the folder would re-admit users that were revoked since. Members also accept no older token.
  if (isNewer || (before.kind === "obeys" && mode === "push where older")) return before;
  const tooLong = whyTooLong(org, bus.maxBodyBytes);
  if (tooLong !== undefined && before.kind !== "obeys") return { kind: "does not obey", reason: "fixed", why: tooLong };
  // Members first: the Market that starts the next server then has the token before this command ends.
  bus.publish(newsOf(org.account), org.accountJwt);
  const reply = await bus.request(UPDATE_SUBJECT, org.accountJwt, { timeoutMs });
  if (reply.kind === "no-responders") return before.kind === "obeys" ? before : FIXED;
  const why = reply.kind === "answered" ? whyNotTaken(reply.body) : undefined;
  const after = await tokensOf(bus, org, timeoutMs);
  if (after.kind === "obeys") return after;
  const refusing = await refusingServer(bus, org);
  if (refusing !== undefined) return { kind: "does not obey", reason: "fixed", ...refusing };
  return why === undefined ? after : { kind: "does not obey", reason: "fixed", why };
}

/** The servers of a cluster that reject the token; undefined: there are none, or it is a single server. */
async function refusingServer(
  bus: NatsBus,
  { accountJwt }: Pick<Org, "accountJwt">,
): Promise<{ readonly why: string; readonly servers: readonly string[] } | undefined> {
  const replies = await bus.requestMany(UPDATE_SUBJECT, accountJwt, GATHER_MS);
  const refusing = replies.flatMap((body) => readNotTaken(body) ?? []);
  const [first] = refusing;
  return first && { why: first.why, servers: refusing.map(({ server }) => server) };
}

/** Reports "fixed" if a push could not help: no server stores tokens, or the token is too long for a message. */
async function withoutPush(bus: NatsBus, org: Org, found: OnBus, timeoutMs: number): Promise<OnBus> {
  if (found.kind !== "does not obey" || found.reason !== "older") return found;
  const tooLong = whyTooLong(org, bus.maxBodyBytes);
  if (tooLong !== undefined) return { kind: "does not obey", reason: "fixed", why: tooLong };
  const list = await bus.request(LIST_SUBJECT, "", { timeoutMs });
  return list.kind === "no-responders" ? FIXED : found;
}

/** A server that starts with the token reads it from a file, which has no such limit. */
function whyTooLong({ accountJwt }: Org, maxBodyBytes: number | undefined): string | undefined {
  if (maxBodyBytes === undefined || accountJwt.length <= maxBodyBytes) return undefined;
  return `the account token has ${accountJwt.length} bytes, and it takes ${maxBodyBytes} (max_payload)`;
}

async function tokensOf(
  bus: NatsBus,
  { account, accountJwt }: Pick<Org, "account" | "accountJwt">,
  timeoutMs: number,
): Promise<OnBus> {
  const wanted = { account, accountJwt };
  const first = await firstAnswer(bus, wanted, timeoutMs);
  if (first === "no-responders") return FIXED;
  if (first === undefined) return SILENT;
  const cluster = first.isInCluster ? await clusterOf(bus, wanted) : undefined;
  if (cluster !== undefined && (first.token !== undefined || cluster.stored.length > 0))
    return judgeTokens(accountJwt, cluster);
  const stored = needsStored(first) ? await storedBy(bus, account, timeoutMs) : [];
  if (stored === "no-responders") return FIXED;
  return judgeTokens(accountJwt, { ...(cluster ?? { answers: [first], known: [], configured: [] }), stored });
}

/**
 * The token that a server stores. A server without one does not answer a lookup, so dwc also requests the list of
 * accounts, which comes at once.
 */
async function storedBy(
  bus: NatsBus,
  account: string,
  timeoutMs: number,
): Promise<readonly string[] | "no-responders"> {
  const lookup = bus.request(lookupSubject(account), "", { timeoutMs });
  const list = await bus.request(LIST_SUBJECT, "", { timeoutMs });
  const [keeper] = list.kind === "answered" ? readKeeper(list.body) : [];
  if (keeper !== undefined && !keeper.accounts.includes(account)) return [];
  const stored = await lookup;
  if (stored.kind === "no-responders") return "no-responders";
  return stored.kind === "answered" ? textsOf([stored.body]) : [];
}

type AccountToken = Pick<Org, "account" | "accountJwt">;

/** Queries a subject of the account that only this token has. */
const markQuery = ({ accountJwt }: AccountToken): string =>
  JSON.stringify({ subscriptions: true, test: markSubject(markOf(accountJwt) ?? "none") });

/**
 * A server that cannot encode its token answers without a body; then dwc queries the mark. `no-responders`: this login
 * does not belong to the system account, for example a login by user name and password.
 */
async function firstAnswer(
  bus: NatsBus,
  wanted: AccountToken,
  timeoutMs: number,
): Promise<ServerAnswer | "no-responders" | undefined> {
  const info = await bus.request(infoSubject(wanted.account), "", { timeoutMs });
  if (info.kind === "no-responders") return "no-responders";
  if (info.kind !== "answered") return undefined;
  const shown = readInfo(info.body);
  if (shown !== undefined) return shown;
  const subjects = await bus.request(subjectsSubject(wanted.account), markQuery(wanted), { timeoutMs });
  return subjects.kind === "answered" ? readMark(subjects.body, wanted.accountJwt) : undefined;
}

/** Collects the answers of all servers. A server that could not store the token, or was down, uses another one. */
async function clusterOf(bus: NatsBus, wanted: AccountToken): Promise<OnServers> {
  const { account, accountJwt } = wanted;
  const questions = [infoSubject(account), lookupSubject(account), PING_SUBJECT, CONFIGURATION_SUBJECT, LIST_SUBJECT];
  const [gathered, subjects] = await Promise.all([
    Promise.all(questions.map((subject) => bus.requestMany(subject, "", GATHER_MS))),
    bus.requestMany(subjectsSubject(account), markQuery(wanted), GATHER_MS),
  ]);
  const [infos = [], tokens = [], pings = [], configurations = [], lists = []] = gathered;
  const shown = infos.flatMap((info) => readInfo(info) ?? []);
  const marked = subjects.flatMap((one) => readMark(one, accountJwt) ?? []);
  return {
    answers: [...shown, ...marked.filter(({ server }) => !shown.some((one) => one.server === server))],
    stored: textsOf(tokens),
    known: [...new Set(pings.flatMap(readServers))],
    configured: configurations.flatMap(readConfigured),
    reached: configurations.flatMap(readRouteAddress),
    keepers: lists.flatMap(readKeeper).map(({ server, accounts }) => ({ server, keeps: accounts.includes(account) })),
  };
}

const textsOf = (bodies: readonly Uint8Array[]): readonly string[] =>
  bodies.map((body) => Buffer.from(body).toString("utf8")).filter((text) => text !== "");

/**
 * Credentials with a new key for one connection. The key exists only in the memory of this process. Its token does not
 * expire: a server whose clock is ahead would refuse it, which looks like a bus of another org.
 */
async function loginOf({ trust, systemSeed }: Operator, { mint }: PushOptions): Promise<Credentials> {
  const { creds } = await mint.creds({
    ...{ name: "dwc", account: trust.systemAccount, signer: systemSeed },
    ...{ permissions: pushPermissions, expiresAt: null },
  });
  const parsed = parseCredentials(creds);
  if (parsed.kind === "bad") throw new Error(`push: our own credentials cannot be read: ${parsed.why}`);
  return parsed.credentials;
}

const FINAL_KINDS: ReadonlySet<ConnectResult["kind"]> = new Set([
  ...(["connected", "refused", "open", "not-nats", "unreachable", "unresolved"] as const),
  // Only a user can resolve these.
  ...(["limited", "untrusted"] as const),
]);

/** The result of the login. A busy server may need several attempts, so only the last failed one counts. */
async function loginResult(bus: NatsBus, clock: Clock, limitMs: number): Promise<ConnectResult | undefined> {
  let last: ConnectResult | undefined;
  const ended = nextAttempt(bus, (attempt) => {
    last = attempt;
    return FINAL_KINDS.has(attempt.kind);
  });
  await withTimeout(ended, (late) => afterRunning(clock, limitMs, late));
  return last;
}

function notConnected(trouble: ConnectFailure | undefined): Exclude<Outside, { kind: "obeys" }> {
  if (trouble === undefined) return { kind: "unknown", reason: "silent", why: "the login timed out" };
  if (trouble.kind === "unreachable") return { kind: "not running" };
  if (trouble.kind === "unresolved") return { kind: "not running", reason: "unresolved", why: trouble.message };
  if (trouble.kind === "open") return OPEN;
  if (trouble.kind === "refused" || trouble.kind === "not-nats") return FOREIGN;
  const { kind, message: why } = trouble;
  return { kind: "unknown", reason: kind === "limited" || kind === "untrusted" ? kind : "silent", why };
}
