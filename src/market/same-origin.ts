// Keeps other sites from changing a visitor's cart through the visitor's browser. Browsers say where a POST comes from,
// in headers that no page can forge; every such header that is there must say "this site", and one that we cannot read
// counts as no. Fields in the form (a token) would say the same at the price of a session and a key to keep.
//
// No such header at all is no browser of these years: curl, a script, a test. That holds with cookies too. A cookie jar
// of curl's is its owner's own; and the browsers that sent a cross-site form without `Origin` are older than
// 2020, honour the cart cookie's SameSite=Lax, and could at worst change a cart in which nothing can be lost.

export interface OriginHeaders {
  readonly secFetchSite: string | undefined;
  readonly origin: string | undefined;
  readonly referer: string | undefined;
  readonly host: string | undefined;
}

export type OriginCheck = { readonly kind: "own" } | { readonly kind: "foreign"; readonly why: string };

/** `same-site` is not among them: another port of localhost is the same site, and somebody else's program. */
const OWN_SITES = ["same-origin", "none"];

const OWN: OriginCheck = { kind: "own" };

/** Whether a request that changes something was sent by this site's own page, or by no page at all. */
export function checkOrigin(headers: OriginHeaders): OriginCheck {
  const { secFetchSite, origin, referer, host } = headers;
  if (secFetchSite !== undefined && !OWN_SITES.includes(secFetchSite)) return foreign("Sec-Fetch-Site", secFetchSite);
  if (origin !== undefined && !isHost(origin, host)) return foreign("Origin", origin);
  // `Referer` is often stripped or shortened, so it is asked only where nothing better was said.
  if (secFetchSite === undefined && origin === undefined && referer !== undefined && !isHost(referer, host)) {
    return foreign("Referer", referer);
  }
  return OWN;
}

/**
 * Whether `url` is of `host` (the Host header). Schemes are not compared: behind a proxy that speaks TLS the page is
 * https and we are not told. Privacy settings send the text `null` instead of a URL, which is nobody's host.
 */
function isHost(url: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(url)) return false;
  const parsed = new URL(url);
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") return false;
  // Parsed under the same scheme, so that a default port may be written or left out.
  const own = `${parsed.protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === parsed.host;
}

/** Enough to recognise an origin by; 15 KB of header are not printed back. */
const LONGEST_SHOWN = 100;
const shortened = (value: string): string =>
  value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}…` : value;

function foreign(header: string, value: string): OriginCheck {
  return { kind: "foreign", why: `${header} is ${JSON.stringify(shortened(value))}, which is not this site` };
}
