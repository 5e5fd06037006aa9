// Every subject is built here (docs/protocol.md), and names are checked where they enter.

import { withoutUserinfos } from "../../settings.ts";

export type NameCheck =
  | { readonly kind: "good"; readonly name: string }
  | { readonly kind: "bad"; readonly why: string };

/** First tokens that mean something else on the bus: a service of that name would hear, or speak as, another. */
const RESERVED = new Set(["health", "belief", "chaos", "get", "_inbox"]);
/** Enough for any name a person would type, and a subject stays far below the server's 4 KB line. */
const MAX_NAME_LENGTH = 64;

/** Checks a service's name: lower-case letters, digits, `-` and `_`, starting with a letter. */
export function checkServiceName(name: string): NameCheck {
  const typed = withoutUserinfos(name);
  const shown = JSON.stringify(typed.length > MAX_NAME_LENGTH ? `${typed.slice(0, MAX_NAME_LENGTH)}…` : typed);
  if (name.length > MAX_NAME_LENGTH) return bad(`service name ${shown} is longer than ${MAX_NAME_LENGTH} characters`);
  if (!/^[a-z][a-z0-9_-]*$/.test(name)) {
    return bad(`service name ${shown} must be lower-case letters, digits, - and _, starting with a letter`);
  }
  if (RESERVED.has(name)) return bad(`service name ${shown} is reserved`);
  return { kind: "good", name };
}

/** An incarnation's id as it may stand in a subject: one token, no wildcards. */
export function isIncarnationId(id: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(id);
}

const bad = (why: string): NameCheck => ({ kind: "bad", why });

/** Anyone's request, answered by one instance that the bus picks: also the queue group is the service's name. */
export const sharedSubject = (service: string): string => `${service}.get`;
/** A request to one incarnation: what the resolver uses. */
export const directSubject = (service: string, incarnation: string): string => `${service}.get.${incarnation}`;
export const heartbeatSubject = (service: string, incarnation: string): string => `health.${service}.${incarnation}`;
/** All heartbeats of a service. */
export const allHeartbeatsSubject = (service: string): string => `health.${service}.*`;
export const rollCallSubject = (service: string): string => `health.${service}`;

/** What one Market believes of the instances of a service, told to the others. */
export const viewSubject = (service: string, market: string): string => `belief.${service}.${market}`;
/** All Markets. */
export const allViewsSubject = (service: string): string => `belief.${service}.*`;

/** Faults that one incarnation is asked for; only with CHAOS=1 does anybody hear it. */
export const chaosSubject = (service: string, incarnation: string): string => `chaos.${service}.${incarnation}`;
/** What is on, and the reset, of all instances of a service. */
export const chaosBroadcastSubject = (service: string): string => `chaos.${service}`;

/** The org's own account token, in force at the server: a request to the server itself (account-links.ts). */
export const accountTokenSubject = "account.token";
/** Each new account token of the org, before the server obeys it. */
export const accountNewsSubject = "account.token.news";

/**
 * The newest account token that a Market knows, sent to the other Markets where the server uses an older one. It stands where
 * a Market's belief stands, which members may publish and hear; no service has such a name.
 */
export const sharedAccountTokenSubject = "belief._account.token";

/** The incarnation that a heartbeat's subject names, if it is one of `service`. */
export const incarnationOf = (service: string, subject: string): string | undefined =>
  idAfter(`health.${service}.`, subject);
/** The Market whose belief it is. */
export const marketOf = (service: string, subject: string): string | undefined =>
  idAfter(`belief.${service}.`, subject);

function idAfter(prefix: string, subject: string): string | undefined {
  if (!subject.startsWith(prefix)) return undefined;
  const id = subject.slice(prefix.length);
  return isIncarnationId(id) ? id : undefined;
}

/** The three verbs of the NATS service protocol (ADR-32), each for all, for one service and for one instance. */
export const serviceVerbSubjects = (
  verb: "PING" | "INFO" | "STATS",
  service: string,
  id: string,
): readonly string[] => [`$SRV.${verb}`, `$SRV.${verb}.${service}`, `$SRV.${verb}.${service}.${id}`];

/** How an address is shown to people: the direct subject, marked as one on NATS. */
export const shownAddress = (subject: string): string => `nats:${subject}`;

/** In a reply subject: every service may answer, as a question such as `$SRV.PING` goes to all of them. No service's name. */
export const EVERY_SERVICE = "_all";
/** The token behind which the protocol's own subjects name their service. */
const KINDS = new Set(["health", "belief", "chaos"]);

/** The service that may answer what is sent to `subject`: a part of the reply subject (reply-subjects.ts). */
export function answererOf(subject: string): string {
  const [first = "", second = "", third = ""] = subject.split(".");
  const service = first === "$SRV" ? third : KINDS.has(first) ? second : first;
  return checkServiceName(service).kind === "good" ? service : EVERY_SERVICE;
}

/**
 * Whether an answer may be published to a reply subject. The sender of a request chooses it freely, and the instance has
 * rights that the sender lacks: heartbeats, roll calls, faults and calls are not answers.
 */
export function takesReplies(subject: string): boolean {
  if (/[*>\s]/.test(subject)) return false;
  // Nearly all of them, and this is asked for each answer. No service is called "get".
  if (subject.startsWith("_INBOX.") && !subject.startsWith("get", "_INBOX.".length)) return true;
  const [first = "", second] = subject.split(".");
  return !KINDS.has(first) && !first.startsWith("$") && second !== "get";
}

/** A subject may be as long as the server's 4 KB line. The longest heartbeat's subject has 136 characters. */
const LONGEST_SHOWN = 140;

/** A subject that came from the bus, as it may stand in a line. */
export function shownSubject(subject: string): string {
  const printable = subject.slice(0, LONGEST_SHOWN).replace(/[^!-~]/g, "?");
  return subject.length > LONGEST_SHOWN ? `${printable}...` : printable;
}

/** A space or a line's end in a subject would be read as another command: a bug of the caller's, never input. */
export function assertSubject(subject: string): void {
  if (subject === "" || /\s/.test(subject)) throw new Error(`bus: ${JSON.stringify(subject)} is no subject`);
}
