// The command that gives a program a right on the bus, where its credentials lack it.

import { checkServiceName } from "./subjects.ts";

export interface RightsHolder {
  /** The name in the credentials; undefined: there are none. */
  readonly holder: string | undefined;
  /** The services that these credentials may call. */
  readonly calls?: readonly string[] | undefined;
}

/** First tokens of subjects whose right follows from no list of `dwc`. */
const OTHER = new Set(["chaos", "belief", "warning", "account", "$SRV"]);

/** @returns undefined where no command of `dwc` gives the right */
export function missingRight(
  operation: "publish" | "subscription",
  subject: string,
  { holder, calls = [] }: RightsHolder,
): string | undefined {
  const [first = "", second = "", third] = subject.split(".");
  const isHealth = first === "health";
  const service = isHealth ? second : first;
  if (holder === undefined || holder === service || OTHER.has(first) || !isService(service)) return undefined;
  // A caller publishes requests and roll calls, and receives heartbeats. An instance does the opposite.
  const isOfCaller = isHealth && third !== undefined ? operation === "subscription" : operation === "publish";
  if (!isOfCaller)
    return `an instance of ${service} needs the credentials of ${service}: type  bin/dwc create-service ${service} , and set NATS_CREDS to the file that it names`;
  if (!isService(holder)) return undefined;
  const list = [...new Set([...calls, service])].sort().join(",");
  return `${holder} may not call ${service}: type  bin/dwc create-service ${holder} --calls ${list}`;
}

const isService = (name: string): boolean => checkServiceName(name).kind === "good";
