// A NATS token (a JWT) as text: its claims, and the bytes that its issuer has signed. Nothing here checks a signature.

import { parse, type Schema } from "./schema.ts";

export interface Token<Claims> {
  readonly claims: Claims;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * The last second that a server can read, 2^63 - 1, as this program reads it: a number here has 53 bits. A token that is
 * dated later is none to a server, so that a revocation until then covers all tokens of a key.
 */
export const LAST_SECOND = 2 ** 63;
const LAST_SECOND_TEXT = "9223372036854775807";
/** What stands for it in JSON of numbers with 53 bits, behind a user's key: more than a server can read. */
const ROUNDED = new RegExp(`("U[A-Z2-7]{55}":)${LAST_SECOND}(?=[,}])`, "g");

/** The text of a token's claims: JSON, with the last second to the digit where a key is revoked until then. */
export const claimsText = (claims: unknown): string => JSON.stringify(claims).replace(ROUNDED, `$1${LAST_SECOND_TEXT}`);

/** The only algorithm that dwc signs with; the older one leaves the header unsigned. */
const HEADER = '{"typ":"JWT","alg":"ed25519-nkey"}';

/**
 * Undefined: the token is not written as dwc writes tokens. One text has one meaning here: a claim that stands twice, or
 * in other letters, could be one thing to this program and another to nats-server, whose JSON ignores the case of names.
 */
export function readToken<Claims>(jwt: string, schema: Schema<Claims>): Token<Claims> | undefined {
  const [header = "", payload = "", signature = ""] = jwt.split(".");
  const text = decode(payload);
  if (jwt.split(".").length !== 3 || decode(header) !== HEADER || text === undefined) return undefined;
  const signatureBytes = Buffer.from(signature, "base64url");
  if (signatureBytes.toString("base64url") !== signature) return undefined;
  const json = parseJson(text);
  const read = parse(schema, json);
  if (read.kind === "mismatch" || !isOnlyTextOf(json, text)) return undefined;
  return {
    claims: read.value,
    signed: Buffer.from(`${header}.${payload}`),
    signature: signatureBytes,
  };
}

/** The claims of a token of any make, unchecked; an empty object where there are none. */
export function claimsIn(jwt: string): Readonly<Record<string, unknown>> {
  const [, payload = ""] = jwt.split(".");
  return Object(parseJson(Buffer.from(payload, "base64url").toString("utf8"))) as Record<string, unknown>;
}

/** Undefined: other text decodes to the same bytes, or the bytes are not text. */
function decode(part: string): string | undefined {
  const bytes = Buffer.from(part, "base64url");
  const text = bytes.toString("utf8");
  return bytes.toString("base64url") === part && Buffer.from(text).equals(bytes) ? text : undefined;
}

/** False as well for a value that is nested too deep to be written. */
function isOnlyTextOf(json: unknown, text: string): boolean {
  try {
    return claimsText(json) === text;
  } catch {
    return false;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
