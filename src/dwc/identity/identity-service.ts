// The identity service on one state folder. Each change takes the lock, runs its decider, writes the state, and sends
// the change to the running bus. Keys and the client library are slow to load, so they are passed in as loaders.

import type { Clock } from "../../clock.ts";
import { quoteName } from "./core/names.ts";
import { logoutSyncResult, type SyncResult } from "./core/obedience.ts";
import { createOrg, login, logout } from "./core/orgs.ts";
import { judgeService } from "./core/outdated.ts";
import { revoke, withRevocationsOf } from "./core/revocations.ts";
import { createService, serviceToken } from "./core/services.ts";
import { currentOrg, type Decision, NOT_LOGGED_IN, type Org, type Refusal, refused, type State } from "./core/state.ts";
import { paths } from "./derived-files.ts";
import { acceptInvitation, inviteUser } from "./invitations.ts";
import type { Mint } from "./mint.ts";
import { describe, type IdentityService, isoSeconds, publicOrg, publicService } from "./public-view.ts";
import type { PushMode } from "./push.ts";
import { type RenewalResult, renew } from "./renewal.ts";
import { serverConfigFile } from "./server-config-file.ts";
import { changeState, readState } from "./state-file.ts";
import type { SyncAccounts, SyncBus } from "./sync-bus.ts";

export interface IdentityDeps {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly mint: () => Promise<Mint>;
  readonly syncBus: SyncBus;
}

/** A service's token is valid until it is revoked. In the original it expired after 14 days, often at night. */
const FOR_EVER = null;

export function createIdentityService(deps: IdentityDeps): IdentityService {
  return {
    ...{ ...readMethods(deps), ...serviceMethods(deps), ...peopleMethods(deps) },
    ...{ ...sessionMethods(deps), ...busMethods(deps) },
  };
}

function readMethods({
  stateDir,
  clock,
  mint,
}: IdentityDeps): Pick<IdentityService, "describe" | "serviceToken" | "natsConfig"> {
  return {
    describe: async () => {
      const read = readState(stateDir);
      return read.kind === "unreadable"
        ? refused("state-unreadable", read.why)
        : { kind: "done", identity: describe(read.state) };
    },
    serviceToken: async (name) => {
      const read = readState(stateDir);
      if (read.kind === "unreadable") return refused("state-unreadable", read.why);
      const found = serviceToken(read.state, name);
      if (found.kind === "refused") return found;
      const { org, service } = found;
      const isOutdated = judgeService(org, service) !== undefined;
      return { kind: "done", org: publicOrg(org), service: publicService(service), creds: service.creds, isOutdated };
    },
    natsConfig: async () => {
      const found = await serverConfigFile({ stateDir, clock, mint });
      if (found.kind === "refused") return found;
      return found.path === undefined ? refused("not-logged-in", NOT_LOGGED_IN) : { kind: "done", path: found.path };
    },
  };
}

function serviceMethods(deps: IdentityDeps): Pick<IdentityService, "createOrg" | "createService" | "revoke" | "renew"> {
  const { stateDir } = deps;
  return {
    createOrg: async (wanted) => {
      const made = await change(deps, (state, minting) => createOrg(state, wanted, minting));
      if (made.kind === "refused") return made;
      return { kind: "done", org: publicOrg(made.org), email: made.org.me.email, sync: made.sync };
    },
    createService: async (name, calls) => {
      const wanted = { name, calls, holdsSeconds: FOR_EVER };
      const made = await change(
        deps,
        (state, minting) => createService(state, wanted, minting),
        ({ service }) => service.creds,
      );
      if (made.kind === "refused") return made;
      const { org, service, outcome, sync, unrevoked } = made;
      const credsFile = paths.serviceCreds(stateDir, org.id, service.name);
      const unknownCalls = service.calls.filter((called) => !org.services.some((one) => one.name === called));
      const facts = { credsFile, outcome, unknownCalls, unrevoked };
      return { kind: "done", org: publicOrg(org), service: publicService(service), ...facts, sync };
    },
    revoke: async (target) => {
      const done = await change(deps, (state, minting) => revoke(state, target, minting));
      if (done.kind === "refused") return done;
      const { org, revoked, kindOf, outcome, sync } = done;
      return { kind: "done", org: publicOrg(org), revoked: { kind: kindOf, name: revoked.what }, outcome, sync };
    },
    renew: async (options) => {
      const done = await change(deps, (state, minting) => renew(state, options, minting), newestCreds);
      if (done.kind === "refused") return done;
      const { org, sync, invitations: codes, ...facts } = done;
      const invitations = codes.map((one) => ({ ...one, expiresAt: isoSeconds(one.expiresAt) }));
      const { person, tokens, revocations, services, hasRevoked, unrevoked, needsInvitation } = facts;
      const renewed = { person, tokens, revocations, services, invitations, hasRevoked, unrevoked, needsInvitation };
      return { kind: "done", org: publicOrg(org), renewed, sync };
    },
  };
}

function peopleMethods(deps: IdentityDeps): Pick<IdentityService, "inviteUser" | "acceptInvitation"> {
  return {
    inviteUser: async (wanted) => {
      const made = await change(deps, (state, minting) => inviteUser(state, wanted, minting));
      if (made.kind === "refused") return made;
      const { org, code, expiresAt, sync } = made;
      return { kind: "done", org: publicOrg(org), code, expiresAt: isoSeconds(expiresAt), sync };
    },
    acceptInvitation: async (invitation) => {
      const joined = await change(
        deps,
        (state, minting) => acceptInvitation(state, invitation, minting),
        ({ org }) => org.me.creds,
      );
      if (joined.kind === "refused") return joined;
      const { org, sync } = joined;
      return { kind: "done", org: publicOrg(org), email: org.me.email, role: org.authority.kind, sync };
    },
  };
}

function sessionMethods({ stateDir, clock, syncBus }: IdentityDeps): Pick<IdentityService, "login" | "logout"> {
  return {
    login: async (email, orgId) => {
      const found = await changeState<{ readonly org: Org }>({ folder: stateDir, clock }, (state) =>
        login(state, { email, orgId }),
      );
      if (found.kind === "refused") return found;
      return { kind: "done", org: publicOrg(found.org), email: found.org.me.email };
    },
    logout: async () => {
      const left = await changeState<{ readonly forgotten: readonly Org[] }>({ folder: stateDir, clock }, logout);
      if (left.kind === "refused") return left;
      const { forgotten } = left;
      const owned = forgotten.filter(({ authority }) => authority.kind === "owner");
      // A bus may admit users of one org and not know another, so each org is checked.
      const found = await Promise.all(owned.map(({ me }) => syncBus({ kind: "credentials", text: me.creds })));
      const sync = found.length === 0 ? undefined : logoutSyncResult(found);
      return { kind: "done", orgs: forgotten.length, sync };
    },
  };
}

/** Methods that only concern the bus. */
function busMethods({ stateDir, syncBus }: IdentityDeps): Pick<IdentityService, "push" | "obedience"> {
  return {
    push: async () => {
      const read = readState(stateDir);
      if (read.kind === "unreadable") return refused("state-unreadable", read.why);
      const owned = accountsOf(read.state, "push");
      const current = currentOrg(read.state);
      if (owned !== undefined) return { kind: "done", orgs: owned.orgs.map(publicOrg), sync: await syncBus(owned) };
      if (current === undefined) return refused("not-logged-in", NOT_LOGGED_IN);
      return refused("not-allowed", `only the owner of ${quoteName(current.name)} can do that: ask for  bin/dwc push`);
    },
    obedience: async () => {
      const read = readState(stateDir);
      const owned = read.kind === "read" ? accountsOf(read.state, "read-only") : undefined;
      return owned && (await syncBus(owned));
    },
  };
}

function accountsOf({ operator, orgs }: State, mode: PushMode): SyncAccounts | undefined {
  const owned = orgs.filter(({ authority }) => authority.kind === "owner");
  return operator === null || owned.length === 0 ? undefined : { kind: "accounts", operator, orgs: owned, mode };
}

/** The credentials that the folder has just signed. An admin's own may be outdated. */
function newestCreds({ org, services }: Pick<RenewalResult, "org" | "services">): string {
  return org.services.find(({ name }) => name === services[0])?.creds ?? org.me.creds;
}

interface Minting {
  readonly mint: Mint;
  readonly now: number;
}

/**
 * Changes the state and sends the change to the bus.
 * @param shows credentials that the bus has to admit, for a user who owns no org
 */
async function change<T extends { readonly org: Org }>(
  deps: IdentityDeps,
  decide: (state: State, minting: Minting) => Decision<T> | Promise<Decision<T>>,
  shows?: (decision: T) => string,
): Promise<Decision<T & { readonly sync: SyncResult }> | (Refusal & { readonly sync?: SyncResult })> {
  const { stateDir, clock, mint } = deps;
  const minting = { mint: await mint(), now: clock.wall() };
  const decision = await changeState<T>({ folder: stateDir, clock }, (state) => decide(state, minting));
  if (decision.kind === "done") return { ...decision, sync: await syncNewest(deps, decision.org, shows?.(decision)) };
  if (decision.kept !== undefined) return tellUnwritten(deps, decision.kept, shows?.(decision.kept));
  const read = decision.code === "already-there" ? readState(stateDir) : undefined;
  const org = read?.kind === "read" ? currentOrg(read.state) : undefined;
  return org?.authority.kind === "owner" ? { ...decision, sync: await syncNewest(deps, org, undefined) } : decision;
}

/** The change is pushed to the bus all the same. A server that runs on this folder keeps the account token itself. */
async function tellUnwritten<T extends { readonly org: Org }>(
  deps: IdentityDeps,
  kept: T,
  creds: string | undefined,
): Promise<T & { readonly sync: SyncResult }> {
  const sync = await syncNewest(deps, kept.org, creds);
  const { stateDir: folder, clock } = deps;
  const again = await changeState<object>({ folder, clock }, (state) => ({ kind: "done", state }));
  return { ...kept, sync: again.kind === "done" ? sync : { ...sync, unwritten: again.why } };
}

/** At most so many concurrent changes are followed up; each of those processes syncs the bus as well. */
const MAX_ROUNDS = 5;

/**
 * Sends the org to the bus as it is now, and again if it changed meanwhile. Of two concurrent changes the earlier one
 * can reach the bus last; its process then sees the later one in the state. No lock is held, as a paused bus would hold
 * it too.
 */
async function syncNewest(deps: IdentityDeps, changed: Org, creds: string | undefined): Promise<SyncResult> {
  const { stateDir, syncBus } = deps;
  let org = changed;
  for (let round = 1; ; round += 1) {
    const { state, now } = newestOf(stateDir, org);
    const owns = now.authority.kind === "owner" && state?.operator;
    const sync = owns
      ? await syncBus({ kind: "accounts", operator: owns, orgs: [now], mode: "push" })
      : await syncBus({ kind: "credentials", text: creds ?? now.me.creds });
    if (owns) await importRevocations(deps, sync);
    org = newestOf(stateDir, now).now;
    if (org.accountJwt === now.accountJwt || round === MAX_ROUNDS) return sync;
  }
}

/** Imports revocations that an old copy of the folder lacks. Its own token was not sent, as the bus has a newer one. */
async function importRevocations({ stateDir, clock, mint }: IdentityDeps, { addresses }: SyncResult): Promise<void> {
  const tokens = addresses.flatMap((one) => (one.kind === "does not obey" && one.token !== undefined ? one.token : []));
  if (tokens.length === 0) return;
  const minting = { mint: await mint(), now: clock.wall() };
  await changeState<object>({ folder: stateDir, clock }, async (before) => {
    let state = before;
    for (const token of tokens) state = await withRevocationsOf(state, token, minting);
    return { kind: "done", state };
  });
}

/** The org as the folder has it now. An org that another process has deleted meanwhile is returned as it was. */
function newestOf(stateDir: string, org: Org): { readonly state: State | undefined; readonly now: Org } {
  const read = readState(stateDir);
  const state = read.kind === "read" ? read.state : undefined;
  return { state, now: state?.orgs.find(({ id }) => id === org.id) ?? org };
}
