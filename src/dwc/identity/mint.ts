// Keys and tokens. The only file in identity that imports the token library; deciders get a Mint.
//
// Seeds are strings in the state, and key pairs only here. No error contains a seed, as the library's errors name none.

import { encodeAccount, encodeOperator, encodeUser, fmtCreds } from "@nats-io/jwt";
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from "@nats-io/nkeys";
import { isSignedBy, SigningKey } from "../../bus/nkey.ts";
import { TOKEN_EXPORTS, tokenImports } from "./core/account-links.ts";
import type { Permissions } from "./core/permissions.ts";
import { claimsIn, claimsText, LAST_SECOND } from "./core/token.ts";

export interface Key {
  readonly publicKey: string;
  readonly seed: string;
}

export interface AccountSpec {
  readonly kind: "org" | "system";
  readonly name: string;
  /** The account's public key. */
  readonly account: string;
  /** Public keys that may sign users beside the account itself. */
  readonly signingKeys: readonly string[];
  /** Keys of users that the server refuses. */
  readonly revokedKeys: readonly string[];
  /** The account from which an org imports its own token; undefined: it imports nothing. */
  readonly systemAccount?: string | undefined;
  /** When the previous token was issued, in epoch seconds. The new one gets a later time, whatever the clock shows. */
  readonly issuedAfter?: number | undefined;
}

export interface UserSpec {
  readonly name: string;
  readonly account: string;
  /** The seed of the account, or of one of its signing keys. */
  readonly signer: string;
  readonly permissions: (publicKey: string) => Permissions;
  /** Epoch seconds. */
  readonly expiresAt: number | null;
  readonly tags?: readonly string[];
}

export interface Mint {
  newKey(kind: "operator" | "account" | "user"): Key;
  operatorJwt(operatorSeed: string, systemAccount: string): Promise<string>;
  accountJwt(operatorSeed: string, spec: AccountSpec): Promise<string>;
  /** Makes a user with a new key, and its credentials. */
  creds(spec: UserSpec): Promise<{ readonly publicKey: string; readonly creds: string }>;
  /** Undefined: the seed is no seed of any kind of key. */
  publicKeyOf(seed: string): string | undefined;
  sign(seed: string, bytes: Uint8Array): Uint8Array;
  isSignedBy(publicKey: string, bytes: Uint8Array, signature: Uint8Array): boolean;
}

const CREATE = { operator: createOperator, account: createAccount, user: createUser } as const;
const OPERATOR_NAME = "Datawire Market";
const UNLIMITED = -1;
/** No limit within the account; no exports, no imports but its own token, no JetStream, no bearer tokens. */
const ACCOUNT_LIMITS = {
  ...{ conn: UNLIMITED, subs: UNLIMITED, data: UNLIMITED, payload: UNLIMITED },
  ...{ imports: 0, exports: 0, leaf: 0, wildcards: false, disallow_bearer: true },
} as const;
/** The server exports its own services from the system account, and would warn about a limit. */
const SYSTEM_EXPORTS = { exports: UNLIMITED, wildcards: true } as const;
/**
 * A revocation covers the tokens of a key that were issued until a time. dwc never uses a key twice, so this time
 * covers them even if the clock of a machine is ahead. An admin can date tokens at will, so in an org with admins a
 * revocation lasts until the last second. A server cannot show such a token (`INFO`), so the token gets a mark.
 */
const LAST_OF_2099 = 4_102_444_799;
const MARK_CHARACTERS = 16;
/** Characters of a new key, which are unique. */
const newMark = (): string => new NodePair(createUser()).getPublicKey().slice(1, 1 + MARK_CHARACTERS);

export const natsMint: Mint = {
  newKey: (kind) => keyOf(new NodePair(CREATE[kind]())),
  operatorJwt: (seed, systemAccount) =>
    encodeOperator(OPERATOR_NAME, pairOf(seed), { system_account: systemAccount }, {}),
  accountJwt: async (operatorSeed, spec) => {
    const jwt = await encodeAccount(inBytes(spec.name), spec.account, accountClaims(spec), withSigner(operatorSeed));
    return corrected(jwt, spec.issuedAfter, operatorSeed);
  },
  creds: mintCreds,
  publicKeyOf: (seed) => SigningKey.from(seed)?.publicKey,
  sign: (seed, bytes) => pairOf(seed).sign(bytes),
  isSignedBy,
};

function accountClaims({ kind, account, signingKeys, revokedKeys, systemAccount }: AccountSpec): object {
  const isMarked = systemAccount !== undefined && signingKeys.length > 0 && revokedKeys.length > 0;
  const revocations = Object.fromEntries(revokedKeys.map((key) => [key, isMarked ? LAST_SECOND : LAST_OF_2099]));
  const claims = { limits: ACCOUNT_LIMITS, signing_keys: [...signingKeys], revocations };
  if (kind === "system") return { ...claims, limits: { ...ACCOUNT_LIMITS, ...SYSTEM_EXPORTS }, exports: TOKEN_EXPORTS };
  if (systemAccount === undefined) return claims;
  const mark = isMarked ? newMark() : undefined;
  const imports = tokenImports(account, systemAccount, mark);
  return { ...claims, limits: { ...ACCOUNT_LIMITS, imports: imports.length }, imports };
}

/**
 * The library takes the time from the clock, which may show the same second again, or be set back. It also rounds the
 * last second up. This corrects both and signs again. @param before when the previous token was issued
 */
function corrected(jwt: string, before: number | undefined, operatorSeed: string): string {
  const claims = claimsIn(jwt);
  const isLater = before === undefined || Number(claims["iat"]) > before;
  const [header = "", payload] = jwt.split(".");
  const text = claimsText(isLater ? claims : { ...claims, iat: before + 1 });
  const right = Buffer.from(text).toString("base64url");
  if (right === payload) return jwt;
  const signed = `${header}.${right}`;
  return `${signed}.${Buffer.from(pairOf(operatorSeed).sign(Buffer.from(signed))).toString("base64url")}`;
}

async function mintCreds(spec: UserSpec): ReturnType<Mint["creds"]> {
  const { name, account, signer, permissions, expiresAt, tags } = spec;
  const user = new NodePair(createUser());
  const publicKey = user.getPublicKey();
  const signerPair = pairOf(signer);
  // A token that the account itself signed does not name the account. One by a signing key does.
  const isAccount = signerPair.getPublicKey() === account;
  const tagged = tags === undefined ? {} : { tags: [...tags] };
  const claims = { ...permissions(publicKey), allowed_connection_types: ["STANDARD"], ...tagged };
  const options = { ...(isAccount ? {} : { signer: signerPair }), ...(expiresAt === null ? {} : { exp: expiresAt }) };
  const jwt = await encodeUser(inBytes(name), user, isAccount ? signerPair : account, claims as object, options);
  return { publicKey, creds: Buffer.from(fmtCreds(jwt, user)).toString("utf8") };
}

/** UTF-8 as a string of bytes: the library writes each character as one byte, and throws for a wider one. */
const inBytes = (name: string): string => Buffer.from(name).toString("latin1");
const pairOf = (seed: string): KeyPair => new NodePair(fromSeed(Buffer.from(seed)));
const withSigner = (seed: string): { readonly signer: KeyPair } => ({ signer: pairOf(seed) });
const keyOf = (pair: KeyPair): Key => ({
  publicKey: pair.getPublicKey(),
  seed: Buffer.from(pair.getSeed()).toString("utf8"),
});

/** A pair of the token library's that signs and verifies with Node's Ed25519. */
class NodePair implements KeyPair {
  readonly #pair: KeyPair;
  readonly #key: SigningKey;

  /** @throws Error for a pair that is no operator's, account's or user's */
  constructor(pair: KeyPair) {
    const key = SigningKey.from(Buffer.from(pair.getSeed()).toString("utf8"));
    if (key === undefined) throw new Error("a key pair signs for an operator, an account or a user");
    this.#pair = pair;
    this.#key = key;
  }

  getPublicKey(): string {
    return this.#key.publicKey;
  }

  getPrivateKey(): Uint8Array {
    return Buffer.from(this.#key.privateKey);
  }

  getSeed(): Uint8Array {
    return this.#pair.getSeed();
  }

  sign(bytes: Uint8Array): Uint8Array {
    return this.#key.sign(bytes);
  }

  verify(bytes: Uint8Array, signature: Uint8Array): boolean {
    return isSignedBy(this.#key.publicKey, bytes, signature);
  }

  clear(): void {
    this.#pair.clear();
  }

  seal(...given: Parameters<KeyPair["seal"]>): Uint8Array {
    return this.#pair.seal(...given);
  }

  open(...given: Parameters<KeyPair["open"]>): Uint8Array | null {
    return this.#pair.open(...given);
  }
}
