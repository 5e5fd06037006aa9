// The derived files, for programs other than dwc. After a crash they may be missing or old. The state is authoritative,
// and each change updates them.

import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { makePrivateDir } from "../../program/folder.ts";
import { newerAccount } from "./core/account.ts";
import { CREDENTIALS } from "./core/credentials-text.ts";
import { serverConfig } from "./core/server-config.ts";
import type { Org, State, Trust } from "./core/state.ts";
import { claimsIn } from "./core/token.ts";
import { behindLinks, paths, writeFileAtomic } from "./state-paths.ts";

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
  if (contentOf(path) !== content) writeFileAtomic(folder, path, content);
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
  } catch {
    return [];
  }
}
