// Bodies on the wire are JSON in UTF-8. Here bytes become `unknown`, once; what they mean is for others to check.

import type { TraceHeaders } from "../trace/core/trace.ts";

export type Decoded =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "unreadable"; readonly why: string };

/** The longest heartbeat that is read: ten times what ours needs, and a thousandth of what the bus would carry. */
export const MAX_HEARTBEAT_BYTES = 4096;
/** The longest request or answer that is read: the bus itself carries no more by default. */
export const MAX_BODY_BYTES = 1024 * 1024;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Decodes what anybody may have sent; never throws. */
export function decodeBody(bytes: Uint8Array, maxBytes: number): Decoded {
  if (bytes.length > maxBytes) return { kind: "unreadable", why: `longer than ${maxBytes} bytes` };
  try {
    return { kind: "value", value: JSON.parse(decoder.decode(bytes)) };
  } catch {
    return { kind: "unreadable", why: "not JSON in UTF-8" };
  }
}

/** The JSON of a request, written once: what differs for each attempt is added to it. */
export interface SerializedRequest {
  readonly text: string;
  /** An object to which fields can be added at its end. */
  readonly isPlain: boolean;
}

const DEADLINE = '"deadline"';
const TRACE = '"trace';

/** @throws what the request's getters and toJSON throw, and JSON itself for what it cannot write */
export function serializeRequest(request: object): SerializedRequest {
  const text: string | undefined = JSON.stringify(request);
  if (text?.startsWith("{")) return { text, isPlain: !text.includes(DEADLINE) };
  const fields: string | undefined = JSON.stringify({ ...request });
  if (fields?.startsWith("{") !== true) throw new TypeError("it is no object");
  return { text: fields, isPlain: !fields.includes(DEADLINE) };
}

/**
 * The request as it is sent: with a deadline (epoch ms by our own clock). Written into the text, as a copy of the object
 * with one field more costs 0.7 µs; that is left for what may have such a field of its own.
 * @param carried fields that say to which trace it belongs
 */
export function encodeRequest({ text, isPlain }: SerializedRequest, deadline: number, carried?: TraceHeaders): string {
  const isExtensible = isPlain && (carried === undefined || !text.includes(TRACE));
  if (!isExtensible) return JSON.stringify({ ...JSON.parse(text), deadline, ...carried });
  const own = text === "{}" ? "{" : `${text.slice(0, -1)},`;
  const trace = carried === undefined ? "}" : `,${JSON.stringify(carried).slice(1)}`;
  return `${own}${DEADLINE}:${deadline}${trace}`;
}

/** A character takes three bytes at most: most requests are far too short to be counted. */
const MAX_BYTES_PER_CHARACTER = 3;

export const isLongerThan = (text: string, limitBytes: number): boolean =>
  text.length * MAX_BYTES_PER_CHARACTER > limitBytes && Buffer.byteLength(text) > limitBytes;

/** The request's deadline (epoch ms by the caller's clock), if it carries a believable one. */
export function deadlineOf(request: unknown): number | undefined {
  if (typeof request !== "object" || request === null) return undefined;
  const { deadline } = request as { deadline?: unknown };
  return typeof deadline === "number" && Number.isFinite(deadline) ? deadline : undefined;
}
