// The credentials of this process, read again before each login, because `dwc` or the operator may replace them while it
// runs. If they cannot be read, or belong to another org, the previous ones stay in use: a program stays in its org.

import type { LoginContext } from "./connect-failure.ts";
import { accountOf, type Credentials, type CredentialsSource, callsIn } from "./core/credentials.ts";

export interface IdentityOptions {
  readonly credentials?: Credentials | undefined;
  readonly hint?: string | undefined;
  readonly readAgain?: CredentialsSource | undefined;
}

export class LoginIdentity implements LoginContext {
  readonly #source: CredentialsSource | undefined;
  #credentials: Credentials | undefined;
  #hint: string | undefined;

  constructor({ credentials, hint, readAgain }: IdentityOptions) {
    this.#credentials = credentials;
    this.#hint = hint;
    this.#source = readAgain;
  }

  /** Those of the last login; after renew(), those of the next. */
  get credentials(): Credentials | undefined {
    return this.#credentials;
  }

  get holder(): string | undefined {
    return this.#credentials?.name;
  }

  get calls(): readonly string[] {
    return this.#credentials === undefined ? [] : callsIn(this.#credentials.text);
  }

  get hint(): string | undefined {
    return this.#hint;
  }

  /** Whether other credentials than those of the last login can be read now. */
  get hasNewCredentials(): boolean {
    const read = this.#source?.();
    if (read?.kind !== "read" || read.credentials === undefined || this.#isOfOtherOrg(read.credentials)) return false;
    return read.credentials.text !== this.#credentials?.text;
  }

  /** Reads the credentials. @returns why the previous ones stay in use, if they do */
  renew(): string | undefined {
    const read = this.#source?.();
    if (read === undefined) return undefined;
    if (read.kind === "unreadable") return `${read.why}. Until then the credentials are used that were read before`;
    if (read.credentials !== undefined && this.#isOfOtherOrg(read.credentials)) return OTHER_ORG;
    this.#hint = read.hint ?? this.#hint;
    // If they are deleted, as after `dwc revoke`, the old ones are sent, and the server says that they are revoked.
    this.#credentials = read.credentials ?? this.#credentials;
    return undefined;
  }

  #isOfOtherOrg(credentials: Credentials): boolean {
    return this.#credentials !== undefined && accountOf(credentials) !== accountOf(this.#credentials);
  }
}

const OTHER_ORG =
  "the new credentials are of another org than this program began in: start it again to change over. Until then the credentials are used that were read before";
