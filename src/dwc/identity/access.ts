// A Market's access to the bus of its org: its credentials, the permit to start a server, and account tokens from the
// bus.

import { accountOf, allowsSending, type BusLogin, type Credentials } from "../../bus/core/credentials.ts";
import type { StartPermit } from "../../bus/server/core/succession.ts";
import type { Clock } from "../../clock.ts";
import { accountTokenSubject } from "../../contracts/core/subjects.ts";
import type { Settings } from "../../settings.ts";
import { isRevokedBy, type JudgedToken, judgeToken, newerAccount, withToken } from "./core/account.ts";
import { notifiesMembers } from "./core/account-links.ts";
import { quoteName } from "./core/names.ts";
import type { Obedience } from "./core/obedience.ts";
import { currentOrg, type Org, type Refusal, type State } from "./core/state.ts";
import { loginIdentity } from "./credentials.ts";
import { busKeyOf, paths } from "./derived-files.ts";
import type { Mint } from "./mint.ts";
import type { pushAccounts } from "./push.ts";
import { type ServerConfigFile, serverConfigFile, writtenIsNewer } from "./server-config-file.ts";
import { changeState, readState } from "./state-file.ts";

export type MarketAccess =
  | ({
      readonly kind: "found";
      /** Whether this Market may start a server now, and with which configuration. */
      readonly permit: () => Promise<StartPermit>;
      /** Handles an account token from the bus; undefined: the Market has no org, or the bus does not notify it. */
      readonly learn: ((token: string) => Promise<Learned>) | undefined;
      /** The newest account token that this Market has. */
      readonly known: () => Promise<string | undefined>;
      /**
       * Sends the account tokens of all orgs that the folder owns to a bus with older ones. True: the bus uses the
       * token of this Market's org. Undefined: the user does not own the org.
       */
      readonly correct: (() => Promise<boolean>) | undefined;
    } & BusLogin)
  | Refusal;

export interface MarketAccessDeps {
  readonly clock: Clock;
  readonly mint: () => Promise<Mint>;
  readonly push: () => Promise<typeof pushAccounts>;
}

export async function marketAccess(
  settings: Pick<Settings, "stateDir" | "natsCreds" | "natsUrls">,
  deps: MarketAccessDeps,
): Promise<MarketAccess> {
  const identity = loginIdentity(settings, { kind: "market" });
  if (identity.kind === "refused") return identity;
  const { stateDir } = settings;
  // An unusable folder is a reason not to start at all.
  const config = await serverConfigFile({ stateDir, ...deps });
  if (config.kind === "refused") return config;
  const home = homeOf(identity.credentials, config.state);
  const org = home.kind === "member" ? home.org : undefined;
  const keeper = org && new AccountKeeper({ stateDir, ...deps }, org.account);
  const isNotified = org !== undefined && isNotifiedOf(org, identity.credentials);
  return {
    ...identity,
    learn: keeper && isNotified ? (token) => keeper.learn(token) : undefined,
    known: async () => keeper?.newest(),
    correct: org?.authority.kind === "owner" ? () => correct(settings, org, deps) : undefined,
    permit: () =>
      permitNow({ settings, deps, identity, keeper, notifiedAccount: isNotified ? org.account : undefined }),
  };
}

/**
 * A server that was started on an older folder uses older tokens until it receives the newer ones. A member's folder
 * has older tokens of the owner's other orgs, or none.
 * @returns whether all running servers report that they use the org's token
 */
async function correct(
  { stateDir, natsUrls }: Pick<Settings, "stateDir" | "natsUrls">,
  { account }: Org,
  { clock, mint, push }: MarketAccessDeps,
): Promise<boolean> {
  const read = readState(stateDir);
  const operator = read.kind === "read" ? read.state.operator : null;
  const all = read.kind === "read" ? read.state.orgs : [];
  const org = all.find((one) => one.account === account);
  if (operator === null || org === undefined) return false;
  const others = all.filter((one) => one !== org && one.authority.kind === "owner");
  const [pushAccounts, keys] = await Promise.all([push(), mint()]);
  const mode = "push where older";
  const found = await Promise.all(
    natsUrls.map((url) => pushAccounts(operator, [org, ...others], { url, clock, mint: keys, mode })),
  );
  // The server may refuse another org, or have a newer token of it. That is no reason to act against the server.
  return found.every(
    ([own, ...rest]) => (own?.kind === "obeys" || own?.kind === "not running") && rest.every(isAnswered),
  );
}

const isAnswered = ({ kind }: Obedience): boolean => kind !== "unknown";

interface HomeElsewhere {
  readonly kind: "elsewhere";
  /** The folder's org, which differs from that of NATS_CREDS; undefined: the folder has none. */
  readonly org: Org | undefined;
}

/** How the state folder relates to the credentials. */
type Home =
  /** Neither has an org. */
  { readonly kind: "none" } | HomeElsewhere | { readonly kind: "member"; readonly org: Org };

function homeOf(credentials: Credentials | undefined, state: State): Home {
  if (credentials === undefined) return { kind: "none" };
  const [current, account] = [currentOrg(state), accountOf(credentials)];
  const org = state.orgs.find((one) => one.account === account);
  const isHere = org !== undefined && org.trust.operatorKey === current?.trust.operatorKey;
  return isHere ? { kind: "member", org } : { kind: "elsewhere", org: current };
}

/** Whether the bus sends each new account token to a Market with these credentials. */
const isNotifiedOf = (org: Org, credentials: Credentials | undefined): boolean =>
  credentials !== undefined && notifiesMembers(org) && allowsSending(credentials, accountTokenSubject);

interface PermitOptions {
  readonly settings: Pick<Settings, "stateDir">;
  readonly deps: MarketAccessDeps;
  /** The identity at the start. */
  readonly identity: BusLogin;
  /** The keeper of the org at the start; undefined: there was none. */
  readonly keeper: AccountKeeper | undefined;
  /** The account whose new tokens this Market receives. */
  readonly notifiedAccount: string | undefined;
}

async function permitNow({ settings, deps, identity, keeper, notifiedAccount }: PermitOptions): Promise<StartPermit> {
  const { stateDir } = settings;
  const again = identity.readAgain?.();
  const credentials = again?.kind === "read" ? again.credentials : identity.credentials;
  // Without the org's keys only an open server could be started.
  if (identity.credentials !== undefined && credentials === undefined) return withheld(HAS_LEFT);
  const read = readState(stateDir);
  if (read.kind === "unreadable") return withheld(read.why);
  const home = homeOf(credentials, read.state);
  if (home.kind === "none") return { kind: "granted", configFile: undefined };
  if (home.kind === "elsewhere") return withheld(`one that knows the credentials in NATS_CREDS; ${whyUnknown(home)}`);
  if (home.org.authority.kind !== "owner" && home.org.account !== notifiedAccount) return withheld(NOT_NOTIFIED);
  const config = await (keeper?.serverConfig() ?? serverConfigFile({ stateDir, ...deps }));
  if (config.kind === "refused") return withheld(config.why);
  const org = config.state.orgs.find(({ account }) => account === home.org.account);
  if (config.path === undefined || org === undefined) return withheld(HAS_LEFT);
  return credentials !== undefined && isRevokedBy(org.accountJwt, credentials.publicKey)
    ? withheld(`the credentials of ${credentials.name} have been revoked`)
    : { kind: "granted", configFile: paths.serverConfig(stateDir, busKeyOf(org)) };
}

const withheld = (why: string): StartPermit => ({ kind: "withheld", why });
const HAS_LEFT = "this Market has left its org since it was started";
const NOT_NOTIFIED =
  "only the owner's Market starts one, as this one receives no revocations: restart it, or if its org or its credentials are of an earlier dwc, type  bin/dwc renew";

const whyUnknown = ({ org }: HomeElsewhere): string =>
  org === undefined
    ? "a Market starts a server only for an org in its own DWC_STATE, and it has none there"
    : `${quoteName(org.name)} in DWC_STATE is another org, whose server would not let them in`;

// Stores each account token that a Market receives from the bus in the state folder at once. A server that the Market
// starts next must not use an older token than the one before.

export type Learned =
  | JudgedToken
  /** It is newer, and only this process has it: `why` the folder does not. */
  | { readonly kind: "unsaved"; readonly why: string };

export interface AccountKeeperOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly mint: () => Promise<Mint>;
}

export class AccountKeeper {
  readonly #options: AccountKeeperOptions;
  readonly #account: string;
  /** Tokens from the bus by account: checked, and newer than the folder's. */
  readonly #received = new Map<string, string>();
  #last: Promise<unknown> = Promise.resolve();

  /** @param account of the org that this Market is in */
  constructor(options: AccountKeeperOptions, account: string) {
    this.#options = options;
    this.#account = account;
  }

  /**
   * Handles one token at a time, as each is compared with the result of the one before. A bad token is a result, not a
   * rejection.
   */
  learn(jwt: string): Promise<Learned> {
    const learning = this.#last.then(() => this.#learn(jwt));
    this.#last = learning.catch(() => undefined);
    return learning;
  }

  /** The newest token that this Market has. */
  async newest(): Promise<string | undefined> {
    await this.#last;
    return this.#org()?.accountJwt;
  }

  /** The configuration with all tokens received until now. */
  async serverConfig(): Promise<ServerConfigFile> {
    await this.#last;
    return this.#configOf();
  }

  #configOf(): Promise<ServerConfigFile> {
    return serverConfigFile({ ...this.#options, received: this.#received });
  }

  async #learn(jwt: string): Promise<Learned> {
    await this.#importWritten();
    const org = this.#org();
    if (org === undefined) return { kind: "forged" };
    const mint = await this.#options.mint();
    const judged = judgeToken(jwt, org, mint);
    // The same token as well: an older copy of the folder may be restored while the server runs.
    if (judged.kind === "newer" || judged.kind === "same") this.#received.set(this.#account, jwt);
    if (judged.kind !== "newer") return judged;
    const { stateDir: folder, clock } = this.#options;
    const kept = await changeState<object>({ folder, clock }, (state) => ({
      ...{ kind: "done", state: withToken(state, this.#account, jwt, mint) },
    }));
    return kept.kind === "done" ? judged : { kind: "unsaved", why: kept.why };
  }

  /** Imports a token that a server on this folder received, and that the state does not have yet. */
  async #importWritten(): Promise<void> {
    const org = this.#org();
    if (org !== undefined && writtenIsNewer(this.#options.stateDir, org)) await this.#configOf();
  }

  /** The org of the folder, with the newer token if only this process has it. */
  #org(): Org | undefined {
    const read = readState(this.#options.stateDir);
    const org = read.kind === "read" ? orgOf(read.state, this.#account) : undefined;
    const received = this.#received.get(this.#account);
    if (org === undefined || received === undefined) return org;
    return { ...org, accountJwt: newerAccount(received, org.accountJwt) };
  }
}

const orgOf = ({ orgs }: State, account: string): Org | undefined => orgs.find((org) => org.account === account);
