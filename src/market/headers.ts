// The headers of every response, page or error, each with its reason. Two common ones are missing on purpose, because
// the Market serves plain HTTP. `Strict-Transport-Security` would lock the browser out of every other program on
// localhost for a year. CSP's `upgrade-insecure-requests` would block the page's own style sheet.

export interface SecurityHeader {
  readonly name: string;
  readonly value: string;
  readonly reason: string;
}

const row = (name: string, value: string, reason: string): SecurityHeader => ({ name, value, reason });

const DIRECTIVES = [
  "default-src 'none'", // no scripts on pages of the shop, and nothing else that is not named below
  "img-src 'self'",
  "style-src 'self'", // files only: text cannot inject a style or a script
  "form-action 'self'", // an injected form cannot post to another site
  "frame-ancestors 'none'",
  "base-uri 'none'", // an injected <base> would redirect every form and link
];

const CONTENT_SECURITY_POLICY = DIRECTIVES.join("; ");
/** The board needs our script files and the feed. */
export const BOARD_CONTENT_SECURITY_POLICY = [...DIRECTIVES, "script-src 'self'", "connect-src 'self'"].join("; ");

export const SECURITY_HEADERS: readonly SecurityHeader[] = [
  row("Content-Security-Policy", CONTENT_SECURITY_POLICY, "a page may load our own pictures and styles, nothing else"),
  row("X-Content-Type-Options", "nosniff", "a browser must not interpret JSON as a page"),
  row("X-Frame-Options", "DENY", "frame-ancestors for browsers that lack it: no clickjacking"),
  // Not `no-referrer`: with it browsers send `Origin: null` with our own forms, which the Market rejects.
  row("Referrer-Policy", "same-origin", "other sites do not learn which page a visitor came from"),
  row("Cross-Origin-Opener-Policy", "same-origin", "a page that opens ours gets no handle on it"),
  row("Cross-Origin-Resource-Policy", "same-origin", "other sites cannot embed pages with a visitor's cart"),
  row(
    "Permissions-Policy",
    "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "no page uses these devices",
  ),
];
