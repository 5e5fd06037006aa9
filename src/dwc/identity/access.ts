// All that a Market has to know about the bus of its org: as whom it goes there, how to start one, and what to learn of it.

import { type Access, accountOf, allowsSending } from "../../bus/credentials.ts";
import { accountTokenSubject } from "../../bus/subjects.ts";
import type { StartPermit } from "../../bus/succession.ts";
import type { Clock } from "../../clock.ts";
import type { Settings } from "../../settings.ts";
import { AccountKeeper, type Learned } from "./account-keeper.ts";
import { hasTokenExports } from "./account-links.ts";
import { loginIdentity } from "./credentials.ts";
import type { Mint } from "./mint.ts";
import { shown } from "./names.ts";
import type { pushAccounts } from "./push.ts";
import { serverConfigFile } from "./server-config-file.ts";
import { currentOrg, type Org, type Refusal, type State } from "./state.ts";
import { readState } from "./state-file.ts";

export type MarketAccess =
  | ({
      readonly kind: "found";
      /** Whether this Market may start a server now, and with what. */
      readonly permit: () => Promise<StartPermit>;
      /** Takes an account token that came over the bus; undefined: there is no org to learn of, or no way to. */
      readonly learn: ((token: string) => Promise<Learned>) | undefined;
      /** Sends the folder's newer account token to a bus that uses an older one; undefined: only its owner's folder can. */
      readonly correct: (() => Promise<void>) | undefined;
    } & Access)
  | Refusal;

export interface MarketAccessTools {
  readonly clock: Clock;
  readonly mint: () => Promise<Mint>;
  readonly push: () => Promise<typeof pushAccounts>;
}

export async function marketAccess(
  settings: Pick<Settings, "stateDir" | "natsCreds" | "natsUrls">,
  tools: MarketAccessTools,
): Promise<MarketAccess> {
  const identity = loginIdentity(settings, { kind: "market" });
  if (identity.kind === "refused") return identity;
  const { stateDir } = settings;
  // A folder that cannot be used is a reason not to begin at all.
  const config = await serverConfigFile({ stateDir, ...tools });
  if (config.kind === "refused") return config;
  const home = homeOf(identity, config.state);
  if (home.kind !== "member")
    return { ...identity, learn: undefined, correct: undefined, permit: () => Promise.resolve(permitOf(home)) };
  const keeper = new AccountKeeper({ stateDir, ...tools }, home.org.account);
  return {
    ...identity,
    learn: home.isTold ? (token) => keeper.learn(token) : undefined,
    correct: home.org.authority.kind === "owner" ? () => correct(settings, home.org, tools) : undefined,
    permit: () => memberPermit(home, identity, keeper),
  };
}

/** A bus that somebody started with an older folder goes on with that, until it is sent the newer token. */
async function correct(
  { stateDir, natsUrls }: Pick<Settings, "stateDir" | "natsUrls">,
  { account }: Org,
  { clock, mint, push }: MarketAccessTools,
): Promise<void> {
  const read = readState(stateDir);
  const operator = read.kind === "read" ? read.state.operator : null;
  const org = read.kind === "read" ? read.state.orgs.find((one) => one.account === account) : undefined;
  if (operator === null || org === undefined) return;
  const [pushAccounts, keys] = await Promise.all([push(), mint()]);
  const mode = "push unless newer";
  await Promise.all(natsUrls.map((url) => pushAccounts(operator, [org], { url, clock, mint: keys, mode })));
}

/** What the state folder is to the credentials. Decided once: without credentials a Market starts no server with logins. */
type Home =
  /** Neither has an org. */
  | { readonly kind: "none" }
  /** `org`: the folder's, which is another than that of NATS_CREDS; undefined: it has none. */
  | { readonly kind: "elsewhere"; readonly org: Org | undefined }
  /** `isTold`: the bus tells this Market of each new account token. */
  | { readonly kind: "member"; readonly org: Org; readonly isTold: boolean };

function homeOf({ credentials }: Access, state: State): Home {
  const current = currentOrg(state);
  if (credentials === undefined) return { kind: "none" };
  const account = accountOf(credentials);
  const org = state.orgs.find((one) => one.account === account);
  if (org === undefined || org.trust.operatorKey !== current?.trust.operatorKey)
    return { kind: "elsewhere", org: current };
  const isTold = hasTokenExports(org.trust) && allowsSending(credentials, accountTokenSubject);
  return { kind: "member", org, isTold };
}

function permitOf(home: Exclude<Home, { kind: "member" }>): StartPermit {
  if (home.kind === "none") return { kind: "granted", configFile: undefined };
  const why =
    home.org === undefined
      ? "a Market starts a server only for an org in its own DWC_STATE, and it has none there"
      : `${shown(home.org.name)} in DWC_STATE is another org, whose server would not let them in`;
  return { kind: "withheld", why: `one that knows the credentials in NATS_CREDS; ${why}` };
}

async function memberPermit(
  { org, isTold }: Extract<Home, { kind: "member" }>,
  { credentials }: Access,
  keeper: AccountKeeper,
): Promise<StartPermit> {
  if (!isTold && org.authority.kind !== "owner")
    return {
      kind: "withheld",
      why: `only the owner's Market starts one, as this one is not told who was revoked: ${RENEW}`,
    };
  const config = await keeper.serverConfig();
  if (config.kind === "refused") return { kind: "withheld", why: config.why };
  // Logged out since: without the org's keys only an open server could be started.
  if (config.path === undefined) return { kind: "withheld", why: "this Market has left its org since it was started" };
  if (credentials !== undefined && (await keeper.isRevoked(credentials.publicKey)))
    return { kind: "withheld", why: `the credentials of ${credentials.name} have been revoked` };
  return { kind: "granted", configFile: config.path };
}

const RENEW = "an earlier dwc has made this org or these credentials (bin/dwc renew, or a new org)";
