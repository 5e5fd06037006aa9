// The greeting: the first line that a server sends, before any login.

export interface Greeting {
  /** `server_name`; empty when the server sends none. */
  readonly name: string;
  /** Whether a connection has to log in. */
  readonly asksLogin: boolean;
}

const EMBEDDED = "embedded-";
const EMBEDDED_NAME = /^embedded-[0-9a-f]{16}$/;

/** The name of a server that a program of this project starts. @param id 16 hexadecimal digits */
export const embeddedName = (id: string): string => `${EMBEDDED}${id}`;

/** True for a server that a program of this project started, on whichever machine. */
export const isEmbedded = ({ name }: Pick<Greeting, "name">): boolean => EMBEDDED_NAME.test(name);

/** @param line `INFO {…}`; a line that cannot be read names no server and asks for no login */
export function readGreeting(line: string): Greeting {
  try {
    return greetingOf(JSON.parse(line.slice(line.indexOf("{"))));
  } catch {
    return { name: "", asksLogin: false };
  }
}

/** Something that greets, but not as NATS does. */
export interface Stranger {
  readonly kind: "stranger";
  /** The protocol, where it is known. */
  readonly speaks?: "HTTP";
}

/** What follows "is not NATS". */
export const speaking = ({ speaks }: Pick<Stranger, "speaks">): string =>
  speaks === undefined ? "" : `, but speaks ${speaks}, as the monitoring port of a nats-server does`;

/** A port of a nats-server on which clients are refused. */
export interface PeerPort {
  readonly of: "route" | "gateway" | "leafnode";
  /** The port for clients, where the greeting names it. */
  readonly clientPort?: number;
}

/** @param line see readGreeting. Undefined: a port for clients, as far as the line says. */
export function readPeerPort(line: string): PeerPort | undefined {
  try {
    return peerPortOf(JSON.parse(line.slice(line.indexOf("{"))));
  } catch {
    return undefined;
  }
}

/** The highest protocol version of clients. Routes have later ones. */
const LATEST_CLIENT_PROTO = 1;

/** The greeting of a route may name leafnode URLs too, and the URL of its server's gateway. */
function peerPortOf(info: unknown): PeerPort | undefined {
  const { gateway, gateway_url, lnoc, proto, leafnode_urls, info_on_connect, client_ip, connect_urls } = Object(
    info,
  ) as Readonly<Record<string, unknown>>;
  if (client_ip !== undefined) return undefined;
  if (typeof gateway === "string") return { of: "gateway" };
  if (lnoc === true || typeof gateway_url === "string" || (typeof proto === "number" && proto > LATEST_CLIENT_PROTO))
    return { of: "route", ...clientPortIn(connect_urls) };
  return Array.isArray(leafnode_urls) || info_on_connect === true ? { of: "leafnode" } : undefined;
}

/** The URLs name the interfaces of the server's machine, so that only their port is of use elsewhere. */
function clientPortIn(urls: unknown): Pick<PeerPort, "clientPort"> {
  const ports = new Set((Array.isArray(urls) ? urls : []).map((url) => /:(\d{1,5})$/.exec(String(url))?.[1]));
  const [port] = ports;
  return ports.size === 1 && port !== undefined ? { clientPort: Number(port) } : {};
}

/** @param info the object of the same line, parsed. A nonce is sent only to be signed by who logs in. */
export function greetingOf(info: unknown): Greeting {
  const { server_name, auth_required, nonce } = Object(info) as Readonly<Record<string, unknown>>;
  return {
    name: typeof server_name === "string" ? server_name : "",
    asksLogin: auth_required === true || typeof nonce === "string",
  };
}
