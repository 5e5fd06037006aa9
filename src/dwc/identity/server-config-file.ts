// The configuration for a server that is started on this folder, with the newest account tokens that are known: those of
// the state, those that a server has written here when it was sent them, and those that a Market has heard of.

import { readFileSync, rmSync } from "node:fs";
import type { Clock } from "../../clock.ts";
import { newerAccount } from "./core/account.ts";
import { judgeToken, withToken } from "./core/account-token.ts";
import { currentOrg, type Decision, type Org, type Refusal, refused, type State } from "./core/state.ts";
import { trustWith, withTrust } from "./core/system-token.ts";
import { busesOf, busKeyOf } from "./derived-files.ts";
import type { Mint } from "./mint.ts";
import { changeState, readState } from "./state-file.ts";
import { paths } from "./state-paths.ts";

export type ServerConfigFile =
  /** `path` undefined: no org is here, so the bus is open. */
  { readonly kind: "ready"; readonly path: string | undefined; readonly state: State } | Refusal;

export interface ServerConfigOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  /** Loaded only to check a token that is not the state's. */
  readonly mint: () => Promise<Mint>;
  /** Tokens of which somebody has heard, by account; they are checked. */
  readonly received?: ReadonlyMap<string, string>;
}

export async function serverConfigFile(options: ServerConfigOptions): Promise<ServerConfigFile> {
  const { stateDir, clock } = options;
  const read = readState(stateDir);
  if (read.kind === "unreadable") return refused("state-unreadable", read.why);
  // Nobody has an org here: then the folder is not ours to write in.
  if (currentOrg(read.state) === undefined) return { kind: "ready", path: undefined, state: read.state };
  const derived = await changeState({ folder: stateDir, clock }, (state) => withNewest(state, options));
  if (derived.kind === "refused") return derived;
  const { state } = derived;
  const org = currentOrg(state);
  return { kind: "ready", path: org && paths.serverConfig(stateDir, org.trust.operatorKey), state };
}

/** Whether a token that a server has written here, by its claims alone, is newer than the org's. */
export function writtenIsNewer(stateDir: string, org: Org): boolean {
  const { account, accountJwt, trust } = org;
  return [trust.operatorKey, busKeyOf(org)].some((key) => {
    const written = contentOf(paths.accountToken(stateDir, key, account));
    return written !== undefined && written !== accountJwt && newerAccount(written, accountJwt) === written;
  });
}

/** With nothing newer it is the same state, and what is derived from it is made to agree with it. */
async function withNewest(state: State, { stateDir, mint, received }: ServerConfigOptions): Promise<Decision<object>> {
  let newest = await withNewestTrusts(state, stateDir, mint);
  const places = busesOf(state).flatMap(({ key, orgs }) => orgs.map((org) => ({ key, ...org })));
  for (const { key, account, accountJwt } of places) {
    const path = paths.accountToken(stateDir, key, account);
    const written = contentOf(path);
    const others = [written, received?.get(account)].filter((jwt) => jwt !== undefined && jwt !== accountJwt);
    if (others.length === 0) continue;
    const keys = await mint();
    for (const jwt of others) newest = withToken(newest, account, jwt ?? "", keys);
    removeForged(path, written, newest, account, keys);
  }
  return { kind: "done", state: newest };
}

/** The tokens of system accounts, which a server that runs on this folder may have been sent as well. */
async function withNewestTrusts(state: State, stateDir: string, mint: () => Promise<Mint>): Promise<State> {
  let newest = state;
  for (const { key, trust } of busesOf(state)) {
    const path = paths.accountToken(stateDir, key, trust.systemAccount);
    const written = contentOf(path);
    if (written === undefined || written === trust.systemAccountJwt) continue;
    const known = newest.orgs.find((org) => org.trust.operatorKey === trust.operatorKey)?.trust ?? trust;
    const later = trustWith(known, written, await mint());
    if (later === undefined) rmSync(path, { force: true });
    else newest = withTrust(newest, later);
  }
  return newest;
}

/** Cut short by a crash, it would say that it is newer, and the server would believe nobody of that org. */
function removeForged(path: string, written: string | undefined, state: State, account: string, keys: Mint): void {
  const org = state.orgs.find((one) => one.account === account);
  if (written !== undefined && org !== undefined && judgeToken(written, org, keys).kind === "forged")
    rmSync(path, { force: true });
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
