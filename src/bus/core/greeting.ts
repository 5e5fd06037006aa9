// The greeting: the INFO line that a server sends first, before any login.

import { type Fields, fieldsOf, parseJson } from "../../util/json.ts";

/** What a server says of itself before a login. */
export interface Greeting {
  /** `server_name`; empty when the server sends none. */
  readonly name: string;
  /** Whether a connection must log in. */
  readonly asksLogin: boolean;
}

const EMBEDDED = "embedded-";
const EMBEDDED_NAME = /^embedded-[0-9a-f]{16}$/;

/** The server name that this project gives to servers that it starts. @param id 16 hexadecimal digits */
export const embeddedName = (id: string): string => `${EMBEDDED}${id}`;

/** True for a server that this project started, on any machine. */
export const isEmbedded = ({ name }: Pick<Greeting, "name">): boolean => EMBEDDED_NAME.test(name);

/** The fields of the greeting. @param line `INFO {…}`; one that cannot be parsed has none */
export const infoOf = (line: string): Fields => fieldsOf(parseJson(line.slice(line.indexOf("{"))));

/** @param line `INFO {…}`. A line that cannot be parsed has no name and requires no login */
export const readGreeting = (line: string): Greeting => greetingOf(infoOf(line));

/** A server of another protocol. */
export interface NotNats {
  readonly kind: "not-nats";
  /** The protocol, if it is known. */
  readonly speaks?: "HTTP";
}

/** The end of a message that begins with "is not NATS". */
export const protocolNote = ({ speaks }: Pick<NotNats, "speaks">): string =>
  speaks === undefined ? "" : `, but speaks ${speaks}, as the monitoring port of a nats-server does`;

/** A port of a nats-server that is not for clients. */
export interface PeerPort {
  readonly of: "route" | "gateway" | "leafnode";
  /** The port for clients, if the greeting names it. */
  readonly clientPort?: number;
}

/** The highest protocol version for clients. Routes use higher ones. */
const LATEST_CLIENT_PROTO = 1;

/**
 * Undefined: nothing in the line speaks against a port for clients. The greeting of a route may contain leafnode URLs as
 * well, and the URL of its server's gateway.
 * @param line see readGreeting
 */
export function readPeerPort(line: string): PeerPort | undefined {
  const { gateway, gateway_url, lnoc, proto, leafnode_urls, info_on_connect, client_ip, connect_urls } = infoOf(line);
  if (client_ip !== undefined) return undefined;
  if (typeof gateway === "string") return { of: "gateway" };
  if (lnoc === true || typeof gateway_url === "string" || (typeof proto === "number" && proto > LATEST_CLIENT_PROTO))
    return { of: "route", ...clientPortIn(connect_urls) };
  return Array.isArray(leafnode_urls) || info_on_connect === true ? { of: "leafnode" } : undefined;
}

/** The URLs contain addresses of the server's machine. Only their port is useful on another machine. */
function clientPortIn(urls: unknown): Pick<PeerPort, "clientPort"> {
  const ports = new Set((Array.isArray(urls) ? urls : []).map((url) => /:(\d{1,5})$/.exec(String(url))?.[1]));
  const [port] = ports;
  return ports.size === 1 && port !== undefined ? { clientPort: Number(port) } : {};
}

/** @param info the parsed object of that line. A server sends a nonce only if a client must sign it to log in. */
export function greetingOf(info: unknown): Greeting {
  const { server_name, auth_required, nonce } = fieldsOf(info);
  return {
    name: typeof server_name === "string" ? server_name : "",
    asksLogin: auth_required === true || typeof nonce === "string",
  };
}
