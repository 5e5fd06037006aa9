// Checks what a request asks for (the target of its first line) before anything else looks at it, so that no router,
// view or log has to be careful. Good targets come out as a path with its query; the rest goes out with a status.

export type Target =
  | { readonly kind: "good"; readonly target: string }
  | { readonly kind: "bad"; readonly status: 400 | 414; readonly why: string };

/** The longest that this shop has use for is a tenth of this. */
const MAX_TARGET_LENGTH = 2048;

/** @param raw the target as received: `/path?query`, or in the absolute form that proxies use */
export function checkTarget(raw: string): Target {
  if (raw.length > MAX_TARGET_LENGTH) return bad(414, `the address is longer than ${MAX_TARGET_LENGTH} characters`);
  const target = raw.startsWith("/") ? raw : fromAbsolute(raw);
  if (target === undefined) return bad(400, "the address is neither a path nor a whole http address");
  const decoded = decode(target);
  if (decoded === undefined)
    return bad(400, "the address has a % that is not followed by UTF-8 in two hex digits each");
  return hasControl(decoded) ? bad(400, "the address has control characters in it") : { kind: "good", target };
}

const ABSOLUTE = /^https?:\/\/[^/?#\\]+([/?].*)?$/is;

/**
 * HTTP/1.1 servers must take `GET http://host/path` as well (RFC 9112, 3.2.2). The path stays as it was sent, as in the
 * other form: HAProxy passes `http://host/x/../board` on, and a rule of its own for /board has not matched it.
 */
function fromAbsolute(raw: string): string | undefined {
  const found = ABSOLUTE.exec(raw);
  if (found === null || !URL.canParse(raw)) return undefined;
  const [, rest = ""] = found;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function hasControl(text: string): boolean {
  for (const character of text) {
    if (character < " " || character === "\u007f") return true;
  }
  return false;
}

const bad = (status: 400 | 414, why: string): Target => ({ kind: "bad", status, why });
