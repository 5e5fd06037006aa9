// Permissions of each role on the bus: the fewest subjects with which it can do its work. The server enforces them
// (docs/operating.md, "Who may be on the bus"). It refuses every subject that is not listed here.
//
// No role has `allow_responses`. With it the server lets a client publish to any reply subject that stands in a message
// which the client receives. A service could send itself a roll call with the reply subject `chaos.ratings`, receive
// it, and then stop the instances of another service. The server checks such replies after `deny`, so `deny` does not
// help. Instead a reply subject names the service that may answer (src/bus/reply-subjects.ts).

import { REPLY_ROOT, repliesTo, warningsFrom } from "../../../bus/core/credentials.ts";
import {
  allHeartbeatsSubject,
  allWarningsSubject,
  chaosBroadcastSubject,
  chaosSubject,
  EVERY_SERVICE,
  heartbeatSubject,
  rollCallSubject,
  serviceVerbSubjects,
} from "../../../bus/core/subjects.ts";
import {
  accountNewsSubject,
  accountTokenSubject,
  allViewsSubject,
  viewSubject,
} from "../../../contracts/core/subjects.ts";
import { newsOf } from "./account-links.ts";

export interface Permissions {
  readonly pub: { readonly allow: readonly string[]; readonly deny?: readonly string[] };
  readonly sub: { readonly allow: readonly string[] };
}

const ANY = "*";
const VERBS = ["PING", "INFO", "STATS"] as const;
/** Faults, of one instance and of all. */
const CHAOS = [chaosSubject(ANY, ANY), chaosBroadcastSubject(ANY)];

/** Calls of any operation of a service: `<service>.<operation>`, and the same to one incarnation. */
const callsOf = (service: string): readonly [shared: string, direct: string] => [
  `${service}.${ANY}`,
  `${service}.${ANY}.${ANY}`,
];

/**
 * @param publicKey the user's: it names the user's own part of reply subjects
 * @param calls the services that it may call
 */
export function servicePermissions(service: string, publicKey: string, calls: readonly string[] = []): Permissions {
  const [shared, direct] = callsOf(service);
  const requests = [
    `${shared} ${service}`, // in its queue group only: outside it, one instance would receive all of them
    direct,
  ];
  const verbs = VERBS.flatMap((verb) => serviceVerbSubjects(verb, service, ANY));
  // Only an instance with CHAOS=1 subscribes to these, and only admins may publish them.
  const chaos = [chaosSubject(service, ANY), chaosBroadcastSubject(service)];
  return {
    pub: {
      allow: [
        heartbeatSubject(service, ANY),
        rollCallSubject(service), // a starting instance calls the roll to find another one with its number
        `${REPLY_ROOT}.${service}.>`,
        `${REPLY_ROOT}.${EVERY_SERVICE}.>`, // answers to `$SRV` questions that go to every service
        ...calls.flatMap((called) => [
          ...callsOf(called),
          rollCallSubject(called),
          warningsFrom(called, publicKey), // under its own name alone: the others count by sender
        ]),
      ],
    },
    sub: {
      allow: [
        ...[...requests, rollCallSubject(service), ...verbs, ...chaos, repliesTo(publicKey)],
        ...calls.map(allHeartbeatsSubject),
        ...(calls.length > 0 ? [allWarningsSubject(ANY)] : []), // for each service of the list, a login would hold fewer
      ],
    },
  };
}

/** Subjects with two or three parts that are no calls. A person may publish `*.*` and `*.*.*`, without these. */
const NO_CALLS = [
  heartbeatSubject(ANY, ANY),
  `belief.${ANY}`, // a view has three parts
  ...[`warning.${ANY}`, `warning.${ANY}.${ANY}`], // a warning has four
  `account.${ANY}.${ANY}`, // the news of account tokens: only the server publishes them
  ...[`${REPLY_ROOT}.>`, "_R_.>", "_GR_.>"], // reply subjects: of clients, and of the server between accounts
  ...["$SYS.>", "$JS.>", "$KV.>", "$O.>", "$MQTT.>"], // the server's own services
];

/**
 * A member runs Markets: it calls every service of the org, receives all heartbeats, and publishes to other Markets.
 */
export function marketPermissions(publicKey: string): Permissions {
  return {
    pub: { allow: [...MARKET_SENDS, warningsFrom(ANY, publicKey)], deny: [...NO_CALLS, ...CHAOS] },
    sub: {
      allow: [
        ...[allHeartbeatsSubject(ANY), allWarningsSubject(ANY), allViewsSubject(ANY)],
        ...[accountNewsSubject, repliesTo(publicKey)],
      ],
    },
  };
}

/** Some of them are calls by their form. They are named for the reader, and because programs look for them in a token. */
const MARKET_SENDS = [
  ...[...callsOf(ANY), rollCallSubject(ANY), viewSubject(ANY, ANY)],
  ...VERBS.flatMap((verb) => serviceVerbSubjects(verb, ANY, ANY)),
  accountTokenSubject, // the Market that starts the next server starts it with the newest token
];

/** The owner and each admin: the permissions of a member, and fault commands to instances. */
export function adminPermissions(publicKey: string): Permissions {
  const { pub, sub } = marketPermissions(publicKey);
  return { pub: { allow: [...pub.allow, ...CHAOS], deny: NO_CALLS }, sub };
}

/** Requests of dwc to the server itself: a new account token, which it also publishes to members, and queries. */
export const UPDATE_SUBJECT = "$SYS.REQ.CLAIMS.UPDATE";
/** Lists the accounts that a server stores a token of. */
export const LIST_SUBJECT = "$SYS.REQ.CLAIMS.LIST";
export const PING_SUBJECT = "$SYS.REQ.SERVER.PING";
export const CONFIGURATION_SUBJECT = "$SYS.REQ.SERVER.PING.VARZ";
export const infoSubject = (account: string): string => `$SYS.REQ.ACCOUNT.${account}.INFO`;
/** Lists the subjects of an account. */
export const subjectsSubject = (account: string): string => `$SYS.REQ.ACCOUNT.${account}.SUBSZ`;
export const lookupSubject = (account: string): string => `$SYS.REQ.ACCOUNT.${account}.CLAIMS.LOOKUP`;

export function pushPermissions(publicKey: string): Permissions {
  const allow = [
    UPDATE_SUBJECT,
    LIST_SUBJECT,
    PING_SUBJECT,
    CONFIGURATION_SUBJECT,
    infoSubject(ANY),
    subjectsSubject(ANY),
    lookupSubject(ANY),
    newsOf(ANY),
  ];
  return { pub: { allow }, sub: { allow: [repliesTo(publicKey)] } };
}
