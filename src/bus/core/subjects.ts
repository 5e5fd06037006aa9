// The subjects of the protocol (docs/protocol.md) and the rules for names in them.

import { DEFAULT_OPERATION, isOperationName, MAX_OPERATION_NAME_LENGTH } from "../../util/operation-name.ts";
import { quoted } from "../../util/printable.ts";

/** A name as it may stand in a subject, or the rule that it breaks. */
export type NameCheck =
  | { readonly kind: "good"; readonly name: string }
  | { readonly kind: "bad"; readonly why: string };

/** First tokens with another meaning. A service of that name would receive, or send, messages of other services. */
const RESERVED = new Set(["health", "belief", "warning", "chaos", "account", "get", "_inbox"]);
/** Enough for any name that people type. A subject then stays far below the server's limit of 4 KB. */
const MAX_NAME_LENGTH = 64;

/** Checks a service's name: lower-case letters, digits, `-` and `_`, starting with a letter. */
export function checkServiceName(name: string): NameCheck {
  const shown = quoted(name, MAX_NAME_LENGTH);
  if (name.length > MAX_NAME_LENGTH) return bad(`service name ${shown} is longer than ${MAX_NAME_LENGTH} characters`);
  if (!/^[a-z][a-z0-9_-]*$/.test(name)) {
    return bad(`service name ${shown} must be lower-case letters, digits, - and _, starting with a letter`);
  }
  if (RESERVED.has(name)) return bad(`service name ${shown} is reserved`);
  return { kind: "good", name };
}

/** Checks an operation's name: letters, digits, `-` and `_`, starting with a letter. */
export function checkOperationName(name: string): NameCheck {
  // An object with a method `then` is taken for a promise.
  if (isOperationName(name) && name !== "then") return { kind: "good", name };
  const shown = quoted(name, MAX_NAME_LENGTH);
  if (name.length > MAX_OPERATION_NAME_LENGTH)
    return bad(`operation name ${shown} is longer than ${MAX_OPERATION_NAME_LENGTH} characters`);
  if (name === "then") return bad(`operation name ${shown} is reserved`);
  return bad(`operation name ${shown} must be letters, digits, - and _, starting with a letter`);
}

/** Whether the id of an incarnation is valid in a subject: one token, no wildcards. */
export function isIncarnationId(id: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(id);
}

const bad = (why: string): NameCheck => ({ kind: "bad", why });

/** A request to any instance: the bus picks one. The queue group has the name of the service. */
export const sharedSubject = (service: string, operation: string = DEFAULT_OPERATION): string =>
  `${service}.${operation}`;
/** A request to one incarnation, for callers with a resolver. */
export const directSubject = (service: string, incarnation: string, operation: string = DEFAULT_OPERATION): string =>
  `${service}.${operation}.${incarnation}`;
/** The requests to one incarnation, of all operations. */
export const allDirectSubjects = (service: string, incarnation: string): string => `${service}.*.${incarnation}`;
/** In the place of an operation, which begins with a letter: the caller of a request has given up. */
export const CANCEL_PART = "_cancel";
/** The subject on which a caller cancels a request to one incarnation. The body is the reply subject of the request. */
export const cancelSubject = (service: string, incarnation: string): string =>
  directSubject(service, incarnation, CANCEL_PART);
/** The operation that a request's subject names. */
export function operationOf(subject: string): string {
  const start = subject.indexOf(".") + 1;
  const end = subject.indexOf(".", start);
  return end === -1 ? subject.slice(start) : subject.slice(start, end);
}
export const heartbeatSubject = (service: string, incarnation: string): string => `health.${service}.${incarnation}`;
/** All heartbeats of a service. */
export const allHeartbeatsSubject = (service: string): string => `health.${service}.*`;
/** A message there asks every instance of the service for a heartbeat. */
export const rollCallSubject = (service: string): string => `health.${service}`;

/**
 * The warnings of one caller about instances of a service.
 * @param sender its two parts: one that its credentials name, and one of the process
 */
export const warningSubject = (service: string, sender: string): string => `warning.${service}.${sender}`;
/** The warnings of all callers about instances of a service. */
export const allWarningsSubject = (service: string): string => `warning.${service}.*.*`;
/** The first part of a sender without credentials of `dwc`: the bus has not checked it. */
export const ANY_CALLER = "_";

/** Two parts, each as an incarnation's id may be. */
export const isWarningSender = (text: string): boolean => {
  const parts = text.split(".");
  return parts.length === 2 && parts.every(isIncarnationId);
};

/** The sender that the subject of a warning names, if it is one about `service`. */
export function warningSenderOf(service: string, subject: string): string | undefined {
  const prefix = `warning.${service}.`;
  const sender = subject.startsWith(prefix) ? subject.slice(prefix.length) : "";
  return isWarningSender(sender) ? sender : undefined;
}

/** Fault commands to one incarnation. An instance subscribes to it only with CHAOS=1. */
export const chaosSubject = (service: string, incarnation: string): string => `chaos.${service}.${incarnation}`;
/** The list of active faults, and the reset, of all instances of a service. */
export const chaosBroadcastSubject = (service: string): string => `chaos.${service}`;

/** The incarnation that a heartbeat's subject names, if it is one of `service`. */
export function incarnationOf(service: string, subject: string): string | undefined {
  const prefix = `health.${service}.`;
  if (!subject.startsWith(prefix)) return undefined;
  const id = subject.slice(prefix.length);
  return isIncarnationId(id) ? id : undefined;
}

/** A verb of the NATS service protocol (ADR-32): for all services, for one service and for one instance. */
export const serviceVerbSubjects = (
  verb: "PING" | "INFO" | "STATS",
  service: string,
  id: string,
): readonly string[] => [`$SRV.${verb}`, `$SRV.${verb}.${service}`, `$SRV.${verb}.${service}.${id}`];

/** An address in messages: the direct subject, marked as one on NATS. */
export const shownAddress = (subject: string): string => `nats:${subject}`;

/**
 * In a reply subject: every service may answer, because a request such as `$SRV.PING` goes to all. No service has this
 * name.
 */
export const EVERY_SERVICE = "_all";
/** The first tokens of the protocol's own subjects. The second token is the service. */
const KINDS = new Set(["health", "belief", "chaos"]);

/** The service that may answer a request to `subject`: a part of the reply subject (reply-subjects.ts). */
export function answererOf(subject: string): string {
  const [first = "", second = "", third = ""] = subject.split(".");
  const service = first === "$SRV" ? third : KINDS.has(first) ? second : first;
  return checkServiceName(service).kind === "good" ? service : EVERY_SERVICE;
}

/**
 * Whether an answer may be published to a reply subject. The sender of a request chooses it freely, and the instance
 * has permissions that the sender lacks: it must not be made to publish heartbeats, roll calls, faults or calls. The
 * subjects of all of these begin with a lower-case letter, and those of the server with `$`.
 */
export function takesReplies(subject: string): boolean {
  return /^[A-Z_][^*>$\s]*$/.test(subject);
}

/** The server allows subjects of up to 4 KB. The longest subject of a heartbeat has 136 characters. */
const MAX_SHOWN_LENGTH = 140;

/** A subject received from the bus, safe to print in a message. */
export function shownSubject(subject: string): string {
  const printable = subject.slice(0, MAX_SHOWN_LENGTH).replace(/[^!-~]/g, "?");
  return subject.length > MAX_SHOWN_LENGTH ? `${printable}...` : printable;
}

/** Throws on a bug of the caller: the server would read a space or a line end in a subject as another command. */
export function assertSubject(subject: string): void {
  if (subject === "" || /\s/.test(subject)) throw new Error(`bus: ${JSON.stringify(subject)} is no subject`);
}
