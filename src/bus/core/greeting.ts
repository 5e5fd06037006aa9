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

/** @param info the object of the same line, parsed. A nonce is sent only to be signed by who logs in. */
export function greetingOf(info: unknown): Greeting {
  const { server_name, auth_required, nonce } = Object(info) as Readonly<Record<string, unknown>>;
  return {
    name: typeof server_name === "string" ? server_name : "",
    asksLogin: auth_required === true || typeof nonce === "string",
  };
}
