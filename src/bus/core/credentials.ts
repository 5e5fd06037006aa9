// The claims of a credentials file that this project needs: name, expiry and reply subjects. Nothing is verified here:
// only the server checks the signatures.

import { fieldsOf, parseJson } from "../../util/json.ts";
import { credentialsFile, readCredentialsText } from "./credentials-text.ts";

export interface Credentials {
  /** The file in the form of the client library: a token for the server, and a seed that is never sent. */
  readonly text: string;
  readonly seed: string;
  readonly publicKey: string;
  readonly name: string;
  /** Unix time in seconds; undefined: never. */
  readonly expiresAt: number | undefined;
  /** The caller's own part of its reply subjects; undefined: the token requires none. */
  readonly callerPart: string | undefined;
  /** Issued before reply subjects named the service that answers. A caller with such credentials receives no answer. */
  readonly isOutdated: boolean;
}

/** How a program of this project logs in. */
export interface BusLogin {
  /** Undefined: there are none, which is enough for an open bus. */
  readonly credentials: Credentials | undefined;
  /** What to type when the bus refuses the login. */
  readonly hint: string;
  /** Reads the credentials again. Undefined: they never change. */
  readonly readAgain?: CredentialsSource | undefined;
  /** Whether the operator named the credentials (NATS_CREDS). Otherwise they come from the state folder. */
  readonly isNamed: boolean;
}

/** Reads the current credentials. Called before each login, so it must be fast, and it must not throw. */
export type CredentialsSource = () => /** Undefined: there are none, or they were deleted. `hint`: if it has changed. */
  | { readonly kind: "read"; readonly credentials: Credentials | undefined; readonly hint?: string | undefined }
  /** `why`: a message, without its full stop, that says what to do. */
  | { readonly kind: "unreadable"; readonly why: string };

export type ParsedCredentials =
  | { readonly kind: "good"; readonly credentials: Credentials }
  | { readonly kind: "bad"; readonly why: string };

/** The default first part of reply subjects; other NATS clients use the same. */
export const REPLY_ROOT = "_INBOX";
/**
 * 77 bits of the key, because three bits of the first character are fixed. No two users of an org share a part, and
 * reply subjects stay short.
 */
const CALLER_PART_CHARACTERS = 16;
/** Far longer than any credentials. A longer file is another file. */
export const MAX_CREDENTIALS_LENGTH = 65_536;
const USER_KEY = /^U[A-Z2-7]{55}$/;
/**
 * A name that is safe in a message: at most as long as an e-mail address, no control characters, single spaces. In
 * place of any other name the key is shown.
 */
const LINE_NAME = /^(?=.{1,254}$)[^\s\p{C}]+( [^\s\p{C}]+)*$/u;

/**
 * A user's own part of its reply subjects. Only its own permissions contain it, so no other user can read its replies.
 */
export function callerPartOf(publicKey: string): string {
  return publicKey.slice(1, 1 + CALLER_PART_CHARACTERS);
}

/** The pattern of all replies to one user. Its permissions allow it to subscribe to this pattern only. */
export const repliesTo = (publicKey: string): string => `${REPLY_ROOT}.*.${callerPartOf(publicKey)}.>`;

/** Parses the text of a credentials file. `why` contains no part of it, because most of it is secret. */
export function parseCredentials(text: string): ParsedCredentials {
  if (text.length > MAX_CREDENTIALS_LENGTH)
    return bad(`it is longer than ${MAX_CREDENTIALS_LENGTH} characters, as no credentials are`);
  const read = readCredentialsText(text);
  if (read.kind === "bad") return read;
  const claims = decodeClaims(read.token);
  const { sub, name, exp } = claims;
  if (typeof sub !== "string" || !USER_KEY.test(sub)) return bad("its token cannot be read");
  const expiresAt = typeof exp === "number" ? exp : undefined;
  const shownName = typeof name === "string" && LINE_NAME.test(name) ? name : sub;
  return {
    kind: "good",
    credentials: {
      ...fileOf(read),
      publicKey: sub,
      name: shownName,
      expiresAt,
      ...replyRights(sub, claims),
    },
  };
}

const fileOf = ({
  token,
  seed,
}: {
  readonly token: string;
  readonly seed: string;
}): Pick<Credentials, "text" | "seed"> => ({
  text: credentialsFile(token, seed),
  seed,
});

/** A token of another tool may allow all reply subjects. Then the caller's part is free. */
function replyRights(publicKey: string, { nats }: CredentialClaims): Pick<Credentials, "callerPart" | "isOutdated"> {
  const { sub } = fieldsOf(nats);
  const { allow } = fieldsOf(sub);
  const grants = (pattern: string): boolean => Array.isArray(allow) && allow.includes(pattern);
  return {
    callerPart: grants(repliesTo(publicKey)) ? callerPartOf(publicKey) : undefined,
    isOutdated: grants(`${REPLY_ROOT}.${callerPartOf(publicKey)}.>`),
  };
}

/**
 * Whether the token allows its holder to publish to `subject`, compared literally and not as a pattern. A token that
 * names no subjects allows all.
 */
export function allowsSending({ text }: Pick<Credentials, "text">, subject: string): boolean {
  const read = readCredentialsText(text);
  const { nats } = decodeClaims(read.kind === "good" ? read.token : "");
  const { pub } = fieldsOf(nats);
  const { allow } = fieldsOf(pub);
  return !Array.isArray(allow) || allow.includes(subject);
}

/** The account (public key) that the holder of these credentials is a user of. */
export function accountOf({ text }: Pick<Credentials, "text">): string | undefined {
  const read = readCredentialsText(text);
  const { iss, nats } = decodeClaims(read.kind === "good" ? read.token : "");
  const { issuer_account: account = iss } = Object(nats) as { issuer_account?: unknown };
  return typeof account === "string" ? account : undefined;
}

type CredentialClaims = Readonly<Record<"sub" | "iss" | "name" | "exp" | "nats", unknown>>;

function decodeClaims(token: string): CredentialClaims {
  const [, payload = ""] = token.split(".");
  return fieldsOf(parseJson(Buffer.from(payload, "base64url").toString("utf8"))) as CredentialClaims;
}

const bad = (why: string): ParsedCredentials => ({ kind: "bad", why });
