// Bodies on the wire are JSON in UTF-8. Here bytes become `unknown`, once; what they mean is for others to check.

export type Decoded =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "unreadable"; readonly why: string };

/** The longest heartbeat that is read: ten times what ours needs, and a thousandth of what the bus would carry. */
export const LONGEST_HEARTBEAT_BYTES = 4096;
/** The longest request or answer that is read: the bus itself carries no more by default. */
export const LONGEST_BODY_BYTES = 1024 * 1024;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Decodes what anybody may have sent; never throws. */
export function decodeBody(bytes: Uint8Array, longestBytes: number): Decoded {
  if (bytes.length > longestBytes) return { kind: "unreadable", why: `longer than ${longestBytes} bytes` };
  try {
    return { kind: "value", value: JSON.parse(decoder.decode(bytes)) };
  } catch {
    return { kind: "unreadable", why: "not JSON in UTF-8" };
  }
}

/**
 * The request as it is sent: its JSON, with a deadline (epoch ms by our own clock). Written into the text, as a copy of
 * the object with one field more costs 0.7 µs; that is left for what is no plain object to JSON, or has a deadline, and
 * for a trace.
 * @param carried fields that say to which trace it belongs
 */
export function encodeRequest(request: object, deadline: number, carried?: object): string {
  if (carried !== undefined) return JSON.stringify({ ...request, deadline, ...carried });
  const text: string | undefined = JSON.stringify(request);
  const isPlain = text?.startsWith("{") === true && text !== "{}" && !("deadline" in request);
  return isPlain ? `${text.slice(0, -1)},"deadline":${deadline}}` : JSON.stringify({ ...request, deadline });
}

/** The request's deadline (epoch ms by the caller's clock), if it carries a believable one. */
export function deadlineOf(request: unknown): number | undefined {
  if (typeof request !== "object" || request === null) return undefined;
  const { deadline } = request as { deadline?: unknown };
  return typeof deadline === "number" && Number.isFinite(deadline) ? deadline : undefined;
}
