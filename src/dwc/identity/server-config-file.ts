// The configuration for a server on this folder, with the newest known account tokens: those of the state, those that a
// server wrote here after a push, and those that a Market received from the bus.

import { rmSync } from "node:fs";
import type { Clock } from "../../clock.ts";
import { contentOf } from "../../program/private-files.ts";
import { judgeToken, newerAccount, withToken } from "./core/account.ts";
import { trustWith, withTrust } from "./core/account-links.ts";
import { currentOrg, type Decision, type Org, type Refusal, refused, type State } from "./core/state.ts";
import { busesOf, busKeyOf, paths } from "./derived-files.ts";
import type { Mint } from "./mint.ts";
import { changeState, readState } from "./state-file.ts";

export type ServerConfigFile =
  /** `path` undefined: the folder has no org, so the bus is open. */
  { readonly kind: "ready"; readonly path: string | undefined; readonly state: State } | Refusal;

export interface ServerConfigOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  /** Loaded only for checking a token that differs from the state's. */
  readonly mint: () => Promise<Mint>;
  /** Unchecked tokens from the bus, by account. */
  readonly received?: ReadonlyMap<string, string>;
}

export async function serverConfigFile(options: ServerConfigOptions): Promise<ServerConfigFile> {
  const { stateDir, clock } = options;
  const read = readState(stateDir);
  if (read.kind === "unreadable") return refused("state-unreadable", read.why);
  // Without an org dwc does not write to the folder.
  if (currentOrg(read.state) === undefined) return { kind: "ready", path: undefined, state: read.state };
  const derived = await changeState({ folder: stateDir, clock }, (state) => withNewest(state, options));
  if (derived.kind === "refused") return derived;
  const { state } = derived;
  const org = currentOrg(state);
  return { kind: "ready", path: org && paths.serverConfig(stateDir, org.trust.operatorKey), state };
}

/** Whether a token that a server wrote here is newer than the org's, by its unchecked claims. */
export function writtenIsNewer(stateDir: string, org: Org): boolean {
  const { account, accountJwt, trust } = org;
  return [trust.operatorKey, busKeyOf(org)].some((key) => {
    const written = contentOf(paths.accountToken(stateDir, key, account));
    return written !== undefined && written !== accountJwt && newerAccount(written, accountJwt) === written;
  });
}

/** The state with the newest tokens; the same state if there is none. Either way the derived files are updated. */
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

/** A server on this folder may have received newer tokens of system accounts as well. */
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

/** A token that a crash cut short can look newer; a server would then refuse all users of that org. */
function removeForged(path: string, written: string | undefined, state: State, account: string, keys: Mint): void {
  const org = state.orgs.find((one) => one.account === account);
  if (written !== undefined && org !== undefined && judgeToken(written, org, keys).kind === "forged")
    rmSync(path, { force: true });
}
