// Parses a NATS token (a JWT): its claims, and the bytes that its issuer signed. This file verifies no signature.

import { parseJson } from "../../../util/json.ts";
import { parse, type Schema } from "./schema.ts";

export interface Token<Claims> {
  readonly claims: Claims;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * The last second that a server can parse, 2^63 - 1, rounded to the 53 bits of a number here. A server refuses a token
 * with a later date, so a revocation until then covers all tokens of a key.
 */
export const LAST_SECOND = 2 ** 63;
const LAST_SECOND_TEXT = "9223372036854775807";
/** The rounded number in JSON, after a user's key. A server cannot parse it. */
const ROUNDED = new RegExp(`("U[A-Z2-7]{55}":)${LAST_SECOND}(?=[,}])`, "g");

/** The JSON of a token's claims. The last second of a revocation is written exactly. */
export const claimsText = (claims: unknown): string => JSON.stringify(claims).replace(ROUNDED, `$1${LAST_SECOND_TEXT}`);

/** The only algorithm that dwc signs with; the older one leaves the header unsigned. */
const HEADER = '{"typ":"JWT","alg":"ed25519-nkey"}';

/**
 * Undefined: the token is not encoded as dwc encodes tokens. Each text must have one meaning: nats-server's JSON
 * ignores the case of names, so it could read a repeated or differently spelled claim in another way than this program.
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

/** The unchecked claims of any token; an empty object if it has none. */
export function claimsIn(jwt: string): Readonly<Record<string, unknown>> {
  const [, payload = ""] = jwt.split(".");
  return Object(parseJson(Buffer.from(payload, "base64url").toString("utf8"))) as Record<string, unknown>;
}

/** Undefined: the encoding is not canonical, or the bytes are not UTF-8. */
function decode(part: string): string | undefined {
  const bytes = Buffer.from(part, "base64url");
  const text = bytes.toString("utf8");
  return bytes.toString("base64url") === part && Buffer.from(text).equals(bytes) ? text : undefined;
}

/** False as well for a value that is nested too deeply for JSON.stringify. */
function isOnlyTextOf(json: unknown, text: string): boolean {
  try {
    return claimsText(json) === text;
  } catch {
    return false;
  }
}
