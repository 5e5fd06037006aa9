// The credentials of this process, read again before each login: they are replaced while it runs, by `dwc` or by whoever
// keeps the file. What cannot be read at that moment is used as it was read last, and so is what another org issued: a
// program stays in the org that it began in.

import type { LoginContext } from "./connect-failure.ts";
import { accountOf, type Credentials, type CredentialsSource } from "./core/credentials.ts";

export interface IdentityOptions {
  readonly credentials?: Credentials | undefined;
  readonly cure?: string | undefined;
  readonly readAgain?: CredentialsSource | undefined;
}

export class LoginIdentity implements LoginContext {
  readonly #source: CredentialsSource | undefined;
  #credentials: Credentials | undefined;
  #cure: string | undefined;

  constructor({ credentials, cure, readAgain }: IdentityOptions) {
    this.#credentials = credentials;
    this.#cure = cure;
    this.#source = readAgain;
  }

  /** Those of the last login, or of the next one after renew(). */
  get credentials(): Credentials | undefined {
    return this.#credentials;
  }

  get holder(): string | undefined {
    return this.#credentials?.name;
  }

  get hint(): string | undefined {
    return this.#cure;
  }

  /** Whether others than those of the last login can be read by now. */
  get hasNews(): boolean {
    const read = this.#source?.();
    if (read?.kind !== "read" || read.credentials === undefined || this.#isElsewhere(read.credentials)) return false;
    return read.credentials.text !== this.#credentials?.text;
  }

  /** @returns why they could not be read, if they could not */
  renew(): string | undefined {
    const read = this.#source?.();
    if (read === undefined) return undefined;
    if (read.kind === "unreadable") return `${read.why}. Until then the credentials are used that were read before`;
    if (read.credentials !== undefined && this.#isElsewhere(read.credentials)) return ELSEWHERE;
    this.#cure = read.cure ?? this.#cure;
    // Where they are gone, as after `dwc revoke`, the old ones have the server say so.
    this.#credentials = read.credentials ?? this.#credentials;
    return undefined;
  }

  #isElsewhere(credentials: Credentials): boolean {
    return this.#credentials !== undefined && accountOf(credentials) !== accountOf(this.#credentials);
  }
}

const ELSEWHERE =
  "the new credentials are of another org than this program began in: start it again to change over. Until then the credentials are used that were read before";
