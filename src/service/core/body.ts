// The body of a request or an answer: any JSON value in UTF-8, bytes, or nothing at all, which is `undefined`.

import type { Body } from "../../bus/bus.ts";
import { type HeaderLines, type Headers, headerLines } from "../../bus/core/headers.ts";
import { type Decoded, decodeBody } from "../../util/json.ts";

/** The longest request or answer that is read. The default of the NATS server is the same. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** A value as it is sent. */
export interface EncodedBody {
  readonly body: Body;
  /** The header of bytes; empty for JSON. */
  readonly lines: HeaderLines;
}

const CONTENT_TYPE = "Content-Type";
const BYTES = "application/octet-stream";
const BYTES_LINES = headerLines([[CONTENT_TYPE, BYTES]]);
const NOTHING: EncodedBody = { body: "", lines: "" };

/**
 * Bytes are copied, because their owner may change them while the call goes on to another instance. A `slice` of a Buffer
 * would share its memory.
 * @throws TypeError for a value that JSON cannot write, and what the value's own getters and toJSON throw
 */
export function encodeBody(value: unknown): EncodedBody {
  if (value === undefined) return NOTHING;
  if (value instanceof Uint8Array) return { body: new Uint8Array(value), lines: BYTES_LINES };
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`a ${typeof value} cannot be written as JSON`);
  return { body: text, lines: "" };
}

/** Bytes are a copy: those of a message are a view of the socket's buffer, which keeping it would keep in memory. */
export function decodeValue(body: Uint8Array, headers?: Headers): Decoded {
  if (headers?.get(CONTENT_TYPE.toLowerCase()) === BYTES) return { kind: "value", value: Uint8Array.from(body) };
  return body.length === 0 ? { kind: "value", value: undefined } : decodeBody(body, MAX_BODY_BYTES);
}

/** A UTF-16 code unit takes at most three bytes in UTF-8. Most bodies are so short that their bytes need no count. */
const MAX_BYTES_PER_CHARACTER = 3;

export function isLongerThan(body: Body, limitBytes: number): boolean {
  if (typeof body !== "string") return body.length > limitBytes;
  return body.length * MAX_BYTES_PER_CHARACTER > limitBytes && Buffer.byteLength(body) > limitBytes;
}
