// Where a bus is, read from one address as a person types it.

import { decodedPart } from "../../settings.ts";

export interface BusAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** What the address itself says about who we are: `nats://token@…` or `nats://user:password@…`. */
  readonly credentials: UrlCredentials | undefined;
  /** The address as it may be printed: without what is secret in it. */
  readonly shown: string;
}

export type UrlCredentials =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "password"; readonly user: string; readonly password: string };

/** The port that NATS is known under. */
const NATS_PORT = 4222;

/** @param url of the form `nats://host:port` or `tls://host:port`, checked before (settings.ts) */
export function readBusAddress(url: string): BusAddress {
  const { protocol, hostname, port, username, password } = new URL(url);
  const host = canonicalHost(hostname);
  const portOrPreset = port === "" ? NATS_PORT : Number(port);
  return {
    host,
    port: portOrPreset,
    tls: protocol === "tls:",
    credentials: readCredentials(decodedPart(username), decodedPart(password)),
    shown: `${protocol}//${host.includes(":") ? `[${host}]` : host}:${portOrPreset}`,
  };
}

/** Numbers, parts left out, hexadecimal ones: `127.1` and `0x7f000001` are forms of 127.0.0.1 to the system's resolver. */
const IPV4_FORM = /^[\da-fx]+(\.[\da-fx]+){0,3}$/i;
/** An IPv4 address in the form of IPv6, as URLs print it: ::ffff:7f00:1. */
const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/i;

/** @param host of a URL or a setting, with or without brackets: one form for all that lead to the same address */
export function canonicalHost(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (/^localhost\.$/i.test(bare)) return "localhost";
  if (bare.includes(":")) return canonicalIpv6(bare);
  const url = `http://${bare}`;
  if (!IPV4_FORM.test(bare) || !URL.canParse(url)) return bare;
  const { hostname } = new URL(url);
  return /^\d+(\.\d+){3}$/.test(hostname) ? hostname : bare;
}

function canonicalIpv6(bare: string): string {
  const url = `http://[${bare}]`;
  if (!URL.canParse(url)) return bare;
  const canonical = new URL(url).hostname.slice(1, -1);
  const [, high, low] = MAPPED.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return canonical;
  return [high, low]
    .map((part) => Number.parseInt(part, 16))
    .flatMap((part) => [part >> 8, part & 255])
    .join(".");
}

function readCredentials(user: string, password: string): UrlCredentials | undefined {
  if (user === "" && password === "") return undefined;
  return password === "" ? { kind: "token", token: user } : { kind: "password", user, password };
}

/** @param text what a server may have made of our login: without any part of it */
export function withoutLogin(text: string, { credentials }: BusAddress): string {
  if (credentials === undefined) return text;
  const parts = credentials.kind === "token" ? [credentials.token] : [credentials.password, credentials.user];
  const forms = parts.flatMap((part) => [part, encodeURIComponent(part)]);
  return forms.reduce((shown, part) => (part === "" ? shown : shown.replaceAll(part, "…")), text);
}

/** Whether only this machine can be meant: then a missing bus may be started here. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
