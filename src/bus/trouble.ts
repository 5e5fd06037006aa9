// Why the bus is away, as a person reads it. Pure.

import { REPLY_ROOT } from "./credentials.ts";
import type { Probe } from "./probe.ts";

export interface Trouble {
  /** `absent`: what one expects of a bus that is not started; anything else is worth telling. `open`: open-bus.ts. */
  readonly kind: "absent" | "silent" | "stranger" | "refused" | "open" | "failed" | "lost";
  readonly sentence: string;
}

/** What a probe that found no NATS server means. */
export function troubleOf(found: Exclude<Probe, { kind: "nats" }>, shown: string): Trouble {
  switch (found.kind) {
    case "nothing":
      return { kind: "absent", sentence: `nothing answers at ${shown} (${found.why})` };
    case "silent":
      return {
        kind: "silent",
        sentence: `${shown} accepts connections and says nothing: a paused nats-server, or no nats-server at all`,
      };
    case "stranger":
      return {
        kind: "stranger",
        sentence: `what answers at ${shown} is not a NATS server: set NATS_URL to where one is`,
      };
  }
}

/** How one attempt to connect ended, or a connection. */
export type Attempt = { readonly kind: "connected" } | Trouble;

/** As whom we knock. */
export interface Caller {
  /** Whose credentials we have; undefined: none. */
  readonly holder: string | undefined;
  /** What a person types to be let in. */
  readonly cure: string | undefined;
}

/** What the client library's failure to connect means; a server that knows us not says "authorization". */
export function troubleOfConnecting(error: unknown, shown: string, caller: Caller): Trouble {
  const why = error instanceof Error ? error.message : String(error);
  // A server too busy to read our login in time says "authentication timeout", and has judged nothing.
  if (/auth/i.test(why) && !/timeout/i.test(why))
    return { kind: "refused", sentence: refusalSentence(why.replace(/'/g, ""), shown, caller) };
  return { kind: "failed", sentence: `the bus at ${shown} cannot be used: ${why}` };
}

function refusalSentence(why: string, shown: string, { holder, cure }: Caller): string {
  const as = holder === undefined ? "" : ` with the credentials of ${holder} (revoked, expired, or for another bus)`;
  return `the bus at ${shown} does not let us in${as}: ${why}${cure === undefined ? "" : `; ${cure}`}`;
}

export function troubleOfLosing(reason: string, shown: string): Trouble {
  return { kind: "lost", sentence: `lost the bus at ${shown}: ${reason}` };
}

/** What the server's refusal of one subject means, and under which key it is reported once a minute. */
export function deniedSentence(
  operation: string,
  subject: string,
  { holder, cure }: Caller,
): { readonly about: string; readonly sentence: string } {
  const whose = holder === undefined ? "" : ` with the credentials of ${holder}`;
  if (operation === "publish" && subject.startsWith(`${REPLY_ROOT}.`))
    return {
      about: "reply subject",
      sentence: `an answer to ${subject} was dropped: the bus lets no service answer there${whose}. Callers use ${REPLY_ROOT}.SERVICE.… (docs/protocol.md); credentials of an earlier version do not: type  bin/dwc renew`,
    };
  const verb = operation === "publish" ? "send to" : "hear";
  const instead = cure === undefined ? "" : `: ${cure}`;
  const sentence = `this process is not allowed to ${verb} ${subject}${whose}${instead}`;
  return { about: `not allowed to ${verb}`, sentence };
}
