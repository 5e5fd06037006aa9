// All that a Market has to know about the bus of its org: as whom it goes there, and how to start one.

import { type Access, accountOf, type Credentials } from "../../bus/credentials.ts";
import type { StartPermit } from "../../bus/succession.ts";
import type { Clock } from "../../clock.ts";
import type { Settings } from "../../settings.ts";
import { loginIdentity } from "./credentials.ts";
import { paths } from "./folder.ts";
import { shown } from "./names.ts";
import { currentOrg, type Decision, type Org, type Refusal, refused, type State } from "./state.ts";
import { changeState, readState } from "./state-file.ts";

export type MarketAccess =
  | ({
      readonly kind: "found";
      /** Whether this Market may start a server now, and with what. */
      readonly permit: () => Promise<StartPermit>;
    } & Access)
  | Refusal;

export async function marketAccess(
  settings: Pick<Settings, "stateDir" | "natsCreds">,
  clock: Clock,
): Promise<MarketAccess> {
  const identity = loginIdentity(settings, { kind: "market" });
  if (identity.kind === "refused") return identity;
  // A folder that cannot be used is a reason not to begin at all.
  const config = await serverConfigFile(settings, clock);
  if (config.kind === "refused") return config;
  // Decided once: a Market that began without an org has no credentials for a server that asks for some.
  const hasOrg = config.path !== undefined;
  return { ...identity, permit: () => startPermit(settings, { ...identity, hasOrg }, clock) };
}

async function startPermit(
  settings: Pick<Settings, "stateDir">,
  { credentials, isNamed, hasOrg }: Access & { readonly hasOrg: boolean },
  clock: Clock,
): Promise<StartPermit> {
  const read = readState(settings.stateDir);
  if (read.kind === "unreadable") return { kind: "withheld", why: read.why };
  const org = hasOrg ? currentOrg(read.state) : undefined;
  if (isNamed && !isKnownBy(credentials, org, read.state))
    return { kind: "withheld", why: `one that knows the credentials in NATS_CREDS; ${whyUnknown(org)}` };
  if (!hasOrg) return { kind: "granted", configFile: undefined };
  const config = await serverConfigFile(settings, clock);
  if (config.kind === "refused") return { kind: "withheld", why: config.why };
  // Logged out since: without the org's keys only an open server could be started.
  if (config.path === undefined) return { kind: "withheld", why: "this Market has left its org since it was started" };
  return { kind: "granted", configFile: config.path };
}

/** Whether a server that is started for this org lets in the holder of these credentials. */
function isKnownBy(credentials: Credentials | undefined, org: Org | undefined, { orgs }: State): boolean {
  if (credentials === undefined || org === undefined) return false;
  const account = accountOf(credentials);
  return orgs.some((one) => one.account === account && one.trust.operatorKey === org.trust.operatorKey);
}

const whyUnknown = (org: Org | undefined): string =>
  org === undefined
    ? "a Market starts a server only for an org in its own DWC_STATE, and it has none there"
    : `${shown(org.name)} in DWC_STATE is another org, whose server would not let them in`;

/** The configuration for a server that is started here, written anew; undefined: no org, so the bus is open. */
export async function serverConfigFile(
  { stateDir }: Pick<Settings, "stateDir">,
  clock: Clock,
): Promise<{ readonly kind: "ready"; readonly path: string | undefined } | Refusal> {
  const read = readState(stateDir);
  if (read.kind === "unreadable") return refused("state-unreadable", read.why);
  // Nobody has an org here: then the folder is not ours to write in.
  if (currentOrg(read.state) === undefined) return { kind: "ready", path: undefined };
  const derived = await changeState({ folder: stateDir, clock }, asItIs);
  if (derived.kind === "refused") return derived;
  const org = currentOrg(derived.state);
  return { kind: "ready", path: org && paths.serverConfig(stateDir, org.trust.operatorKey) };
}

/** Changes nothing, and so makes what is derived from the state agree with it. */
const asItIs = (state: State): Decision<object> => ({ kind: "done", state });
