// The files that follow from the state: what other programs than ours read. They may be missing or old after a crash;
// the state itself decides, and they are made to agree with it at every change.

import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { makePrivateDir } from "../../program/folder.ts";
import { newerAccount } from "./core/account.ts";
import { CREDENTIALS } from "./core/credentials-text.ts";
import { serverConfig } from "./core/server-config.ts";
import type { Org, State, Trust } from "./core/state.ts";
import { claimsIn } from "./core/token.ts";
import { behindLinks, paths, writeFileAtomic } from "./state-paths.ts";

/** Only for who holds the lock. @throws Error as the system has it */
export function deriveFiles(folder: string, state: State): void {
  deriveCredentials(folder, state.orgs);
  for (const bus of busesOf(state)) deriveBus(folder, bus);
}

/** The files that a dwc writes. A person may keep others beside them, or link the folder to one with more in it. */
const OWN_FILE = /^[A-Z2-7]{10}[\\/](person|services[\\/][a-z][a-z0-9_-]{0,63})\.creds$/;

/** Those of the present, and no others: what was revoked or forgotten lies about no longer. */
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

/** Behind a link as well, where credentials are: a folder, or another file that a person has linked there, stays. */
function removeCredentials(path: string): void {
  if (CREDENTIALS.test(contentOf(path) ?? "")) rmSync(behindLinks(path), { force: true });
  rmSync(path, { force: true });
}

/** Each operator that an org of this folder belongs to, once: this folder's own as it was made here. */
function trusted({ operator, orgs }: State): readonly Trust[] {
  const byKey = new Map(orgs.map(({ trust }) => [trust.operatorKey, trust]));
  if (operator !== null && byKey.has(operator.trust.operatorKey)) byKey.set(operator.trust.operatorKey, operator.trust);
  return [...byKey.values()];
}

/** A server that can be started on this folder. */
export interface StartableBus {
  /** The name of its own folder there. */
  readonly key: string;
  readonly trust: Trust;
  readonly orgs: readonly Org[];
}

/**
 * One for each operator, with all its orgs; and one for each org of another owner, with that org alone. A member's
 * Market receives the newest token of its own org only. A server that it starts must not admit other orgs by older tokens.
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

/** What was there for an operator that is forgotten stays: no secret is in it, and a server may run on it. */
function deriveBus(folder: string, { key, trust, orgs }: StartableBus): void {
  const accounts = resolve(paths.accounts(folder, key));
  makePrivateDir(accounts);
  const system = { account: trust.systemAccount, accountJwt: trust.systemAccountJwt, trust };
  for (const account of [system, ...orgs]) writeAccount(folder, join(accounts, `${account.account}.jwt`), account);
  writeIfNew(folder, paths.serverConfig(folder, key), serverConfig(trust, accounts));
}

type Written = Pick<Org, "accountJwt" | "account" | "trust">;

/**
 * A server that runs on this folder writes here, too, when it is sent a token; the state may not have learned of that one
 * yet (server-config-file.ts).
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
