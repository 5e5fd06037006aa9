// The files of a state folder: their paths, and those that follow from the state, for programs other than dwc. After a
// crash these may be missing or old. The state is authoritative, and each change updates them.

import { readdirSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { behindLinks, contentOf, makePrivateDir, writeFileAtomic } from "../../program/private-files.ts";
import { newerAccount } from "./core/account.ts";
import { trustSchema } from "./core/parse-state.ts";
import { CREDENTIALS, parse } from "./core/schema.ts";
import type { Org, State, Trust } from "./core/state.ts";
import { claimsIn } from "./core/token.ts";

export const paths = {
  state: (folder: string) => join(folder, "identity.json"),
  /**
   * In a folder, as earlier versions had a folder of that name. It is beside the target of a symlink, so that two
   * folders with one state share the lock. @throws Error for a cycle of symlinks
   */
  lock: (folder: string) => join(dirname(behindLinks(paths.state(folder))), "identity.lock", "flock"),
  tempFiles: (folder: string) => join(folder, "identity.aside"),
  /** The files for a server that trusts one operator. */
  bus: (folder: string, operatorKey: string) => join(folder, "bus", operatorKey),
  serverConfig: (folder: string, operatorKey: string) => join(paths.bus(folder, operatorKey), "nats-server.conf"),
  accounts: (folder: string, operatorKey: string) => join(paths.bus(folder, operatorKey), "accounts"),
  accountToken: (folder: string, operatorKey: string, account: string) =>
    join(paths.accounts(folder, operatorKey), `${account}.jwt`),
  /** A folder for each org, with the user's credentials, and a subfolder for the services. */
  creds: (folder: string) => join(folder, "creds"),
  personCreds: (folder: string, orgId: string) => join(paths.creds(folder), orgId, "person.creds"),
  serviceCreds: (folder: string, orgId: string, service: string) =>
    join(paths.creds(folder), orgId, "services", `${service}.creds`),
} as const;

/** The caller holds the lock. @throws Error of the system */
export function deriveFiles(folder: string, state: State): void {
  deriveCredentials(folder, state.orgs);
  for (const bus of busesOf(state)) deriveBus(folder, bus);
}

/** The files that dwc writes. The folder may hold other files of the user, or be a symlink to one that does. */
const OWN_FILE = /^[A-Z2-7]{10}[\\/](person|services[\\/][a-z][a-z0-9_-]{0,63})\.creds$/;

/** Writes all current credentials, and deletes those that were revoked or removed. */
function deriveCredentials(folder: string, orgs: readonly Org[]): void {
  const wanted = new Map<string, string>();
  for (const { id, me, services } of orgs) {
    wanted.set(paths.personCreds(folder, id), me.creds);
    for (const { name, creds } of services) wanted.set(paths.serviceCreds(folder, id, name), creds);
  }
  const credsFolder = paths.creds(folder);
  for (const path of filesIn(credsFolder))
    if (!wanted.has(path) && OWN_FILE.test(relative(credsFolder, path))) removeCredentials(path);
  for (const [path, content] of wanted) writeIfNew(folder, path, content);
}

/** Deletes a symlink's target only if that holds credentials. A folder or another file that the user linked stays. */
function removeCredentials(path: string): void {
  if (CREDENTIALS.test(contentOf(path) ?? "")) rmSync(behindLinks(path), { force: true });
  rmSync(path, { force: true });
}

/**
 * The trust of each operator of the folder's orgs, once. The folder's own operator has precedence over copies of its
 * trust.
 */
function trusted({ operator, orgs }: State): readonly Trust[] {
  const byKey = new Map(orgs.map(({ trust }) => [trust.operatorKey, trust]));
  if (operator !== null && byKey.has(operator.trust.operatorKey)) byKey.set(operator.trust.operatorKey, operator.trust);
  return [...byKey.values()];
}

/** A bus that a server can be started for in this folder. */
export interface StartableBus {
  /** The name of its subfolder. */
  readonly key: string;
  readonly trust: Trust;
  readonly orgs: readonly Org[];
}

/**
 * One for each operator, with all its orgs; and one for each org of another owner, with that org alone. A member's
 * Market receives the newest token of its own org only. A server that it starts must not admit other orgs by older
 * tokens.
 */
export function busesOf(state: State): readonly StartableBus[] {
  const ofOperators = trusted(state).map((trust) => ({
    ...{ key: trust.operatorKey, trust },
    orgs: state.orgs.filter((org) => org.trust.operatorKey === trust.operatorKey),
  }));
  const ofOthers = state.orgs.filter(({ authority }) => authority.kind !== "owner");
  return [...ofOperators, ...ofOthers.map((org) => ({ key: org.account, trust: org.trust, orgs: [org] }))];
}

/** The bus that a Market starts in this org. */
export const busKeyOf = ({ authority, account, trust }: Org): string =>
  authority.kind === "owner" ? trust.operatorKey : account;

/** The files of a removed operator stay: they hold no secret, and a server may still run on them. */
function deriveBus(folder: string, { key, trust, orgs }: StartableBus): void {
  const accounts = resolve(paths.accounts(folder, key));
  makePrivateDir(accounts);
  const system = { account: trust.systemAccount, accountJwt: trust.systemAccountJwt, trust };
  for (const account of [system, ...orgs]) writeAccount(folder, join(accounts, `${account.account}.jwt`), account);
  writeIfNew(folder, paths.serverConfig(folder, key), serverConfig(trust, accounts));
}

type Written = Pick<Org, "accountJwt" | "account" | "trust">;

/**
 * A server that runs on this folder writes here as well when it receives a token. The state may not have that token yet
 * (server-config-file.ts).
 */
function writeAccount(folder: string, path: string, { accountJwt, account, trust }: Written): void {
  const there = contentOf(path);
  const { sub, iss } = claimsIn(there ?? "");
  const isOurs = sub === account && iss === trust.operatorKey;
  if (there === undefined || !isOurs || newerAccount(there, accountJwt) !== there) writeIfNew(folder, path, accountJwt);
}

function writeIfNew(folder: string, path: string, content: string): void {
  if (contentOf(path) !== content) writeFileAtomic(paths.tempFiles(folder), path, content);
}

function filesIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
  } catch {
    return [];
  }
}

// The configuration of a nats-server that admits only users of an operator's orgs. It names no org: account tokens lie
// beside it. The server reads them at a login, and they can change while it runs.

/** How often the servers of a cluster compare their accounts. A single server does nothing. */
const COMPARE_EVERY = "2m";

/**
 * @param accountsFolder the folder of the account tokens; the server writes pushed tokens there as well
 * @throws Error for a trust with other characters than those of keys and tokens; the parser refuses such a trust first
 */
export function serverConfig(trust: Trust, accountsFolder: string): string {
  if (parse(trustSchema, trust).kind === "mismatch")
    throw new Error("server-config: this trust is not keys and tokens");
  return [
    "# Written by dwc: who may be on the bus. Do not change it; dwc overwrites it.",
    "#   nats-server -c THIS_FILE          for another port:  nats-server -c THIS_FILE -p 4223",
    'host: "127.0.0.1"',
    `operator: "${trust.operatorJwt}"`,
    `system_account: "${trust.systemAccount}"`,
    "resolver: {",
    "  type: full",
    `  dir: ${JSON.stringify(accountsFolder)}`,
    "  allow_delete: false",
    `  interval: "${COMPARE_EVERY}"`,
    "}",
    "",
  ].join("\n");
}
