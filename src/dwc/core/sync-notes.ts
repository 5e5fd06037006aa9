// The bus's obedience to a change, as a person reads it after the change, and what to type where it does not.

import { isLoopback, readBusAddress } from "../../bus/core/bus-address.ts";
import { speaking } from "../../bus/core/greeting.ts";
import type { Obedience } from "../identity/core/obedience.ts";
import type { BusProbe, SyncResult } from "./bus-shapes.ts";

/** A server that believes this state folder, at an address. Its configuration says 127.0.0.1 and no port. */
export function serverLine(url: string, program = "nats-server"): string {
  const { host, port } = readBusAddress(url);
  const at = isDefaultHost(host) ? "" : ` -a ${host}`;
  return `${program} -c "$(bin/dwc nats-config)"${at}${port === DEFAULT_PORT ? "" : ` -p ${port}`}${tlsOptions(url)}`;
}

/** The certificate is the person's own. */
export const tlsOptions = (url: string): string =>
  readBusAddress(url).tls ? " --tls --tlscert CERTIFICATE_FILE --tlskey KEY_FILE" : "";

/** How such a bus comes: the Market's own, or one by hand. */
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
  return host.includes(":") ? `[${host}]` : host;
}

export const notNatsText = ({ url, ...stranger }: Extract<BusProbe, { kind: "stranger" }>): string =>
  `${url} is taken by something that is not NATS${speaking(stranger)}`;

/** Sentences about an identity, or about a limit of the bus, end in what to do behind their last colon. */
export function splitHint(sentence: string): readonly [what: string, cure: string] {
  const at = sentence.lastIndexOf(": ");
  return at < 0 ? [sentence, ""] : [sentence.slice(0, at), sentence.slice(at + ": ".length)];
}

const DEFAULT_PORT = 4222;
export const PUSH = "bin/dwc push";
const CHECK = "bin/dwc check";

export interface NoteOptions {
  /** What hands the change to a bus once more. */
  readonly again?: string | undefined;
  /** The change waits for a bus that is still to be started, so that nothing is to be said where none runs. */
  readonly isForNextBus?: boolean | undefined;
}

export const syncNotes = (
  { addresses, unwritten, sent: shown }: SyncResult,
  { again: typed = PUSH, isForNextBus = false }: NoteOptions = {},
): readonly string[] => {
  // Who owns no org has nothing to hand over.
  const again = shown === "credentials" && typed === PUSH ? CHECK : typed;
  return [
    ...addresses.filter((one) => !isForNextBus || !isAwaited(one)).flatMap((one) => noteOf(one, again)),
    ...(unwritten === undefined ? [] : [`Note: ${unwritten}`]),
  ];
};

/** A bus that is not started yet. Behind a name that does not resolve one may run. */
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
          `A bus that runs has not heard of this change. Once the name is right:  ${again}`,
        ];
      return [
        `No bus runs at ${url}: one that is started with this state folder obeys. One that runs elsewhere has not heard`,
        `of this change; for that one:  NATS_URL=nats://HOST:4222 ${again}`,
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

type NotObeying = Extract<Obedience, { kind: "does not obey" }>;

/** @param servers those of a cluster that refuse the token: the others have it by now */
export const hintForFixed = (url: string, servers: NotObeying["servers"]): string =>
  servers === undefined ? `end it, then  ${restart(url)}` : hintForServers(servers);

const hintForServers = (
  servers: readonly string[],
  again = PUSH,
  log = "a full disk, a folder that it may not write",
): string => `mend server ${servers.join(" and ")} (its log says more: ${log}) and restart it, then  ${again}`;

/** A server that was away when the token was handed over takes it now. */
export const hintForOlder = (servers: readonly string[] | undefined): string =>
  servers === undefined ? PUSH : `${PUSH}   (where it does not help, ${hintForServers(servers)})`;

/** @param servers those that answer, and do not say what they keep; undefined: none is known that does */
export const hintForUnknown = (servers: readonly string[] | undefined): string =>
  servers === undefined ? `once it runs again:  ${PUSH}` : hintForSilentServers(servers);

/** A server that keeps no tokens has its accounts in its configuration, which dwc does not change. */
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
        "It is open, and stays so until it is started again: whoever reaches it can join.",
        `To secure it, end it (^C in the window of the Market that started it), then  ${restart(url)}`,
      ];
    case "foreign":
      return [
        `Where this org's bus is another:  NATS_URL=nats://HOST:4222 ${again}`,
        `For one of this org at ${url}, end what runs there, then  ${restart(url)}`,
      ];
    case "refused":
      return [
        "If they were revoked, ask the owner of the org for a new invitation  (bin/dwc invite-user EMAIL). If the bus has not",
        `heard of them, ask the owner for  ${PUSH}.  Where this org's bus is another:  NATS_URL=nats://HOST:4222 ${again}`,
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

/** After the keys are gone nothing can be handed to a bus any more; what is left is to end it. */
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
      "goes on admitting whom your orgs admitted, until it is ended.",
    ];
  });
