// All that a Market has to know about the bus of its org: as whom it goes there, and how to start one.

import type { Access } from "../../bus/credentials.ts";
import type { Clock } from "../../clock.ts";
import type { Settings } from "../../settings.ts";
import { findIdentity } from "./credentials.ts";
import { paths } from "./folder.ts";
import { currentOrg, type Decision, type Refusal, refused, type State } from "./state.ts";
import { changeState, readState } from "./state-file.ts";

export type MarketAccess = ({ readonly kind: "found"; readonly serverConfig: string | undefined } & Access) | Refusal;

export async function marketAccess(
  settings: Pick<Settings, "stateDir" | "natsCreds">,
  clock: Clock,
): Promise<MarketAccess> {
  const identity = findIdentity(settings, { kind: "market" });
  if (identity.kind === "refused") return identity;
  const config = await serverConfigFile(settings, clock);
  return config.kind === "refused" ? config : { ...identity, serverConfig: config.path };
}

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
