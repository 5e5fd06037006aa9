// Why the bus is away, as a person reads it.

import { type BusAddress, withoutLogin } from "./core/bus-address.ts";
import { REPLY_ROOT } from "./core/credentials.ts";
import { type PeerPort, speaking } from "./core/greeting.ts";
import { readServerError } from "./core/server-errors.ts";
import type { NotGreeted } from "./handshake.ts";
import { DIAL_WITHIN_MS } from "./nats-options.ts";

export interface ConnectFailure {
  /**
   * `absent`: what one expects of a bus that is not started; anything else is worth telling. `unresolved`: the host name has
   * no address, as where a container is not started. `limited`: the server has no room for us, or its port is not for
   * clients. `untrusted`: TLS does not come about. `open`: open-bus.ts. Those two and `refused` last until a person acts.
   */
  readonly kind:
    | "unreachable"
    | "unresolved"
    | "silent"
    | "not-nats"
    | "refused"
    | "limited"
    | "untrusted"
    | "open"
    | "failed"
    | "lost";
  readonly message: string;
  /** The server refused a subscription that this program needs. */
  readonly isDenial?: true;
  /** The server greeted, and the login did not come about in time. */
  readonly isLate?: true;
}

/** Whether only a person changes it: then the server is asked less and less often. */
export const isRefusal = ({ kind }: ConnectFailure): boolean => ["refused", "limited", "untrusted"].includes(kind);

/** What it means that no server greeted. */
export function describeProbe(found: NotGreeted, address: BusAddress): ConnectFailure {
  const { shown, tls } = address;
  switch (found.kind) {
    case "nothing":
      return { kind: "unreachable", message: `nothing answers at ${shown} (${found.why})` };
    case "unresolved":
      return { kind: "unresolved", message: unresolvedSentence(found.why, address) };
    case "silent":
      return { kind: "silent", message: `${shown} accepts connections and ${silenceSentence(found.step, tls)}` };
    case "closed":
      return { kind: "failed", message: `${shown} accepts connections and ends them ${closedSentence(found)}` };
    case "stranger":
      return {
        kind: "not-nats",
        message: `what answers at ${shown} is not a NATS server${speaking(found)}: set NATS_URL to where one is`,
      };
    case "wrong port":
      return { kind: "limited", message: wrongPortSentence(found.port, address) };
    case "TLS failed":
      return { kind: "untrusted", message: tlsSentence(found.why, shown, found.names) };
    case "TLS first":
      return {
        kind: "untrusted",
        message: `what answers at ${shown} waits for a TLS handshake, as a server or a proxy with TLS does: write tls:// in NATS_URL`,
      };
    case "no TLS":
      return {
        kind: "untrusted",
        message: `the bus at ${shown} has no TLS: write nats:// in NATS_URL, or give the server a certificate`,
      };
  }
}

const unresolvedSentence = (why: string, { host, shown }: BusAddress): string =>
  /AGAIN|TIMEOUT/.test(why)
    ? `the address of ${host} in ${shown} cannot be looked up (${why}), as no name server answers: look at the DNS of this machine, or write the IP address in NATS_URL`
    : `the name ${host} in ${shown} does not resolve (${why}): correct NATS_URL, or make the name known (DNS, /etc/hosts)`;

const PEERS = { route: "other servers of its cluster", gateway: "other clusters", leafnode: "leaf nodes" } as const;

function wrongPortSentence({ of, clientPort }: PeerPort, { shown, host, tls }: BusAddress): string {
  const at = host.includes(":") ? `[${host}]` : host;
  const hint =
    clientPort === undefined
      ? "set NATS_URL to its port for clients, which is 4222 unless its configuration says otherwise"
      : `set NATS_URL=${tls ? "tls" : "nats"}://${at}:${clientPort}`;
  return `${shown} is the ${of} port of a nats-server, for ${PEERS[of]} only: ${hint}`;
}

function silenceSentence(step: "greeting" | "TLS", tls: boolean): string {
  if (step === "TLS") return "does not answer a TLS handshake: a paused nats-server, or no nats-server at all";
  const orTls = tls ? "" : " a server that waits for TLS (then write tls:// in NATS_URL),";
  return `says nothing: a paused nats-server,${orTls} or no nats-server at all`;
}

const closedSentence = ({ step, why }: Extract<NotGreeted, { kind: "closed" }>): string =>
  step === "TLS"
    ? `during the TLS handshake (${why}), as what has no TLS does: if the bus has none, write nats:// in NATS_URL`
    : `before it greets (${why}), as a proxy does whose bus is away: start the bus behind it, or set NATS_URL to where one is`;

const CLIENT_CERTIFICATE =
  "it asks for a certificate of ours, and there is none: turn off  verify  in its TLS configuration";
const TLS_FAILURES: readonly (readonly [code: RegExp, means: string])[] = [
  [
    /SELF_SIGNED|VERIFY_LEAF|ISSUER/,
    "its certificate is signed by an authority that this program does not know: start it with NODE_EXTRA_CA_CERTS=FILE, the certificate of that authority",
  ],
  [/ALTNAME/, "its certificate is for another name: write in NATS_URL the name that the certificate has"],
  [/CERT_HAS_EXPIRED/, "its certificate has expired: it has to be renewed there"],
  [/CERT_NOT_YET_VALID/, "its certificate is not valid yet: compare the clocks of the two machines"],
  [
    /WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST|RECORD/,
    "what answers there does not speak TLS: for a bus without, write nats:// in NATS_URL",
  ],
  [/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE/, CLIENT_CERTIFICATE],
];

function tlsSentence(why: string, shown: string, names: readonly string[] = []): string {
  const means =
    names.length > 0
      ? `its certificate is for ${names.join(", ")}: write that name in NATS_URL`
      : TLS_FAILURES.find(([code]) => code.test(why))?.[1];
  return `the bus at ${shown} cannot be reached over TLS (${why})${means === undefined ? "" : `: ${means}`}`;
}

/** How one attempt to connect ended, or a connection. */
export type ConnectResult = { readonly kind: "connected" } | ConnectFailure;

/** TLS 1.3: a server judges the certificate of a client once the client's handshake is over. Go sends BAD_CERTIFICATE. */
const OUR_CERTIFICATE = /CERTIFICATE_REQUIRED|BAD_CERTIFICATE/;
/** The server's own limit for the login, where the server or the way to it is slow. */
const LATE_LOGIN = /auth\w* (timeout|timed out)/i;

/** As whom we knock. */
export interface LoginContext {
  /** Whose credentials we have; undefined: none. */
  readonly holder: string | undefined;
  /** What a person types to be let in. */
  readonly hint: string | undefined;
}

/** How the end of a connection reads whose login was not answered in time. */
export const TIMED_OUT = "no answer to the login";
/** How the end of a connection reads that sent what is no NATS. */
export const GARBLED = "it sent what is not the NATS protocol";

/** What a failure to log in means. @param error of the client library, or with the server's own words */
export function troubleOfConnecting(
  error: unknown,
  address: BusAddress,
  caller: LoginContext,
  loginWithinMs = DIAL_WITHIN_MS,
): ConnectFailure {
  const { shown } = address;
  const said = error instanceof Error ? error.message : String(error);
  const why = shownWords(said, address);
  if (said === GARBLED)
    return {
      kind: "not-nats",
      message: `what answers at ${shown} greets as NATS does, but ${GARBLED}: set NATS_URL to where a NATS server is`,
    };
  if (said === TIMED_OUT)
    return {
      kind: "failed",
      message: `the bus at ${shown} did not answer the login within ${loginWithinMs / 1_000} s`,
      isLate: true,
    };
  if (OUR_CERTIFICATE.test(said)) return { kind: "untrusted", message: tlsSentence(why, shown) };
  const meaning = readServerError(said);
  if (meaning.kind === "refused") return { kind: "refused", message: refusalSentence(why, address, caller) };
  if (meaning.kind === "limited") return { kind: "limited", message: limitSentence(why, meaning.means, shown) };
  const means = meaning.kind === "over" ? `: ${meaning.means}` : "";
  const message = `the bus at ${shown} cannot be used: ${why}${means}`;
  return { kind: "failed", message: message, ...(LATE_LOGIN.test(said) && { isLate: true }) };
}

/** Whoever answers there may repeat what was said to it. */
export function shownWords(words: string, address: BusAddress): string {
  const isKnown = readServerError(words).kind !== "other";
  // A password of a letter or two is a part of many words, which are those of every server.
  return isKnown && shortestSecret(address) < SECRET_CHARACTERS ? words : withoutLogin(words, address);
}

const SECRET_CHARACTERS = 4;

function shortestSecret({ credentials }: BusAddress): number {
  if (credentials === undefined) return 0;
  return credentials.kind === "token"
    ? credentials.token.length
    : Math.min(credentials.user.length, credentials.password.length);
}

function refusalSentence(why: string, { shown, credentials }: BusAddress, { holder, hint }: LoginContext): string {
  const logins = [
    ...(credentials === undefined ? [] : [`the ${credentials.kind === "token" ? "token" : "user"} in NATS_URL`]),
    ...(holder === undefined ? [] : [`the credentials of ${holder} (revoked, expired, or for another bus)`]),
  ];
  const as = logins.length === 0 ? "" : ` with ${logins.join(", nor with ")}`;
  return `the bus at ${shown} does not let us in${as}: ${why}${hint === undefined ? "" : `; ${hint}`}`;
}

const limitSentence = (why: string, means: string, shown: string): string =>
  `the bus at ${shown} has no room for this process (${why}): ${means}`;

/** @param reason why the connection ended: in the server's words, where it gave any */
export function troubleOfLosing(reason: string, address: BusAddress, caller: LoginContext): ConnectFailure {
  const { shown } = address;
  const why = shownWords(reason, address);
  const meaning = readServerError(reason);
  if (meaning.kind === "limited") return { kind: "limited", message: limitSentence(why, meaning.means, shown) };
  if (meaning.kind === "denied")
    return {
      kind: "limited",
      message: permissionError(meaning.operation, meaning.subject, caller).message,
      isDenial: true,
    };
  const means = meaning.kind === "over" || meaning.kind === "refused" ? `: ${meaning.means}` : "";
  return { kind: "lost", message: `lost the bus at ${shown}: ${why}${means}` };
}

/** What an error means after which the connection goes on. */
export function warningText(words: string, means: string, { shown }: BusAddress): string {
  return `the bus at ${shown} says "${words}": ${means}`;
}

/** What the server's refusal of one subject means, and under which key it is reported once a minute. */
export function permissionError(
  operation: string,
  subject: string,
  { holder, hint }: LoginContext,
): { readonly about: string; readonly message: string } {
  const whose = holder === undefined ? "" : ` with the credentials of ${holder}`;
  if (operation === "publish" && subject.startsWith(`${REPLY_ROOT}.`))
    return {
      about: "reply subject",
      message: `an answer to ${subject} was dropped: the bus lets no service answer there${whose}. Callers use ${REPLY_ROOT}.SERVICE.… (docs/protocol.md); credentials of an earlier version do not: type  bin/dwc renew`,
    };
  const verb = operation === "publish" ? "send to" : "hear";
  const instead = hint === undefined ? "" : `: ${hint}`;
  const message = `this process is not allowed to ${verb} ${subject}${whose}${instead}`;
  return { about: `not allowed to ${verb}`, message: message };
}
