// JSON from outside: it may be anything, so it is parsed to `unknown` and checked field by field.

export type Fields = Readonly<Record<string, unknown>>;

/** Undefined: the text is not JSON. JSON itself never parses to undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The fields of any value. A value without fields has none: null, a number, a text that was no JSON. */
export const fieldsOf = (value: unknown): Fields => Object(value) as Fields;

/** False for null and for lists, which JavaScript counts as objects. */
export const isJsonObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function isIntegerIn(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

export type Decoded =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "unreadable"; readonly why: string };

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Decodes a body from any client of the bus. Never throws. */
export function decodeBody(bytes: Uint8Array, maxBytes: number): Decoded {
  if (bytes.length > maxBytes) return { kind: "unreadable", why: `longer than ${maxBytes} bytes` };
  try {
    return { kind: "value", value: JSON.parse(decoder.decode(bytes)) };
  } catch {
    return { kind: "unreadable", why: "not JSON in UTF-8" };
  }
}
