// The claims of a credentials file that this project needs: name, expiry and reply subjects. Nothing is verified here:
// only the server checks the signatures.

import { fieldsOf, parseJson } from "../../util/json.ts";
import { credentialsFile, readCredentialsText } from "./credentials-text.ts";
import { ANY_CALLER, checkServiceName, warningSubject } from "./subjects.ts";

/** The credentials of a person or a service, as `dwc` writes them. */
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
  /**
   * An earlier dwc issued them. The server then refuses subjects that programs of today need: replies that name the
   * service, or other operations than `get`.
   */
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

/** The credentials in a file, or why they cannot be used. */
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
function replyRights(publicKey: string, claims: CredentialClaims): Pick<Credentials, "callerPart" | "isOutdated"> {
  const [sends, receives] = [allowedIn(claims, "pub") ?? [], allowedIn(claims, "sub") ?? []];
  const hasCallerPart = receives.includes(repliesTo(publicKey));
  const hasGetAlone = sends.includes("*.get.*") || receives.includes(`${claims.name}.get.*`);
  return {
    callerPart: hasCallerPart ? callerPartOf(publicKey) : undefined,
    isOutdated: receives.includes(`${REPLY_ROOT}.${callerPartOf(publicKey)}.>`) || (hasCallerPart && hasGetAlone),
  };
}

/** The subjects that a token names; undefined: it names none, and so allows all. */
function allowedIn({ nats }: CredentialClaims, part: "pub" | "sub"): readonly unknown[] | undefined {
  const { allow } = fieldsOf(fieldsOf(nats)[part]);
  return Array.isArray(allow) ? allow : undefined;
}

/**
 * Whether the token allows its holder to publish to `subject`, compared literally and not as a pattern. A token that
 * names no subjects allows all.
 */
export function allowsSending({ text }: Pick<Credentials, "text">, subject: string): boolean {
  return allowedIn(claimsOf(text), "pub")?.includes(subject) ?? true;
}

/** The pattern of the warnings that a user may publish about a service, or with `*` about every one. */
export const warningsFrom = (service: string, publicKey: string): string =>
  warningSubject(service, `${callerPartOf(publicKey)}.*`);

/**
 * As which the holder of `credentials` may warn other callers of instances of `service`: its own part, and the part of its
 * process. Undefined: the token does not permit it, as that of an earlier dwc.
 */
export function warningSenderOf(
  credentials: Credentials | undefined,
  service: string,
  processPart: string,
): string | undefined {
  if (credentials === undefined) return `${ANY_CALLER}.${processPart}`;
  const { publicKey } = credentials;
  const isPermitted = [service, "*"].some((about) => allowsSending(credentials, warningsFrom(about, publicKey)));
  return isPermitted ? `${callerPartOf(publicKey)}.${processPart}` : undefined;
}

/** The services that the holder of a service's credentials may call, as `dwc create-service --calls` wrote them. */
export function callsIn(text: string): readonly string[] {
  return (allowedIn(claimsOf(text), "pub") ?? []).flatMap((rule) => {
    const [, name = ""] = /^([^.]+)\.\*\.\*$/.exec(String(rule)) ?? [];
    return checkServiceName(name).kind === "good" ? [name] : [];
  });
}

/** The account (public key) that the holder of these credentials is a user of. */
export function accountOf({ text }: Pick<Credentials, "text">): string | undefined {
  const { iss, nats } = claimsOf(text);
  const { issuer_account: account = iss } = Object(nats) as { issuer_account?: unknown };
  return typeof account === "string" ? account : undefined;
}

type CredentialClaims = Readonly<Record<"sub" | "iss" | "name" | "exp" | "nats", unknown>>;

function claimsOf(text: string): CredentialClaims {
  const read = readCredentialsText(text);
  return decodeClaims(read.kind === "good" ? read.token : "");
}

function decodeClaims(token: string): CredentialClaims {
  const [, payload = ""] = token.split(".");
  return fieldsOf(parseJson(Buffer.from(payload, "base64url").toString("utf8"))) as CredentialClaims;
}

const bad = (why: string): ParsedCredentials => ({ kind: "bad", why });
