// The address of a bus, parsed from what the operator typed.

import { bracketHost } from "../../util/format.ts";
import { decodedPart } from "../../util/printable.ts";

/** The address of a server. */
export interface BusAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The login in the address: `nats://token@…` or `nats://user:password@…`. */
  readonly credentials: UrlCredentials | undefined;
  /** The address for messages, without its secrets. */
  readonly shown: string;
}

/** The login that an address holds. */
export type UrlCredentials =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "password"; readonly user: string; readonly password: string };

/** The default port of NATS. */
const NATS_PORT = 4222;

/** @param url of the form `nats://host:port` or `tls://host:port`, validated by settings.ts */
export function readBusAddress(url: string): BusAddress {
  const { protocol, hostname, port, username, password } = new URL(url);
  const host = canonicalHost(hostname);
  const portOrPreset = port === "" ? NATS_PORT : Number(port);
  return {
    host,
    port: portOrPreset,
    tls: protocol === "tls:",
    credentials: readCredentials(decodedPart(username), decodedPart(password)),
    shown: `${protocol}//${bracketHost(host)}:${portOrPreset}`,
  };
}

/** Short and hexadecimal forms as well: the system's resolver takes `127.1` and `0x7f000001` for 127.0.0.1. */
const IPV4_FORM = /^[\da-fx]+(\.[\da-fx]+){0,3}$/i;
/** An IPv4 address in the form of IPv6, as URLs print it: ::ffff:7f00:1. */
const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/i;

/** One form for all spellings of an address. @param host of a URL or a setting, with or without brackets */
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

/** A text of a server without any part of our login, which the server may repeat. */
export function withoutLogin(text: string, { credentials }: BusAddress): string {
  if (credentials === undefined) return text;
  const parts = credentials.kind === "token" ? [credentials.token] : [credentials.password, credentials.user];
  const forms = parts.flatMap((part) => [part, encodeURIComponent(part)]);
  return forms.reduce((shown, part) => (part === "" ? shown : shown.replaceAll(part, "…")), text);
}

/** Whether the host is this machine. Only then may a missing bus be started here. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
