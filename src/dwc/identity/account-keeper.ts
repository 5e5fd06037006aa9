// The account token of its org, as a Market learns it while it is on the bus, kept in the state folder at once: the server that
// it may have to start next must not be older than the one that ran.

import type { Clock } from "../../clock.ts";
import { newerAccount } from "./core/account.ts";
import { type JudgedToken, judgeToken, withToken } from "./core/account-token.ts";
import type { Org, State } from "./core/state.ts";
import type { Mint } from "./mint.ts";
import { type ServerConfigFile, serverConfigFile, writtenIsNewer } from "./server-config-file.ts";
import { changeState, readState } from "./state-file.ts";

export type Learned =
  | JudgedToken
  /** It is newer, and known to this process only: `why` the folder does not have it. */
  | { readonly kind: "unsaved"; readonly why: string };

export interface AccountKeeperOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly mint: () => Promise<Mint>;
}

export class AccountKeeper {
  readonly #options: AccountKeeperOptions;
  readonly #account: string;
  /** By account, as serverConfigFile wants it; newer than what the folder had, and checked. */
  readonly #received = new Map<string, string>();
  #last: Promise<unknown> = Promise.resolve();

  /** @param account of the org that this Market is in */
  constructor(options: AccountKeeperOptions, account: string) {
    this.#options = options;
    this.#account = account;
  }

  /** One after the other, as each is compared with what the one before has left. Never rejects for what it finds. */
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

  /** With all that was learned until now. */
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
    // Also the one that the folder has: an older copy may be put in its place while the server runs.
    if (judged.kind === "newer" || judged.kind === "same") this.#received.set(this.#account, jwt);
    if (judged.kind !== "newer") return judged;
    const { stateDir: folder, clock } = this.#options;
    const kept = await changeState<object>({ folder, clock }, (state) => ({
      ...{ kind: "done", state: withToken(state, this.#account, jwt, mint) },
    }));
    return kept.kind === "done" ? judged : { kind: "unsaved", why: kept.why };
  }

  /** A server that runs, or ran, on this folder was sent a token that the state does not have yet. */
  async #importWritten(): Promise<void> {
    const org = this.#org();
    if (org !== undefined && writtenIsNewer(this.#options.stateDir, org)) await this.#configOf();
  }

  /** The org as the folder has it, or with the newer token that only this process knows. */
  #org(): Org | undefined {
    const read = readState(this.#options.stateDir);
    const org = read.kind === "read" ? orgOf(read.state, this.#account) : undefined;
    const received = this.#received.get(this.#account);
    if (org === undefined || received === undefined) return org;
    return { ...org, accountJwt: newerAccount(received, org.accountJwt) };
  }
}

const orgOf = ({ orgs }: State, account: string): Org | undefined => orgs.find((org) => org.account === account);
