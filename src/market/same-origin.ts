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
/** Longer than an origin with the longest host name. */
const MAX_ORIGIN_LENGTH = 300;

/**
 * Whether a request that changes something was sent by this site's own page, or by no page at all.
 * @param publicUrl the origin under which a proxy shows this site
 */
export function checkOrigin(headers: OriginHeaders, publicUrl?: string): OriginCheck {
  const { secFetchSite, origin, referer, host, forwardedHost } = headers;
  if (secFetchSite !== undefined) {
    if (OWN_SITES.includes(secFetchSite)) return OWN;
    return foreign(
      `Sec-Fetch-Site is ${JSON.stringify(shortened(secFetchSite))}: the form was sent from another site's page`,
    );
  }
  const own = [host, ...(forwardedHost ?? "").split(",").map((name) => name.trim())];
  const isPublic = (url: string): boolean => publicUrl !== undefined && originOf(url) === publicUrl;
  const isOwn = (url: string): boolean => isPublic(url) || own.some((name) => isHost(url, name));
  // `Referer` is often stripped or shortened, so it is asked only where nothing better was said.
  const [header, url] = origin === undefined ? ["Referer", referer] : ["Origin", origin];
  return url === undefined || isOwn(url) ? OWN : foreign(whyNot(header, url));
}

/**
 * Whether `url` is of `host` (the Host header). Schemes are not compared: behind a proxy that speaks TLS the page is
 * https and we are not told. Privacy settings send the text `null` instead of a URL, which is nobody's host.
 */
function isHost(url: string, host: string | undefined): boolean {
  if (host === undefined || originOf(url) === undefined) return false;
  const parsed = new URL(url);
  // Parsed under the same scheme, so that a default port may be written or left out.
  const own = `${parsed.protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === parsed.host;
}

/** Enough to recognise an origin by; 15 KB of header are not printed back. */
const LONGEST_SHOWN = 100;
const shortened = (value: string): string =>
  value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}…` : value;

/** Undefined: no address of a web page. */
function originOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, origin } = new URL(url);
  return protocol === "http:" || protocol === "https:" ? origin : undefined;
}

/** For whoever runs the shop: behind a proxy that does not pass Host every order ends here. */
function whyNot(header: string, url: string): string {
  const origin = originOf(url);
  const what = `${header} is ${JSON.stringify(shortened(url))}, which is not the Host that this request names`;
  if (origin === undefined || origin.length > MAX_ORIGIN_LENGTH) return what;
  return `${what}. If ${origin} is this shop behind a proxy, let the proxy pass Host (nginx: proxy_set_header Host $http_host;) or start the Market with PUBLIC_URL=${origin}`;
}

const foreign = (why: string): OriginCheck => ({ kind: "foreign", why });
