// What a credentials file says of its holder, as far as we have to know it: who, until when, and where its answers may
// come to. Pure. Whether any of it is true only the server decides, as it alone checks the signatures.

import { credentialsFile, readCredentialsText } from "./credentials-text.ts";

export interface Credentials {
  /** The file's text as the client library reads it: what the server is shown, and a seed that is never shown. */
  readonly text: string;
  readonly seed: string;
  readonly publicKey: string;
  readonly name: string;
  /** Epoch seconds; undefined: never. */
  readonly expiresAt: number | undefined;
  readonly inboxPrefix: string;
}

/** How a program of ours goes to the bus. */
export interface Access {
  /** Undefined: there are none, which an open bus does not mind. */
  readonly credentials: Credentials | undefined;
  /** What to type when the bus refuses us. */
  readonly cure: string;
}

export type ParsedCredentials =
  | { readonly kind: "good"; readonly credentials: Credentials }
  | { readonly kind: "bad"; readonly why: string };

/** Where answers come to unless something else is said; also what clients of other makes use. */
export const USUAL_INBOX_PREFIX = "_INBOX";
/** 75 bits of the key: no two users of an org meet in one inbox, and the subject of every answer stays short. */
const INBOX_KEY_CHARACTERS = 16;
/** Far longer than any credentials; more is some other file. */
export const LONGEST_CREDENTIALS = 65_536;
const USER_KEY = /^U[A-Z2-7]{55}$/;

/** The inbox of one user's own: its permissions name it, so that nobody of the same org reads another's answers. */
export function inboxPrefixOf(publicKey: string): string {
  return `${USUAL_INBOX_PREFIX}.${publicKey.slice(1, 1 + INBOX_KEY_CHARACTERS)}`;
}

/** Reads the text of a credentials file; no part of it gets into `why`, as most of it is secret. */
export function parseCredentials(text: string): ParsedCredentials {
  if (text.length > LONGEST_CREDENTIALS) return bad("it holds no credentials");
  const read = readCredentialsText(text);
  if (read.kind === "bad") return read;
  const claims = decodeClaims(read.token);
  const { sub, name, exp } = claims;
  if (typeof sub !== "string" || !USER_KEY.test(sub)) return bad("its token cannot be read");
  const expiresAt = typeof exp === "number" ? exp : undefined;
  const shownName = typeof name === "string" ? name : sub;
  return {
    kind: "good",
    credentials: {
      ...fileOf(read),
      publicKey: sub,
      name: shownName,
      expiresAt,
      inboxPrefix: allowedInbox(sub, claims),
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

/** A token that somebody else made may allow another inbox than ours would. */
function allowedInbox(publicKey: string, { nats }: Claims): string {
  const { sub } = Object(nats) as { sub?: unknown };
  const { allow } = Object(sub) as { allow?: unknown };
  const own = inboxPrefixOf(publicKey);
  return Array.isArray(allow) && allow.includes(`${own}.>`) ? own : USUAL_INBOX_PREFIX;
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

type Claims = Readonly<Record<"sub" | "name" | "exp" | "nats", unknown>>;

function decodeClaims(token: string): Claims {
  const [, payload = ""] = token.split(".");
  try {
    return Object(JSON.parse(Buffer.from(payload, "base64url").toString("utf8"))) as Claims;
  } catch {
    return { sub: undefined, name: undefined, exp: undefined, nats: undefined };
  }
}

const bad = (why: string): ParsedCredentials => ({ kind: "bad", why });
