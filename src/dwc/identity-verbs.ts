// The verbs of the commands, on one state folder: each takes the lock, lets its decider decide, writes, and tells the bus
// that runs. What is heavy to load (keys, the client library) is loaded by whoever hands it in, and only when it is used.

import type { Clock } from "../clock.ts";
import type { Told } from "./bus-shapes.ts";
import { describe } from "./describe.ts";
import { serverConfigFile } from "./identity/access.ts";
import { paths } from "./identity/folder.ts";
import { acceptInvitation, inviteUser } from "./identity/invitations.ts";
import type { Mint } from "./identity/mint.ts";
import { createOrg } from "./identity/orgs.ts";
import { login, logout } from "./identity/people.ts";
import { renew } from "./identity/renewal.ts";
import { revoke } from "./identity/revocations.ts";
import { createService, serviceToken } from "./identity/services.ts";
import { type Decision, NOT_LOGGED_IN, type Org, refused, type State } from "./identity/state.ts";
import { changeState, readState } from "./identity/state-file.ts";
import { isoSeconds, orgShown, serviceShown } from "./shown.ts";
import type { IdentityVerbs } from "./world.ts";

export interface VerbTools {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly mint: () => Promise<Mint>;
  /** Whether the bus that runs obeys the state as it is now. */
  readonly tellBus: (state: State) => Promise<Told>;
}

/** A service's token holds until it is revoked: the original's fortnight left people with tokens that died by night. */
const FOR_EVER = null;

export function identityVerbs(tools: VerbTools): IdentityVerbs {
  return { ...readingVerbs(tools), ...serviceVerbs(tools), ...peopleVerbs(tools), ...sessionVerbs(tools) };
}

function readingVerbs({ stateDir, clock }: VerbTools): Pick<IdentityVerbs, "describe" | "serviceToken" | "natsConfig"> {
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
      return { kind: "done", org: orgShown(org), service: serviceShown(service), creds: service.creds };
    },
    natsConfig: async () => {
      const found = await serverConfigFile({ stateDir }, clock);
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
      const made = await change(tools, (state, minting) => createService(state, wanted, minting));
      if (made.kind === "refused") return made;
      const { org, service, outcome, told } = made;
      const credsFile = paths.serviceCreds(stateDir, org.id, service.name);
      return { kind: "done", org: orgShown(org), service: serviceShown(service), credsFile, outcome, told };
    },
    revoke: async (target) => {
      const done = await change(tools, (state, minting) => revoke(state, target, minting));
      if (done.kind === "refused") return done;
      const { org, revoked, kindOf, told } = done;
      return { kind: "done", org: orgShown(org), revoked: { kind: kindOf, name: revoked.what }, told };
    },
    renew: async (options) => {
      const done = await change(tools, (state, minting) => renew(state, options, minting));
      if (done.kind === "refused") return done;
      const { org, person, services, unrevoked, needsInvitation, told } = done;
      const invitations = done.invitations.map((one) => ({ ...one, expiresAt: isoSeconds(one.expiresAt) }));
      const renewed = { person, services, invitations, unrevoked, needsInvitation };
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
      const joined = await change(tools, (state, minting) => acceptInvitation(state, invitation, minting));
      if (joined.kind === "refused") return joined;
      const { org, told } = joined;
      return { kind: "done", org: orgShown(org), email: org.me.email, role: org.authority.kind, told };
    },
  };
}

function sessionVerbs({ stateDir, clock }: VerbTools): Pick<IdentityVerbs, "login" | "logout"> {
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
      return left.kind === "refused" ? left : { kind: "done", orgs: left.forgotten.length };
    },
  };
}

interface Minting {
  readonly mint: Mint;
  readonly now: number;
}

/** Changes the state and tells the bus under one lock, so that two changes reach it in the order in which they were made. */
async function change<T extends object>(
  { stateDir, clock, mint, tellBus }: VerbTools,
  decide: (state: State, minting: Minting) => Decision<T> | Promise<Decision<T>>,
): Promise<Decision<T & { readonly told: Told }>> {
  const minting = { mint: await mint(), now: clock.wall() };
  let told: Told = { kind: "no-bus" };
  const decision = await changeState<T>(
    {
      folder: stateDir,
      clock,
      afterwards: async (state) => {
        told = await tellBus(state);
      },
    },
    (state) => decide(state, minting),
  );
  return decision.kind === "refused" ? decision : { ...decision, told };
}
