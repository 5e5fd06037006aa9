// Text for a SyncResult: whether each bus obeys a change, and what to type where one does not.

import { isLoopback, readBusAddress } from "../../../bus/core/bus-address.ts";
import { protocolNote } from "../../../bus/core/greeting.ts";
import { bracketHost } from "../../../util/format.ts";
import type { NotNatsProbe } from "../sync-bus.ts";
import type { NotObeying, Obedience, SyncResult } from "./obedience.ts";

/** The command for a nats-server that trusts this state folder. Its configuration names 127.0.0.1 and no port. */
export function serverLine(url: string, program = "nats-server"): string {
  const { host, port } = readBusAddress(url);
  const at = isDefaultHost(host) ? "" : ` -a ${host}`;
  return `${program} -c "$(bin/dwc nats-config)"${at}${port === DEFAULT_PORT ? "" : ` -p ${port}`}${tlsOptions(url)}`;
}

/** The user supplies the certificate. */
export const tlsOptions = (url: string): string =>
  readBusAddress(url).tls ? " --tls --tlscert CERTIFICATE_FILE --tlskey KEY_FILE" : "";

/** How to start such a bus: through the Market, or by hand. */
export function restart(url: string): string {
  const { host, port, tls } = readBusAddress(url);
  if (tls) return isLoopback(host) ? serverLine(url) : `${serverLine(url)}   (on ${host})`;
  const setting = port === DEFAULT_PORT && isDefaultHost(host) ? "" : ` NATS_URL=nats://${hostIn(url)}:${port}`;
  return isLoopback(host) ? `make add-ratings${setting}  or  ${serverLine(url)}` : `${serverLine(url)}   (on ${host})`;
}

/** A bus at another loopback address is another bus. */
const isDefaultHost = (host: string): boolean => host === "127.0.0.1" || host.toLowerCase() === "localhost";

function hostIn(url: string): string {
  const { host } = readBusAddress(url);
  if (isDefaultHost(host)) return "127.0.0.1";
  return bracketHost(host);
}

/** What starts the bus of credentials from another folder: a server of another configuration would not know them. */
export const START_ELSEWHERE =
  "where the state folder of their org is:  make market   (or set NATS_URL to where their bus runs)";

export const notNatsText = ({ url, ...answer }: NotNatsProbe): string =>
  `${url} is taken by something that is not NATS${protocolNote(answer)}`;

/** Splits a sentence at its last colon. Sentences about an identity or a limit of the bus have their hint there. */
export function splitHint(sentence: string): readonly [what: string, hint: string] {
  const at = sentence.lastIndexOf(": ");
  return at < 0 ? [sentence, ""] : [sentence.slice(0, at), sentence.slice(at + ": ".length)];
}

const DEFAULT_PORT = 4222;
export const PUSH = "bin/dwc push";
const CHECK = "bin/dwc check";

export interface NoteOptions {
  /** The command that sends the change to a bus again. */
  readonly again?: string | undefined;
  /** The change is for a bus that is not started yet. An address without a server then needs no note. */
  readonly isForNextBus?: boolean | undefined;
}

export const syncNotes = (
  { addresses, unwritten, sent: shown }: SyncResult,
  { again: typed = PUSH, isForNextBus = false }: NoteOptions = {},
): readonly string[] => {
  // A member owns no org, so push has nothing to send.
  const again = shown === "credentials" && typed === PUSH ? CHECK : typed;
  return [
    ...addresses.filter((one) => !isForNextBus || !isAwaited(one)).flatMap((one) => noteOf(one, again)),
    ...(unwritten === undefined ? [] : [`Note: ${unwritten}`]),
  ];
};

/** No server runs there yet. A host name that does not resolve is different: a bus may run behind it. */
const isAwaited = ({ kind, ...address }: Obedience): boolean => kind === "not running" && !("why" in address);

function noteOf(address: Obedience, again: string): readonly string[] {
  const { url } = address;
  switch (address.kind) {
    case "obeys":
      return [`The bus at ${url} obeys.`];
    case "not running":
      if (address.why !== undefined)
        return [
          `Note: no bus is reached at ${url}: ${address.why}.`,
          `A bus that runs does not have this change yet. Once the name is right:  ${again}`,
        ];
      return [
        `No bus runs at ${url}: one that is started with this state folder obeys. One that runs elsewhere does not have`,
        `this change; for that one:  NATS_URL=nats://HOST:4222 ${again}`,
      ];
    case "unknown":
      return [
        `Note: whether the bus at ${url} obeys is not known (${address.why}).`,
        address.servers === undefined
          ? `Until it has this change it goes on as before. Once ${PRECONDITION[address.reason]}:  ${again}`
          : `Until it has this change it goes on as before: ${hintForSilentServers(address.servers, again)}`,
      ];
    case "does not obey":
      return [`Note: the bus that runs at ${url} does not obey (${address.why}).`, ...hintLines(address, again)];
  }
}

const PRECONDITION = {
  silent: "it runs again",
  limited: "it lets dwc in",
  untrusted: "TLS works",
  closed: "it greets",
  "wrong port": "NATS_URL names that port",
  unresolved: "the name is right",
} as const;

/** @param servers the servers of a cluster that refuse the token; the others already have it */
export const hintForFixed = (url: string, servers: NotObeying["servers"]): string =>
  servers === undefined ? `end it, then  ${restart(url)}` : hintForServers(servers);

const hintForServers = (
  servers: readonly string[],
  again = PUSH,
  log = "a full disk, a folder that it may not write",
): string => `repair server ${servers.join(" and ")} (its log says more: ${log}) and restart it, then  ${again}`;

/** A server that was down during the last push accepts the token now. */
export const hintForOlder = (servers: readonly string[] | undefined): string =>
  servers === undefined ? PUSH : `${PUSH}   (where it does not help, ${hintForServers(servers)})`;

/** @param servers the servers that answer without naming the token that they store; undefined: none is known */
export const hintForUnknown = (servers: readonly string[] | undefined): string =>
  servers === undefined ? `once it runs again:  ${PUSH}` : hintForSilentServers(servers);

/** A server that stores no tokens has its accounts in its configuration, which dwc does not change. */
const hintForSilentServers = (servers: readonly string[], again = PUSH): string =>
  hintForServers(
    servers,
    again,
    "its configuration may name accounts, and no resolver as that of  bin/dwc nats-config  does",
  );

function hintLines({ reason, url, servers }: NotObeying, again: string): readonly string[] {
  switch (reason) {
    case "open":
      return [
        "It stays open until it is started again: any client that reaches it can join.",
        `To secure it, end it (^C in the window of the Market that started it), then  ${restart(url)}`,
      ];
    case "foreign":
      return [
        `Where this org's bus is another:  NATS_URL=nats://HOST:4222 ${again}`,
        `For one of this org at ${url}, end what runs there, then  ${restart(url)}`,
      ];
    case "refused":
      return [
        "If they were revoked, ask the owner of the org for a new invitation  (bin/dwc invite-user EMAIL). If the bus does not",
        `know them, ask the owner for  ${PUSH}.  Where this org's bus is another:  NATS_URL=nats://HOST:4222 ${again}`,
      ];
    case "older":
      return [`To hand it the newest account token:  ${hintForOlder(servers)}`];
    case "newer":
      return [
        "This state folder is an old copy. Put the newest one in its place, or change something here and push that.",
      ];
    case "fixed":
      return [`For one that does, ${hintForFixed(url, servers)}`];
    case "forgotten":
      return [];
  }
}

/** Without the keys dwc can send nothing to a bus. The user can only stop it. */
export const logoutNotes = (sync: SyncResult | undefined): readonly string[] =>
  (sync?.addresses ?? []).flatMap((address) => {
    if (address.kind === "not running" && address.why !== undefined)
      return [
        `Note: no bus is reached at ${address.url}: ${address.why}. One that runs goes on as before, until it is ended.`,
      ];
    if ("why" in address)
      return [`Note: the bus at ${address.url} goes on as before (${address.why}), until it is ended.`];
    if (address.kind === "obeys") return [];
    return [
      `Note: no bus runs at ${address.url}. One that runs elsewhere, or is started with the configuration that dwc wrote,`,
      "admits the users of your orgs until it is ended.",
    ];
  });
