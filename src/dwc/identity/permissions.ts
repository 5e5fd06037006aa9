// Who may do what on the bus: the least that each can do its work with. Pure; the server enforces it (docs/operating.md, "Who may
// be on the bus"). A subject that is not named here is refused.

import { inboxPrefixOf } from "../../bus/credentials.ts";
import {
  beliefSubject,
  beliefsSubject,
  chaosOfAllSubject,
  chaosSubject,
  directSubject,
  heartbeatSubject,
  heartbeatsSubject,
  rollCallSubject,
  serviceVerbSubjects,
  sharedSubject,
} from "../../bus/subjects.ts";

export interface Permissions {
  readonly pub: { readonly allow: readonly string[]; readonly deny?: readonly string[] };
  readonly sub: { readonly allow: readonly string[] };
  /** Answers to what it was asked: how many to each, and for how long (ns, as the server counts). */
  readonly resp?: { readonly max: number; readonly ttl: number };
}

const ANY = "*";
const VERBS = ["PING", "INFO", "STATS"] as const;
const NS_PER_MS = 1_000_000;
/** Faults, of one instance and of all. */
const CHAOS = [chaosSubject(ANY, ANY), chaosOfAllSubject(ANY)];
/**
 * One answer to each message: the protocol has no more, and with that one the server forgets that it was asked, so
 * thousands of requests a second leave nothing behind.
 */
const ANSWERS_EACH = 1;
/**
 * How long after it was asked an instance may answer: twice the longest REQUEST_TIMEOUT_MS. A slow handler is refused
 * only when nobody has waited for a minute; a permission that nobody used is forgotten then.
 */
const ANSWER_WITHIN_MS = 120_000;

/** @param publicKey the user's, which names its inbox */
export function servicePermissions(service: string, publicKey: string): Permissions {
  const requests = [
    `${sharedSubject(service)} ${service}`, // in its queue group only: out of it, one instance would hear them all
    directSubject(service, ANY),
  ];
  const verbs = VERBS.flatMap((verb) => serviceVerbSubjects(verb, service, ANY));
  // Heard only by an instance with CHAOS=1, and sent by admins only.
  const chaos = [chaosSubject(service, ANY), chaosOfAllSubject(service)];
  return {
    // Its own roll call too: an instance that starts asks who has its number.
    pub: { allow: [heartbeatSubject(service, ANY), rollCallSubject(service)] },
    sub: { allow: [...requests, rollCallSubject(service), ...verbs, ...chaos, ownInbox(publicKey)] },
    resp: { max: ANSWERS_EACH, ttl: ANSWER_WITHIN_MS * NS_PER_MS },
  };
}

/** Whoever runs a Market: calls any service of the org, hears how all of them are, and tells other Markets what it believes. */
export function marketPermissions(publicKey: string): Permissions {
  return {
    pub: {
      allow: [
        ...[sharedSubject(ANY), directSubject(ANY, ANY), rollCallSubject(ANY), beliefSubject(ANY, ANY)],
        ...VERBS.flatMap(everyVerbSubject),
      ],
      // A call to anything is *.get.*, and so is health.get.x, a heartbeat, and chaos.get.x, a fault.
      deny: [heartbeatSubject(ANY, ANY), ...CHAOS],
    },
    sub: { allow: [heartbeatsSubject(ANY), beliefsSubject(ANY), ownInbox(publicKey)] },
  };
}

/** Whoever owns the org or makes services in it: may also ask instances for faults. */
export function adminPermissions(publicKey: string): Permissions {
  const { pub, sub } = marketPermissions(publicKey);
  return { pub: { allow: [...pub.allow, ...CHAOS], deny: [heartbeatSubject(ANY, ANY)] }, sub };
}

/** The one thing that dwc says to the server itself. */
export const UPDATE_SUBJECT = "$SYS.REQ.CLAIMS.UPDATE";

export function pushPermissions(publicKey: string): Permissions {
  return { pub: { allow: [UPDATE_SUBJECT] }, sub: { allow: [ownInbox(publicKey)] } };
}

const ownInbox = (publicKey: string): string => `${inboxPrefixOf(publicKey)}.>`;
const everyVerbSubject = (verb: "PING" | "INFO" | "STATS"): readonly string[] => serviceVerbSubjects(verb, ANY, ANY);
