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

/** The request's deadline (epoch ms by the caller's clock), if it carries a believable one. */
export function deadlineOf(request: unknown): number | undefined {
  if (typeof request !== "object" || request === null) return undefined;
  const { deadline } = request as { deadline?: unknown };
  return typeof deadline === "number" && Number.isFinite(deadline) ? deadline : undefined;
}
