// The requests that a listener for this machine alone answers. It is bound to 127.0.0.1, and three kinds of foreign
// requests still reach it. Two come through the browser of a user on this machine:
//
// - from a page whose name resolves to 127.0.0.1 (DNS rebinding): its Host header has that name;
// - from a page of another origin: the browser names the origin.
//
// The port in Host does not matter: a forwarded one differs (ssh -L 9000:127.0.0.1:5100), and rebinding needs a name, not
// a port. The third comes over the network: with route_localnet, which hosts of containers set, Linux accepts packets
// for 127.0.0.1 from a neighbour. They have the neighbour's address.

import { quoted } from "../../util/printable.ts";

export interface LocalRequest {
  /** The address of the client; undefined: the connection is closed. */
  readonly peer: string | undefined;
  readonly method: string;
  /** As in the first line of the request. */
  readonly target: string;
  /** Every Host header of the request. */
  readonly hosts: readonly string[];
  readonly secFetchSite: string | undefined;
  readonly secFetchMode: string | undefined;
  readonly secFetchDest: string | undefined;
  readonly origin: string | undefined;
  readonly referer: string | undefined;
}

export type LocalCheck = { readonly kind: "local" } | { readonly kind: "refused"; readonly why: string };

/** The end of the refusal of any other name. dwc recognises an admin listener by it. */
export const ONLY_LOCAL_NAMES = "only localhost and 127.0.0.1 lead here";

/** Names and addresses of this machine, whatever a DNS server answers. */
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;
const LOOPBACK_PEER = /^127\./;
/** How a socket of IPv6 shows a client of IPv4. */
const MAPPED_IPV4 = /^::ffff:/i;
const OWN_SITES = ["same-origin", "none"];
const READING = ["GET", "HEAD"];
const LOCAL: LocalCheck = { kind: "local" };

/** @param isPlain the response is the same on every machine and names nothing of this one, so any Host is allowed */
export function checkLocal(request: LocalRequest, isPlain = false): LocalCheck {
  const { peer = "" } = request;
  if (!LOOPBACK_PEER.test(peer)) return refused(`the connection is from ${shown(peer)}, which is no loopback address`);
  const [host] = request.hosts;
  if (host === undefined || request.hosts.length > 1) return refused("the request does not name one Host");
  if (!isPlain && !LOOPBACK_HOST.test(host)) return refused(`Host is ${shown(host)}: ${ONLY_LOCAL_NAMES}`);
  if (!hasLoopbackTarget(request.target)) return refused("the address names another host than this machine");
  return checkSite(request, host);
}

/** A client as a listener of any address sees it. */
export interface ListenerClient {
  /** The address of the client; undefined: the connection is closed. */
  readonly peer: string | undefined;
  readonly headers: { readonly host?: string | undefined };
}

/** A proxy adds one of them: behind it the client may be on any machine. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-forwarded-host"];

/** Whether a link to a listener of this machine alone leads somewhere for this client. It decides no access. */
export function isOnThisMachine({ peer = "", headers }: ListenerClient): boolean {
  const isLocalPeer = LOOPBACK_PEER.test(peer.replace(MAPPED_IPV4, "")) || peer === "::1";
  return isLocalPeer && LOOPBACK_HOST.test(headers.host ?? "") && FORWARDED.every((name) => !(name in headers));
}

/** The fields of Node's http.IncomingMessage. */
interface ReceivedRequest {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headersDistinct: Readonly<Record<string, string[] | undefined>>;
}

export function localRequest({ socket, method = "", url = "", headersDistinct }: ReceivedRequest): LocalRequest {
  const textOf = (name: string): string | undefined => headersDistinct[name]?.join(", ");
  return {
    peer: socket.remoteAddress,
    method,
    target: url,
    hosts: headersDistinct["host"] ?? [],
    secFetchSite: textOf("sec-fetch-site"),
    secFetchMode: textOf("sec-fetch-mode"),
    secFetchDest: textOf("sec-fetch-dest"),
    origin: textOf("origin"),
    referer: textOf("referer"),
  };
}

/** The absolute form of a target has its own host, which overrides the header (RFC 9112, 3.2.2). */
function hasLoopbackTarget(target: string): boolean {
  if (target.startsWith("/")) return true;
  return target.length <= MAX_ADDRESS_LENGTH && URL.canParse(target) && LOOPBACK_HOST.test(new URL(target).host);
}

/** A user may follow a link from another site. What a page of another site reads, embeds or sends is refused. */
function checkSite(request: LocalRequest, host: string): LocalCheck {
  const { method, secFetchSite, secFetchMode, secFetchDest, origin, referer } = request;
  const isReading = READING.includes(method);
  const isFollowedLink = isReading && secFetchMode === "navigate" && secFetchDest === "document";
  if (secFetchSite !== undefined && !OWN_SITES.includes(secFetchSite) && !isFollowedLink)
    return refused(`the browser says that a page of another site asks for it (Sec-Fetch-Site: ${shown(secFetchSite)})`);
  if (origin !== undefined && !isOf(origin, host))
    return refused(`the browser says that a page of another site asks for it (Origin: ${shown(origin)})`);
  if (!isReading && origin === undefined && secFetchSite === undefined && referer !== undefined && !isOf(referer, host))
    return refused(`the browser says that a page of another site asks for it (Referer: ${shown(referer)})`);
  return LOCAL;
}

function isOf(url: string, host: string): boolean {
  if (url.length > MAX_ADDRESS_LENGTH || !URL.canParse(url)) return false;
  const { protocol, host: named } = new URL(url);
  return protocol === "http:" && URL.canParse(`http://${host}`) && new URL(`http://${host}`).host === named;
}

const refused = (why: string): LocalCheck => ({ kind: "refused", why });

/** No address of this listener is longer. The time to parse an address grows with its length. */
const MAX_ADDRESS_LENGTH = 3_000;
/** Enough to recognise a name; a header of 15 KB is not repeated. */
const MAX_QUOTED_LENGTH = 100;
const shown = (value: string): string => quoted(value, MAX_QUOTED_LENGTH);
