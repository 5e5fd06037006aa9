// Stores each account token that a Market receives from the bus in the state folder at once. A server that the Market
// starts next must not use an older token than the one before.

import type { Clock } from "../../clock.ts";
import { newerAccount } from "./core/account.ts";
import { type JudgedToken, judgeToken, withToken } from "./core/account-token.ts";
import type { Org, State } from "./core/state.ts";
import type { Mint } from "./mint.ts";
import { type ServerConfigFile, serverConfigFile, writtenIsNewer } from "./server-config-file.ts";
import { changeState, readState } from "./state-file.ts";

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
