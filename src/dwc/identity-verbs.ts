// The verbs of the commands, on one state folder: each takes the lock, lets its decider decide, writes, and tells the bus
// that runs. What is heavy to load (keys, the client library) is loaded by whoever hands it in, and only when it is used.

import type { Clock } from "../clock.ts";
import type { Told } from "./core/bus-shapes.ts";
import { toldOfLogout } from "./core/obedience.ts";
import type { IdentityVerbs } from "./core/world.ts";
import { describe } from "./describe.ts";
import { shown } from "./identity/core/names.ts";
import { createOrg } from "./identity/core/orgs.ts";
import { judgeService } from "./identity/core/outdated.ts";
import { login, logout } from "./identity/core/people.ts";
import { revoke, withRevocationsOf } from "./identity/core/revocations.ts";
import { createService, serviceToken } from "./identity/core/services.ts";
import {
  currentOrg,
  type Decision,
  NOT_LOGGED_IN,
  type Org,
  type Refusal,
  refused,
  type State,
} from "./identity/core/state.ts";
import { paths } from "./identity/folder.ts";
import { acceptInvitation, inviteUser } from "./identity/invitations.ts";
import type { Mint } from "./identity/mint.ts";
import type { PushMode } from "./identity/push.ts";
import { type Renewed, renew } from "./identity/renewal.ts";
import { serverConfigFile } from "./identity/server-config-file.ts";
import { changeState, readState } from "./identity/state-file.ts";
import { isoSeconds, orgShown, serviceShown } from "./shown.ts";
import type { Matter, TellBus } from "./tell-bus.ts";

export interface VerbTools {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly mint: () => Promise<Mint>;
  readonly tellBus: TellBus;
}

/** A service's token holds until it is revoked: the original's fortnight left people with tokens that died by night. */
const FOR_EVER = null;

export function identityVerbs(tools: VerbTools): IdentityVerbs {
  return {
    ...{ ...readingVerbs(tools), ...serviceVerbs(tools), ...peopleVerbs(tools) },
    ...{ ...sessionVerbs(tools), ...busVerbs(tools) },
  };
}

function readingVerbs({
  stateDir,
  clock,
  mint,
}: VerbTools): Pick<IdentityVerbs, "describe" | "serviceToken" | "natsConfig"> {
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
      return { kind: "done", org: orgShown(org), service: serviceShown(service), creds: service.creds, isOutdated };
    },
    natsConfig: async () => {
      const found = await serverConfigFile({ stateDir, clock, mint });
      if (found.kind === "refused") return found;
      return found.path === undefined ? refused("not-logged-in", NOT_LOGGED_IN) : { kind: "done", path: found.path };
    },
  };
}

function serviceVerbs(tools: VerbTools): Pick<IdentityVerbs, "createOrg" | "createService" | "revoke" | "renew"> {
  const { stateDir } = tools;
  return {
    createOrg: async (wanted) => {
      const made = await change(tools, (state, minting) => createOrg(state, wanted, minting));
      if (made.kind === "refused") return made;
      return { kind: "done", org: orgShown(made.org), email: made.org.me.email, told: made.told };
    },
    createService: async (name) => {
      const wanted = { name, holdsSeconds: FOR_EVER };
      const made = await change(
        tools,
        (state, minting) => createService(state, wanted, minting),
        ({ service }) => service.creds,
      );
      if (made.kind === "refused") return made;
      const { org, service, outcome, told } = made;
      const credsFile = paths.serviceCreds(stateDir, org.id, service.name);
      return { kind: "done", org: orgShown(org), service: serviceShown(service), credsFile, outcome, told };
    },
    revoke: async (target) => {
      const done = await change(tools, (state, minting) => revoke(state, target, minting));
      if (done.kind === "refused") return done;
      const { org, revoked, kindOf, outcome, told } = done;
      return { kind: "done", org: orgShown(org), revoked: { kind: kindOf, name: revoked.what }, outcome, told };
    },
    renew: async (options) => {
      const done = await change(tools, (state, minting) => renew(state, options, minting), newestCreds);
      if (done.kind === "refused") return done;
      const { org, told, invitations: codes, ...facts } = done;
      const invitations = codes.map((one) => ({ ...one, expiresAt: isoSeconds(one.expiresAt) }));
      const { person, tokens, revocations, services, hasRevoked, unrevoked, needsInvitation } = facts;
      const renewed = { person, tokens, revocations, services, invitations, hasRevoked, unrevoked, needsInvitation };
      return { kind: "done", org: orgShown(org), renewed, told };
    },
  };
}

function peopleVerbs(tools: VerbTools): Pick<IdentityVerbs, "inviteUser" | "acceptInvitation"> {
  return {
    inviteUser: async (wanted) => {
      const made = await change(tools, (state, minting) => inviteUser(state, wanted, minting));
      if (made.kind === "refused") return made;
      const { org, code, expiresAt, told } = made;
      return { kind: "done", org: orgShown(org), code, expiresAt: isoSeconds(expiresAt), told };
    },
    acceptInvitation: async (invitation) => {
      const joined = await change(
        tools,
        (state, minting) => acceptInvitation(state, invitation, minting),
        ({ org }) => org.me.creds,
      );
      if (joined.kind === "refused") return joined;
      const { org, told } = joined;
      return { kind: "done", org: orgShown(org), email: org.me.email, role: org.authority.kind, told };
    },
  };
}

function sessionVerbs({ stateDir, clock, tellBus }: VerbTools): Pick<IdentityVerbs, "login" | "logout"> {
  return {
    login: async (email, orgId) => {
      const found = await changeState<{ readonly org: Org }>({ folder: stateDir, clock }, (state) =>
        login(state, { email, orgId }),
      );
      if (found.kind === "refused") return found;
      return { kind: "done", org: orgShown(found.org), email: found.org.me.email };
    },
    logout: async () => {
      const left = await changeState<{ readonly forgotten: readonly Org[] }>({ folder: stateDir, clock }, logout);
      if (left.kind === "refused") return left;
      const { forgotten } = left;
      const owned = forgotten.filter(({ authority }) => authority.kind === "owner");
      // A bus may admit those of one of them, and not know another.
      const found = await Promise.all(owned.map(({ me }) => tellBus({ kind: "credentials", text: me.creds })));
      const told = found.length === 0 ? undefined : toldOfLogout(found);
      return { kind: "done", orgs: forgotten.length, told };
    },
  };
}

/** What concerns the bus alone. */
function busVerbs({ stateDir, tellBus }: VerbTools): Pick<IdentityVerbs, "push" | "obedience"> {
  return {
    push: async () => {
      const read = readState(stateDir);
      if (read.kind === "unreadable") return refused("state-unreadable", read.why);
      const owned = accountsOf(read.state, "push");
      const current = currentOrg(read.state);
      if (owned !== undefined) return { kind: "done", orgs: owned.orgs.map(orgShown), told: await tellBus(owned) };
      if (current === undefined) return refused("not-logged-in", NOT_LOGGED_IN);
      return refused("not-allowed", `only the owner of ${shown(current.name)} can do that: ask for  bin/dwc push`);
    },
    obedience: async () => {
      const read = readState(stateDir);
      const owned = read.kind === "read" ? accountsOf(read.state, "look") : undefined;
      return owned && (await tellBus(owned));
    },
  };
}

function accountsOf({ operator, orgs }: State, mode: PushMode): Extract<Matter, { kind: "accounts" }> | undefined {
  const owned = orgs.filter(({ authority }) => authority.kind === "owner");
  return operator === null || owned.length === 0 ? undefined : { kind: "accounts", operator, orgs: owned, mode };
}

/** An admin's own credentials may be outdated; those that the folder has just signed are not. */
function newestCreds({ org, services }: Pick<Renewed, "org" | "services">): string {
  return org.services.find(({ name }) => name === services[0])?.creds ?? org.me.creds;
}

interface Minting {
  readonly mint: Mint;
  readonly now: number;
}

/** Changes the state, and tells the bus. @param shows credentials that the bus is to let in, for who owns no account */
async function change<T extends { readonly org: Org }>(
  tools: VerbTools,
  decide: (state: State, minting: Minting) => Decision<T> | Promise<Decision<T>>,
  shows?: (decision: T) => string,
): Promise<Decision<T & { readonly told: Told }> | (Refusal & { readonly told?: Told })> {
  const { stateDir, clock, mint } = tools;
  const minting = { mint: await mint(), now: clock.wall() };
  const decision = await changeState<T>({ folder: stateDir, clock }, (state) => decide(state, minting));
  if (decision.kind === "done") return { ...decision, told: await tellNewest(tools, decision.org, shows?.(decision)) };
  if (decision.kept !== undefined) return tellUnwritten(tools, decision.kept, shows?.(decision.kept));
  const read = decision.code === "already-there" ? readState(stateDir) : undefined;
  const org = read?.kind === "read" ? currentOrg(read.state) : undefined;
  return org?.authority.kind === "owner" ? { ...decision, told: await tellNewest(tools, org, undefined) } : decision;
}

/** The change is pushed to the bus all the same. A server that runs on this folder keeps the account token itself. */
async function tellUnwritten<T extends { readonly org: Org }>(
  tools: VerbTools,
  kept: T,
  creds: string | undefined,
): Promise<T & { readonly told: Told }> {
  const told = await tellNewest(tools, kept.org, creds);
  const { stateDir: folder, clock } = tools;
  const again = await changeState<object>({ folder, clock }, (state) => ({ kind: "done", state }));
  return { ...kept, told: again.kind === "done" ? told : { ...told, unwritten: again.why } };
}

/** So many changes at once may come between; each of them tells the bus as well. */
const MOST_TURNS = 5;

/**
 * Hands the bus the org as it is now, and again where it was changed meanwhile: of two changes at once the earlier one may
 * reach the bus last, and its process then sees that it is the earlier one. No lock is held: a paused bus would hold it.
 */
async function tellNewest(tools: VerbTools, changed: Org, creds: string | undefined): Promise<Told> {
  const { stateDir, tellBus } = tools;
  let org = changed;
  for (let turn = 1; ; turn += 1) {
    const { state, now } = newestOf(stateDir, org);
    const owns = now.authority.kind === "owner" && state?.operator;
    const told = owns
      ? await tellBus({ kind: "accounts", operator: owns, orgs: [now], mode: "push" })
      : await tellBus({ kind: "credentials", text: creds ?? now.me.creds });
    if (owns) await takeRevocations(tools, told);
    org = newestOf(stateDir, now).now;
    if (org.accountJwt === now.accountJwt || turn === MOST_TURNS) return told;
  }
}

/** An old copy of the folder learns what was revoked since: its own token was not handed over. */
async function takeRevocations({ stateDir, clock, mint }: VerbTools, { addresses }: Told): Promise<void> {
  const tokens = addresses.flatMap((one) => (one.kind === "does not obey" && one.token !== undefined ? one.token : []));
  if (tokens.length === 0) return;
  const minting = { mint: await mint(), now: clock.wall() };
  await changeState<object>({ folder: stateDir, clock }, async (before) => {
    let state = before;
    for (const token of tokens) state = await withRevocationsOf(state, token, minting);
    return { kind: "done", state };
  });
}

/** As the folder has it; an org that another process has forgotten meanwhile stays as it was. */
function newestOf(stateDir: string, org: Org): { readonly state: State | undefined; readonly now: Org } {
  const read = readState(stateDir);
  const state = read.kind === "read" ? read.state : undefined;
  return { state, now: state?.orgs.find(({ id }) => id === org.id) ?? org };
}
