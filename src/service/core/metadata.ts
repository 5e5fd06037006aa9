// The metadata of a request: texts by key that go along beside the body, each as a header `Dwc-Meta-<key>: <value>`. The
// library reads none of it. It is for what a chain of calls has in common, such as a tenant.

import { type HeaderLines, type Headers, headerLines } from "../../bus/core/headers.ts";
import { quoted } from "../../util/printable.ts";

/** Texts by key: lower-case letters, digits and `-`, starting with a letter, 64 at most. A value is one line of text. */
export type Metadata = Readonly<Record<string, string>>;

const PREFIX = "Dwc-Meta-";
const PREFIX_KEY = PREFIX.toLowerCase();
const MAX_KEY_LENGTH = 64;
const KEY = /^[a-z][a-z0-9-]{0,63}$/;
/** A control character may end the header, and no half of a surrogate pair can be written as UTF-8. */
const UNSENDABLE = /[\p{Cc}\p{Surrogate}]/u;
/** Keys and values of one request, in UTF-8. A receiver reads no more either. */
const MAX_BYTES = 4_096;
/** A receiver reads no message with more than a hundred headers. Others need some of them. */
const MAX_KEYS = 64;

/** Without a prototype, so that `metadata.constructor` is undefined. */
const empty = (): Record<string, string> => Object.create(null) as Record<string, string>;

export const NO_METADATA: Metadata = Object.freeze(empty());

/**
 * The headers of metadata as a caller gave it.
 * @param inherited of the request within which the call is made. Of two values of one key the caller's own counts
 * @throws TypeError for what is no metadata: the key and the rule. Values are not shown, because they may be secret
 */
export function metadataLines(given: unknown, inherited: Metadata = NO_METADATA): HeaderLines {
  if (given === undefined && inherited === NO_METADATA) return "";
  if (given !== undefined && (typeof given !== "object" || given === null || Array.isArray(given)))
    throw new TypeError("metadata must be an object of texts");
  const fields = Object.entries({ ...inherited, ...given });
  if (fields.length === 0) return "";
  if (fields.length > MAX_KEYS) throw new TypeError(`metadata has ${fields.length} keys: it may have ${MAX_KEYS}`);
  let bytes = 0;
  for (const [key, value] of fields) {
    const why = whyNot(key, value);
    if (why !== undefined) throw new TypeError(why);
    bytes += bytesOf(key, value);
  }
  if (bytes > MAX_BYTES) throw new TypeError(`metadata has ${bytes} bytes: it may have ${MAX_BYTES}`);
  return headerLines(fields.map(([key, value]) => [`${PREFIX}${key}`, value]));
}

function whyNot(key: string, value: unknown): string | undefined {
  if (!KEY.test(key))
    return `metadata key ${quoted(key, MAX_KEY_LENGTH)} must be 1 to 64 lower-case letters, digits and -, starting with a letter`;
  return isValue(value) ? undefined : `metadata ${key} must be one line of text without blanks around it`;
}

/** Blanks around the value of a header are lost on the way. */
const isValue = (value: unknown): value is string =>
  typeof value === "string" && !UNSENDABLE.test(value) && value.trim() === value;

const bytesOf = (key: string, value: string): number => key.length + Buffer.byteLength(value);

/**
 * The metadata of a request, frozen. What breaks a rule is left out, so that a handler can pass on all that it gets.
 */
export function metadataOf(headers: Headers): Metadata {
  let metadata: Record<string, string> | undefined;
  let bytes = 0;
  let keys = 0;
  for (const [name, value] of headers) {
    if (!name.startsWith(PREFIX_KEY)) continue;
    const key = name.slice(PREFIX_KEY.length);
    bytes += bytesOf(key, value);
    keys += 1;
    if (bytes > MAX_BYTES || keys > MAX_KEYS) break;
    if (!KEY.test(key) || !isValue(value)) continue;
    metadata ??= empty();
    metadata[key] = value;
  }
  return metadata === undefined ? NO_METADATA : Object.freeze(metadata);
}
