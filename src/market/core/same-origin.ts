// Keeps other sites from changing a visitor's cart through the visitor's browser. Fields in the form (a token) would do the
// same at the price of a session and a key to keep.
//
// `Sec-Fetch-Site` is the browser's own judgement of the page that sent the form. No page can forge it and no proxy rewrites
// it, so it decides alone. Browsers leave it out for a page that came without TLS from another machine, and before 2023 in
// general. Then `Origin` is compared with the names of this site: the Host header, the host that a proxy says it was asked
// for (a form of another site cannot add a header), and PUBLIC_URL. A header that cannot be read counts as no.
//
// A request with no such header is no browser of these years: curl, a script, a test. That holds with cookies too. A cookie
// jar of curl's is its owner's own; and the browsers that sent a cross-site form without `Origin` are older than 2020,
// honour the cart cookie's SameSite=Lax, and could at worst change a cart in which nothing can be lost.

import { quoted } from "../../util/printable.ts";

export interface OriginHeaders {
  readonly secFetchSite: string | undefined;
  readonly origin: string | undefined;
  readonly referer: string | undefined;
  readonly host: string | undefined;
  /** X-Forwarded-Host; each proxy on the way may have added its own, behind a comma. */
  readonly forwardedHost?: string | undefined;
}

export type OriginCheck = { readonly kind: "own" } | { readonly kind: "foreign"; readonly why: string };

/** `same-site` is not among them: another port of localhost is the same site, and somebody else's program. */
const OWN_SITES = ["same-origin", "none"];

const OWN: OriginCheck = { kind: "own" };

/**
 * Whether a request that changes something was sent by this site's own page, or by no page at all.
 * @param publicUrl the origin under which a proxy shows this site
 */
export function checkOrigin(headers: OriginHeaders, publicUrl?: string): OriginCheck {
  const { secFetchSite, origin, referer, host, forwardedHost } = headers;
  if (secFetchSite !== undefined) {
    if (OWN_SITES.includes(secFetchSite)) return OWN;
    return foreign(`Sec-Fetch-Site is ${shown(secFetchSite)}: the form was sent from another site's page`);
  }
  const [header, url] = origin === undefined ? ["Referer", referer] : ["Origin", origin];
  // `Referer` is often stripped or shortened, so it is asked only where nothing better was said.
  if (url === undefined) return OWN;
  const sender = webAddress(url);
  const isOwn = sender !== undefined && isOneOf(sender, [host, ...forwardedHosts(forwardedHost)], publicUrl);
  return isOwn ? OWN : foreign(whyNot(header, url, sender?.origin));
}

function isOneOf(sender: URL, hosts: readonly (string | undefined)[], publicUrl: string | undefined): boolean {
  return sender.origin === publicUrl || hosts.some((host) => host !== undefined && isHost(sender, host));
}

/**
 * Schemes are not compared: behind a proxy that speaks TLS the page is https and we are not told. The name is parsed under
 * the same scheme, so that a default port may be written or left out.
 */
function isHost(sender: URL, host: string): boolean {
  if (host.length > MAX_HOST_LENGTH) return false;
  const own = `${sender.protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === sender.host;
}

/** Each proxy on the way adds one; a longer list costs time to read, and is ignored. */
function forwardedHosts(header: string | undefined): readonly string[] {
  const names = (header ?? "").split(",", MAX_FORWARDED_HOSTS + 1).map((name) => name.trim());
  return names.length > MAX_FORWARDED_HOSTS ? [] : names;
}

/** Undefined: no address of a web page. Privacy settings send the text `null` instead of one. */
function webAddress(url: string): URL | undefined {
  if (url.length > MAX_ADDRESS_LENGTH || !URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed : undefined;
}

/** The longest DNS name and a port. */
const MAX_HOST_LENGTH = 260;
const MAX_FORWARDED_HOSTS = 5;
/** Longer than an address of this shop can be. */
const MAX_ADDRESS_LENGTH = 3_000;
/** Enough to recognise an origin by; 15 KB of header are not printed back. */
const MAX_QUOTED_LENGTH = 100;
const shown = (value: string): string => quoted(value, MAX_QUOTED_LENGTH);

/** For whoever runs the shop: behind a proxy that does not pass Host every order ends here. */
function whyNot(header: string, url: string, origin: string | undefined): string {
  const what = `${header} is ${shown(url)}, which is not the Host that this request names`;
  if (origin === undefined || origin.length > MAX_HOST_LENGTH) return what;
  return `${what}. If ${origin} is this shop behind a proxy, let the proxy pass Host (nginx: proxy_set_header Host $http_host;) or start the Market with PUBLIC_URL=${origin}`;
}

const foreign = (why: string): OriginCheck => ({ kind: "foreign", why });
