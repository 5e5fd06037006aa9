// What a credentials file says of its holder, as far as we have to know it: who, until when, and where its answers may
// come to. Whether any of it is true only the server decides, as it alone checks the signatures.

import { credentialsFile, readCredentialsText } from "./credentials-text.ts";

export interface Credentials {
  /** The file's text as the client library reads it: what the server is shown, and a seed that is never shown. */
  readonly text: string;
  readonly seed: string;
  readonly publicKey: string;
  readonly name: string;
  /** Epoch seconds; undefined: never. */
  readonly expiresAt: number | undefined;
  /** The caller's own part of its reply subjects; undefined: the token asks for none. */
  readonly callerPart: string | undefined;
  /** Issued before reply subjects named the service that answers: with these a caller hears no answer. */
  readonly isOutdated: boolean;
}

/** How a program of ours goes to the bus. */
export interface BusLogin {
  /** Undefined: there are none, which an open bus does not mind. */
  readonly credentials: Credentials | undefined;
  /** What to type when the bus refuses us. */
  readonly cure: string;
  /** Reads the credentials again. Left out: they stay as they are. */
  readonly readAgain?: CredentialsSource | undefined;
  /** Whether a person named the credentials for this program (NATS_CREDS); else they are what the state folder has. */
  readonly isNamed: boolean;
}

/** What is there now. Asked before each login, so it must be quick, and must not throw. */
export type CredentialsSource = () => /** Undefined: none, or none any more. `cure`: where it differs from before. */
  | { readonly kind: "read"; readonly credentials: Credentials | undefined; readonly cure?: string | undefined }
  /** `why`: a sentence, without its full stop, that says what to do. */
  | { readonly kind: "unreadable"; readonly why: string };

export type ParsedCredentials =
  | { readonly kind: "good"; readonly credentials: Credentials }
  | { readonly kind: "bad"; readonly why: string };

/** The default first part of reply subjects; other NATS clients use the same. */
export const REPLY_ROOT = "_INBOX";
/** 77 bits of the key, as three of the first character are fixed: no two users of an org share a part, and the subject of every answer stays short. */
const CALLER_PART_CHARACTERS = 16;
/** Far longer than any credentials; more is some other file. */
export const MAX_CREDENTIALS_LENGTH = 65_536;
const USER_KEY = /^U[A-Z2-7]{55}$/;
/**
 * A name that can stand in a line: as long as an address at most, nothing that steers a terminal, and blanks one at a time.
 * For any other the key stands.
 */
const LINE_NAME = /^(?=.{1,254}$)[^\s\p{C}]+( [^\s\p{C}]+)*$/u;

/** A user's own part of its reply subjects. Its permissions name it, so no other user reads the answers to it. */
export function callerPartOf(publicKey: string): string {
  return publicKey.slice(1, 1 + CALLER_PART_CHARACTERS);
}

/** All answers to one user, from any service: the one pattern that its permissions let it hear. */
export const repliesTo = (publicKey: string): string => `${REPLY_ROOT}.*.${callerPartOf(publicKey)}.>`;

/** Reads the text of a credentials file; no part of it gets into `why`, as most of it is secret. */
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

/** A token from another tool may allow all reply subjects: then any part will do. */
function replyRights(publicKey: string, { nats }: Claims): Pick<Credentials, "callerPart" | "isOutdated"> {
  const { sub } = Object(nats) as { sub?: unknown };
  const { allow } = Object(sub) as { allow?: unknown };
  const hears = (pattern: string): boolean => Array.isArray(allow) && allow.includes(pattern);
  return {
    callerPart: hears(repliesTo(publicKey)) ? callerPartOf(publicKey) : undefined,
    isOutdated: hears(`${REPLY_ROOT}.${callerPartOf(publicKey)}.>`),
  };
}

/**
 * Whether the token says that its holder may send to `subject`, which stands there as it is written here. One that names
 * no subjects allows all of them.
 */
export function allowsSending({ text }: Pick<Credentials, "text">, subject: string): boolean {
  const read = readCredentialsText(text);
  const { nats } = decodeClaims(read.kind === "good" ? read.token : "");
  const { pub } = Object(nats) as { pub?: unknown };
  const { allow } = Object(pub) as { allow?: unknown };
  return !Array.isArray(allow) || allow.includes(subject);
}

/** The account (public key) that the holder of these credentials is a user of. */
export function accountOf({ text }: Pick<Credentials, "text">): string | undefined {
  const read = readCredentialsText(text);
  const { iss, nats } = decodeClaims(read.kind === "good" ? read.token : "");
  const { issuer_account: account = iss } = Object(nats) as { issuer_account?: unknown };
  return typeof account === "string" ? account : undefined;
}

type Claims = Readonly<Record<"sub" | "iss" | "name" | "exp" | "nats", unknown>>;

function decodeClaims(token: string): Claims {
  const [, payload = ""] = token.split(".");
  try {
    return Object(JSON.parse(Buffer.from(payload, "base64url").toString("utf8"))) as Claims;
  } catch {
    return { sub: undefined, iss: undefined, name: undefined, exp: undefined, nats: undefined };
  }
}

const bad = (why: string): ParsedCredentials => ({ kind: "bad", why });
