// The view of a bus that the credentials of dwc give. Those of a person show every service. Those of a service show the services
// that it may call, by their heartbeats: it may neither read counters ($SRV.STATS) nor find out which services there are.

import { type Credentials, callsIn } from "../../../bus/core/credentials.ts";
import { checkServiceName } from "../../../bus/core/subjects.ts";

export type BusView =
  | { readonly kind: "all" }
  /** Of the service `holder`. `calls`: the services that it may call. */
  | { readonly kind: "calls"; readonly holder: string; readonly calls: readonly string[] };

const ALL: BusView = { kind: "all" };

/** @param isSecured whether the server has checked a login: an open one permits everything */
export function viewOf(isSecured: boolean, credentials: Credentials | undefined): BusView {
  const holder = isSecured ? serviceOf(credentials) : undefined;
  return credentials === undefined || holder === undefined
    ? ALL
    : { kind: "calls", holder, calls: callsIn(credentials.text) };
}

/** The service that the credentials are of; undefined: they are of a person, whose name is an e-mail address. */
export const serviceOf = (credentials: Credentials | undefined): string | undefined =>
  credentials !== undefined && checkServiceName(credentials.name).kind === "good" ? credentials.name : undefined;

/** What to type to see all of it. */
export const AS_PERSON = "as a person of the org, leave NATS_CREDS out";

/** The note beside a result that shows a part of the bus. */
export function partNote(view: BusView): readonly string[] {
  if (view.kind === "all") return [];
  const { holder, calls } = view;
  return [`the credentials of ${holder} show ${calls.join(", ")} alone, and no counters: to see all ${AS_PERSON}`];
}

/** Why a service cannot be called or listed, and what to type; undefined: it can. Without a service: why none can. */
export function hiddenBy(
  view: BusView,
  service: string | undefined,
): { readonly why: string; readonly hint: string } | undefined {
  if (view.kind === "all" || view.calls.includes(service ?? view.calls[0] ?? "")) return undefined;
  const { holder, calls } = view;
  const list = service === undefined ? "SERVICE" : [...new Set([...calls, service])].sort().join(",");
  const what = service === undefined ? "any service" : service === holder ? "its own instances" : service;
  return {
    why: `the credentials of ${holder} do not permit it to call ${what}`,
    hint: `bin/dwc create-service ${holder} --calls ${list}   (or ${AS_PERSON})`,
  };
}
