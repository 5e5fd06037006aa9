// The cause of a disconnected bus: the kind of failure, and a message for the operator that says what to do.

import { messageOf } from "../util/errors.ts";
import { bracketHost } from "../util/format.ts";
import type { Denied } from "./bus.ts";
import { type BusAddress, withoutLogin } from "./core/bus-address.ts";
import { REPLY_ROOT } from "./core/credentials.ts";
import { type PeerPort, protocolNote } from "./core/greeting.ts";
import { missingRight, type RightsHolder } from "./core/missing-right.ts";
import { readServerError } from "./core/server-errors.ts";
import type { ClosedEarly, NotGreeted } from "./handshake-result.ts";
import { DIAL_TIMEOUT_MS } from "./nats-options.ts";

/** Why a connection could not be made, or has ended. */
export interface ConnectFailure {
  /**
   * `unreachable`: expected of a bus that is not started, so it is not logged. `unresolved`: the host name has no
   * address, as while a container is not started. `limited`: the server has reached a limit, or its port is not for
   * clients. `untrusted`: TLS failed. `open`: see open-bus.ts. The last two and `refused` persist until the operator
   * acts.
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
  /** The server denied a subscription that the program needs. */
  readonly isDenial?: true;
  /** The server greeted, but did not answer the login in time. */
  readonly isLate?: true;
}

/** Whether only the operator can change it. Such a server is dialled less and less often. */
export const isRefusal = ({ kind }: ConnectFailure): boolean => ["refused", "limited", "untrusted"].includes(kind);

/** The failure of an attempt at which no NATS server greeted. */
export function describeProbe(found: NotGreeted, address: BusAddress): ConnectFailure {
  const { shown, tls } = address;
  switch (found.kind) {
    case "nothing":
      return { kind: "unreachable", message: `nothing answers at ${shown} (${found.why})` };
    case "unresolved":
      return { kind: "unresolved", message: unresolvedMessage(found.why, address) };
    case "silent":
      return { kind: "silent", message: `${shown} accepts connections and ${silenceMessage(found.step, tls)}` };
    case "closed":
      return { kind: "failed", message: `${shown} accepts connections and ends them ${closedMessage(found)}` };
    case "not-nats":
      return {
        kind: "not-nats",
        message: `what answers at ${shown} is not a NATS server${protocolNote(found)}: set NATS_URL to where one is`,
      };
    case "wrong port":
      return { kind: "limited", message: wrongPortMessage(found.port, address) };
    case "TLS failed":
      return { kind: "untrusted", message: tlsMessage(found.why, shown, found.names) };
    case "TLS first":
      return {
        kind: "untrusted",
        message: `what answers at ${shown} waits for a TLS handshake, as a server or a proxy with TLS does: write tls:// in NATS_URL`,
      };
    case "no TLS":
      return {
        kind: "untrusted",
        message: address.tls
          ? `the bus at ${shown} has no TLS: write nats:// in NATS_URL, or give the server a certificate`
          : `the bus at ${shown} has no TLS, which the option tls demands: leave it out, or give the server a certificate`,
      };
  }
}

const unresolvedMessage = (why: string, { host, shown }: BusAddress): string =>
  /AGAIN|TIMEOUT/.test(why)
    ? `the address of ${host} in ${shown} cannot be looked up (${why}), as no name server answers: look at the DNS of this machine, or write the IP address in NATS_URL`
    : `the name ${host} in ${shown} does not resolve (${why}): correct NATS_URL, or make the name known (DNS, /etc/hosts)`;

const PEERS = { route: "other servers of its cluster", gateway: "other clusters", leafnode: "leaf nodes" } as const;

function wrongPortMessage({ of, clientPort }: PeerPort, { shown, host, tls }: BusAddress): string {
  const hint =
    clientPort === undefined
      ? "set NATS_URL to its port for clients, which is 4222 unless its configuration says otherwise"
      : `set NATS_URL=${tls ? "tls" : "nats"}://${bracketHost(host)}:${clientPort}`;
  return `${shown} is the ${of} port of a nats-server, for ${PEERS[of]} only: ${hint}`;
}

function silenceMessage(step: "greeting" | "TLS", tls: boolean): string {
  if (step === "TLS") return "does not answer a TLS handshake: a paused nats-server, or no nats-server at all";
  const orTls = tls ? "" : " a server that waits for TLS (then write tls:// in NATS_URL),";
  return `says nothing: a paused nats-server,${orTls} or no nats-server at all`;
}

const closedMessage = ({ step, why }: ClosedEarly): string =>
  step === "TLS"
    ? `during the TLS handshake (${why}), as what has no TLS does: if the bus has none, write nats:// in NATS_URL`
    : `before it greets (${why}), as a proxy does whose bus is away: start the bus behind it, or set NATS_URL to where one is`;

const CLIENT_CERTIFICATE =
  "it asks for a certificate of ours, and there is none that it accepts: turn off  verify  in its TLS configuration, or give connectBus one (tls)";
const TLS_FAILURES: readonly (readonly [code: RegExp, means: string])[] = [
  [
    /SELF_SIGNED|VERIFY_LEAF|ISSUER/,
    "its certificate is signed by an authority that this program does not know: start it with NODE_EXTRA_CA_CERTS=FILE, the certificate of that authority. With the option tls, name the file there (caFile)",
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

function tlsMessage(why: string, shown: string, names: readonly string[] = []): string {
  const means =
    names.length > 0
      ? `its certificate is for ${names.join(", ")}: write that name in NATS_URL`
      : TLS_FAILURES.find(([code]) => code.test(why))?.[1];
  return `the bus at ${shown} cannot be reached over TLS (${why})${means === undefined ? "" : `: ${means}`}`;
}

/** How an attempt to connect, or a connection, ended. */
export type ConnectResult = { readonly kind: "connected" } | ConnectFailure;

/**
 * In TLS 1.3 a server checks the client's certificate after the client's handshake has ended. Go sends BAD_CERTIFICATE.
 */
const OUR_CERTIFICATE = /CERTIFICATE_REQUIRED|BAD_CERTIFICATE/;
/** The server's own timeout for the login: the server or the network is slow. */
const LATE_LOGIN = /auth\w* (timeout|timed out)/i;

/** The login of this process, as messages name it. */
export interface LoginContext extends RightsHolder {
  /** What to type to be admitted. */
  readonly hint: string | undefined;
}

/** The reason for the end of a connection whose login timed out. */
export const TIMED_OUT = "no answer to the login";
/** The reason for the end of a connection that violated the protocol. */
export const GARBLED = "it sent what is not the NATS protocol";

/** The failure of a login. @param error of the client library, or with the server's own words */
export function describeLoginFailure(
  error: unknown,
  address: BusAddress,
  caller: LoginContext,
  loginTimeoutMs = DIAL_TIMEOUT_MS,
): ConnectFailure {
  const { shown } = address;
  const text = messageOf(error);
  const why = redactLogin(text, address);
  if (text === GARBLED)
    return {
      kind: "not-nats",
      message: `what answers at ${shown} greets as NATS does, but ${GARBLED}: set NATS_URL to where a NATS server is`,
    };
  if (text === TIMED_OUT)
    return {
      kind: "failed",
      message: `the bus at ${shown} did not answer the login within ${loginTimeoutMs / 1_000} s`,
      isLate: true,
    };
  if (OUR_CERTIFICATE.test(text)) return { kind: "untrusted", message: tlsMessage(why, shown) };
  const meaning = readServerError(text);
  if (meaning.kind === "refused") return { kind: "refused", message: refusalMessage(why, address, caller) };
  if (meaning.kind === "limited") return { kind: "limited", message: limitMessage(why, meaning.means, shown) };
  const means = meaning.kind === "over" ? `: ${meaning.means}` : "";
  const message = `the bus at ${shown} cannot be used: ${why}${means}`;
  return { kind: "failed", message: message, ...(LATE_LOGIN.test(text) && { isLate: true }) };
}

/** The words of a server without our login: a server that is a trap may repeat what was sent to it. */
export function redactLogin(words: string, address: BusAddress): string {
  const isKnown = readServerError(words).kind !== "other";
  // A password of one or two letters occurs in many words. Known errors read the same at every server, so they hide
  // nothing.
  return isKnown && shortestSecret(address) < SECRET_CHARACTERS ? words : withoutLogin(words, address);
}

const SECRET_CHARACTERS = 4;

function shortestSecret({ credentials }: BusAddress): number {
  if (credentials === undefined) return 0;
  return credentials.kind === "token"
    ? credentials.token.length
    : Math.min(credentials.user.length, credentials.password.length);
}

function refusalMessage(why: string, { shown, credentials }: BusAddress, { holder, hint }: LoginContext): string {
  const logins = [
    ...(credentials === undefined ? [] : [`the ${credentials.kind === "token" ? "token" : "user"} in NATS_URL`]),
    ...(holder === undefined ? [] : [`the credentials of ${holder} (revoked, expired, or for another bus)`]),
  ];
  const as = logins.length === 0 ? "" : ` with ${logins.join(", nor with ")}`;
  return `the bus at ${shown} does not let us in${as}: ${why}${hint === undefined ? "" : `; ${hint}`}`;
}

const limitMessage = (why: string, means: string, shown: string): string =>
  `the bus at ${shown} has no room for this process (${why}): ${means}`;

/** The failure of a connection that has ended. @param reason in the server's words, where it gave one */
export function describeConnectionLoss(reason: string, address: BusAddress, caller: LoginContext): ConnectFailure {
  const { shown } = address;
  const why = redactLogin(reason, address);
  const meaning = readServerError(reason);
  if (meaning.kind === "limited") return { kind: "limited", message: limitMessage(why, meaning.means, shown) };
  if (meaning.kind === "denied")
    return {
      kind: "limited",
      message: permissionError(meaning.operation, meaning.subject, caller).message,
      isDenial: true,
    };
  const means = meaning.kind === "over" || meaning.kind === "refused" ? `: ${meaning.means}` : "";
  return { kind: "lost", message: `lost the bus at ${shown}: ${why}${means}` };
}

/** The message about an error after which the connection continues. */
export function warningText(words: string, means: string, { shown }: BusAddress): string {
  return `the bus at ${shown} says "${words}": ${means}`;
}

/** The end of every call on a connection whose subscription for replies was denied. */
export const repliesDenied = (subject: string, caller: LoginContext): Denied => ({
  ...{ kind: "denied", ofReplies: true },
  why: permissionError("subscription", subject, caller).message,
});

/** The message about a denied subject. `about` is the key under which it is reported at most once a minute. */
export function permissionError(
  operation: "publish" | "subscription",
  subject: string,
  caller: LoginContext,
): { readonly about: string; readonly message: string } {
  const { holder, hint = missingRight(operation, subject, caller) } = caller;
  const whose = holder === undefined ? "" : ` with the credentials of ${holder}`;
  if (operation === "publish" && subject.startsWith(`${REPLY_ROOT}.`))
    return {
      about: "reply subject",
      message: `an answer to ${subject} was dropped: the bus lets no service answer there${whose}. Callers use ${REPLY_ROOT}.SERVICE.… (docs/protocol.md); credentials of an earlier version do not: type  bin/dwc renew`,
    };
  const verb = operation === "publish" ? "send to" : "subscribe to";
  const instead = hint === undefined ? "" : `: ${hint}`;
  const message = `this process is not allowed to ${verb} ${subject}${whose}${instead}`;
  return { about: `not allowed to ${verb}`, message: message };
}
