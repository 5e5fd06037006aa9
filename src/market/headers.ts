// The headers of every answer, page or error, each with its reason. Two usual ones are missing on purpose:
// `Strict-Transport-Security` and CSP's `upgrade-insecure-requests`. The Market speaks plain HTTP on this machine; the
// first would lock the browser out of every other program on localhost for a year, the second would take the page's
// own style sheet away.

export interface SecurityHeader {
  readonly name: string;
  readonly value: string;
  readonly reason: string;
}

const row = (name: string, value: string, reason: string): SecurityHeader => ({ name, value, reason });

const DIRECTIVES = [
  "default-src 'none'", // no scripts at all on any page of the shop, and nothing else that is not named below
  "img-src 'self'",
  "style-src 'self'", // files only: no style or script can be smuggled in with text
  "form-action 'self'", // a form cannot be made to post the cart elsewhere
  "frame-ancestors 'none'",
  "base-uri 'none'", // a smuggled <base> would send every form and link elsewhere
];

const CONTENT_SECURITY_POLICY = DIRECTIVES.join("; ");
/** The board, which no shopper visits, is kept up to date by script files of ours, and by a feed from here. */
export const BOARD_CONTENT_SECURITY_POLICY = [...DIRECTIVES, "script-src 'self'", "connect-src 'self'"].join("; ");

export const SECURITY_HEADERS: readonly SecurityHeader[] = [
  row("Content-Security-Policy", CONTENT_SECURITY_POLICY, "what a page may load: our own pictures and style, no more"),
  row("X-Content-Type-Options", "nosniff", "a browser must not guess that some JSON is a page"),
  row("X-Frame-Options", "DENY", "frame-ancestors for browsers that do not know it: no stolen clicks"),
  // Not `no-referrer`: with it browsers send `Origin: null` with our own forms, which we refuse.
  row("Referrer-Policy", "same-origin", "other sites need not know what somebody looked at"),
  row("Cross-Origin-Opener-Policy", "same-origin", "a page that opened ours gets no handle on it"),
  row("Cross-Origin-Resource-Policy", "same-origin", "other sites cannot embed what a visitor's cookies would show"),
  row(
    "Permissions-Policy",
    "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "the Camera is only sold here",
  ),
];
