// Why the bus is away, as a person reads it. Pure.

import type { Probe } from "./probe.ts";

export interface Trouble {
  /** `absent`: what one expects of a bus that is not started; anything else is worth telling. */
  readonly kind: "absent" | "silent" | "stranger" | "refused" | "failed" | "lost";
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
