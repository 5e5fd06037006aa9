// CSRF protection: other sites must not change a visitor's cart through the visitor's browser. A token in the form
// would do the same, at the price of a session and a key.
//
// `Sec-Fetch-Site` is the browser's own statement about the page that sent the form. No page can forge it and no proxy
// rewrites it, so it decides alone. Browsers omit it for a page that came without TLS from another machine, and before
// 2023 in general. Then `Origin` is compared with the names of this site: the Host header, the forwarded host of a
// proxy (a form of another site cannot add a header), and PUBLIC_URL. An unreadable header is rejected.
//
// A request without any such header comes from no current browser, but from curl, a script or a test. That holds for
// requests with cookies as well: a cookie jar of curl belongs to its user. Browsers that sent a cross-site form without
// `Origin` are older than 2020. They honour SameSite=Lax of the cart cookie, and the worst result is a changed cart.

import { quoted } from "../../../util/printable.ts";

export interface OriginHeaders {
  readonly secFetchSite: string | undefined;
  readonly origin: string | undefined;
  readonly referer: string | undefined;
  readonly host: string | undefined;
  /** X-Forwarded-Host; each proxy may have appended its own, after a comma. */
  readonly forwardedHost?: string | undefined;
}

export type OriginCheck = { readonly kind: "own" } | { readonly kind: "foreign"; readonly why: string };

/** Without `same-site`: another port of localhost is the same site, and another program. */
const OWN_SITES = ["same-origin", "none"];

const OWN: OriginCheck = { kind: "own" };

/**
 * Decides if a request that changes something was sent by this site's own page, or by no page.
 * @param publicUrl the origin under which a proxy serves this site
 */
export function checkOrigin(headers: OriginHeaders, publicUrl?: string): OriginCheck {
  const { secFetchSite, origin, referer, host, forwardedHost } = headers;
  if (secFetchSite !== undefined) {
    if (OWN_SITES.includes(secFetchSite)) return OWN;
    return foreign(`Sec-Fetch-Site is ${shown(secFetchSite)}: the form was sent from another site's page`);
  }
  const [header, url] = origin === undefined ? ["Referer", referer] : ["Origin", origin];
  // `Referer` is often stripped or shortened, so it counts only without `Origin`.
  if (url === undefined) return OWN;
  const sender = webAddress(url);
  const isOwn = sender !== undefined && isOneOf(sender, [host, ...forwardedHosts(forwardedHost)], publicUrl);
  return isOwn ? OWN : foreign(whyNot(header, url, sender?.origin));
}

function isOneOf(sender: URL, hosts: readonly (string | undefined)[], publicUrl: string | undefined): boolean {
  return sender.origin === publicUrl || hosts.some((host) => host !== undefined && isHost(sender, host));
}

/**
 * Schemes are not compared: behind a proxy with TLS the page is https, and the Market cannot see that. The host is
 * parsed under the sender's scheme, so that a default port may be present or not.
 */
function isHost(sender: URL, host: string): boolean {
  if (host.length > MAX_HOST_LENGTH) return false;
  const own = `${sender.protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === sender.host;
}

/** Each proxy adds one; a longer list costs time to parse, and is ignored. */
function forwardedHosts(header: string | undefined): readonly string[] {
  const names = (header ?? "").split(",", MAX_FORWARDED_HOSTS + 1).map((name) => name.trim());
  return names.length > MAX_FORWARDED_HOSTS ? [] : names;
}

/** Undefined: not the address of a web page. Browsers with privacy settings send the text `null`. */
function webAddress(url: string): URL | undefined {
  if (url.length > MAX_ADDRESS_LENGTH || !URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed : undefined;
}

/** The longest DNS name and a port. */
const MAX_HOST_LENGTH = 260;
const MAX_FORWARDED_HOSTS = 5;
/** No address of this shop is as long. */
const MAX_ADDRESS_LENGTH = 3_000;
/** Enough to recognize an origin; 15 KB of header are not sent back. */
const MAX_QUOTED_LENGTH = 100;
const shown = (value: string): string => quoted(value, MAX_QUOTED_LENGTH);

/** The message is for the operator: behind a proxy that does not pass Host every order is rejected here. */
function whyNot(header: string, url: string, origin: string | undefined): string {
  const what = `${header} is ${shown(url)}, which is not the Host that this request names`;
  if (origin === undefined || origin.length > MAX_HOST_LENGTH) return what;
  return `${what}. If ${origin} is this shop behind a proxy, let the proxy pass Host (nginx: proxy_set_header Host $http_host;) or start the Market with PUBLIC_URL=${origin}`;
}

const foreign = (why: string): OriginCheck => ({ kind: "foreign", why });
