// The findings of `dwc check` about the bus, and what to type if there is none.

import { isLoopback, readBusAddress } from "../../protocol.ts";
import { otherPort } from "../../settings.ts";
import { shellWord } from "../identity/core/names.ts";
import type { NotObeying, Reason } from "../identity/core/obedience.ts";
import {
  hintForFixed,
  hintForOlder,
  hintForUnknown,
  notNatsText,
  restart,
  START_ELSEWHERE,
  serverLine,
  splitHint,
  tlsOptions,
} from "../identity/core/sync-notes.ts";
import type { BusProbe } from "../identity/sync-bus.ts";
import { continueListener } from "../live/core/continue-hint.ts";
import type { NotConnected } from "../live/core/live-types.ts";
import type { Facts } from "../live/facts.ts";
import { type Finding, findingOf } from "./finding.ts";

const bus = findingOf("Bus");

export const hasBus = ({ probes }: Pick<Facts, "probes">): boolean => probes.some(({ kind }) => kind === "bus");

export const judgeBus = (facts: Facts): readonly Finding[] => [
  ...facts.probes.map((probe) => judgeProbe(probe, facts)),
  ...judgeAdmission(facts),
  ...judgeObedience(facts),
];

function judgeProbe(probe: BusProbe, facts: Facts): Finding {
  const hint = hintForBus(probe, facts);
  switch (probe.kind) {
    case "bus":
      return probe.secured
        ? bus("fine", `${probe.url} answers and is secured: it admits only users with credentials`)
        : judgeOpen(probe.url, facts);
    case "not-nats":
      return bus("critical", notNatsText(probe), hint);
    case "silent":
      return bus("critical", `${probe.url} accepts connections and says nothing: a paused bus?`, hint);
    case "closed":
    case "untrusted":
    case "wrong port":
      return bus("critical", splitHint(probe.why)[0], hint);
    case "unresolved":
      return bus(hasBus(facts) ? "warning" : "critical", splitHint(probe.why)[0], hint);
    case "nothing":
      return hasBus(facts)
        ? bus("warning", `${probe.url} does not answer; another address of the bus does`, hint)
        : bus("critical", `${probe.url} does not answer`, hint);
  }
}

/** Findings about obedience. Other findings cover an open bus, a refused login, and an address without a server. */
function judgeObedience({ obedience, probes, roll }: Facts): readonly Finding[] {
  return (obedience?.addresses ?? []).flatMap((address) => {
    const { url, kind } = address;
    if (kind === "obeys") return [bus("fine", `${url} uses the newest account tokens of your orgs`)];
    if (kind === "unknown" && probes.some((probe) => probe.kind !== "bus" && probe.url === url)) return [];
    if (kind === "unknown" && address.reason !== "silent") {
      const [why, hint] = splitHint(address.why);
      const isRoomSaid =
        roll.kind === "not-connected" && roll.code === "bus-limited" && (probes.length === 1 || roll.why.includes(url));
      return isRoomSaid ? [] : [bus("warning", `whether ${url} obeys your orgs is not known: ${why}`, hint)];
    }
    const isOutSaid = roll.kind === "not-connected" && probes.length === 1;
    if (kind === "unknown")
      return isOutSaid
        ? []
        : [
            bus(
              "warning",
              `whether ${url} obeys your orgs is not known: ${address.why}`,
              hintForUnknown(address.servers),
            ),
          ];
    if (kind !== "does not obey") return [];
    // Of several addresses, the failed connection reports one.
    const isSaid = probes.length === 1 || (roll.kind === "not-connected" && roll.why.includes(url));
    if (address.reason === "foreign" && !isSaid && probes.some((probe) => probe.kind === "bus" && probe.url === url))
      return [bus("critical", `${url} does not obey: ${address.why}`, hintForForeign(url))];
    if (isSaidElsewhere(address.reason)) return [];
    return [bus("critical", `${url} does not obey: ${address.why}`, hintForObedience(address))];
  });
}

const isSaidElsewhere = (reason: Reason): reason is "open" | "foreign" | "refused" =>
  reason === "open" || reason === "foreign" || reason === "refused";

function hintForObedience({ reason, url, servers }: NotObeying): string {
  if (reason === "fixed") return hintForFixed(url, servers);
  if (reason === "older") return hintForOlder(servers);
  return reason === "newer" ? "put the newest copy of the state folder in its place" : "";
}

function judgeOpen(url: string, { identity }: Facts): Finding {
  const open = `${url} answers and is open`;
  if (identity.org === undefined) return bus("fine", `${open}: any client that reaches it can join`);
  return bus(
    "warning",
    `${open}, though you have an org: any client that reaches it can join`,
    `end it, then type  ${restart(url)}`,
  );
}

const LOG = "its log says why";

/** The command that brings the bus at an address back. */
export function hintForBus(probe: BusProbe, facts: Pick<Facts, "market" | "probes" | "server" | "identity">): string {
  const { kind, url } = probe;
  if (kind === "bus") return "";
  if ("why" in probe) return splitHint(probe.why)[1] || LOG;
  if (kind === "silent") return continueListener(readBusAddress(url));
  const { host, port } = readBusAddress(url);
  if (kind === "nothing" && probe.namesUser) return "start the server that knows the user in NATS_URL";
  if (kind === "not-nats") {
    const elsewhere = `make market NATS_URL=nats://127.0.0.1:${otherPort(port)}`;
    return probe.speaks === undefined ? elsewhere : `set NATS_URL to where a NATS server is, or  ${elsewhere}`;
  }
  if (facts.identity.isOrgElsewhere === true) return START_ELSEWHERE;
  const program = shellWord(facts.server?.path ?? "nats-server");
  // With an org, a server without its configuration would be open to all.
  const server =
    facts.identity.org === undefined ? `${program} -a ${host} -p ${port}${tlsOptions(url)}` : serverLine(url, program);
  if (!isLoopback(host)) return `${server}   (on ${host})`;
  // A running Market keeps its own bus running, so it uses another address.
  if (facts.market.kind === "market") return `${server}   (or set NATS_URL to the bus that the Market is on)`;
  return hasBus(facts) || (kind === "nothing" && probe.isNeverStarted)
    ? server
    : `make market   (it starts a bus; or  ${server})`;
}

const hintForForeign = (url: string): string =>
  `where this org's bus is another, set NATS_URL to it; else end what runs there, then  ${restart(url)}`;

/** The hint of a failed connection may be `dwc check` itself. Here it is replaced by a better one. */
function hintForNotConnected({ code, hint }: NotConnected, url: string, { obedience }: Facts): string {
  if (code === "bus-silent") return `${continueListener(readBusAddress(url))}   (if it is slow, try again)`;
  const foreign = (obedience?.addresses ?? []).find((one) => one.kind === "does not obey" && one.reason === "foreign");
  // The owner's push would be refused as well.
  if (code === "refused" && foreign !== undefined) return hintForForeign(foreign.url);
  return code === "bus-failed" ? `end it, then  ${restart(url)}` : hint;
}

/** Whether the bus admits the user's credentials, from the roll call's login. */
function judgeAdmission(facts: Facts): readonly Finding[] {
  const { roll, probes } = facts;
  const reached = probes.find(({ kind }) => kind === "bus");
  if (reached === undefined) return [];
  // With unreadable credentials dwc did not connect. The findings about the identity report that.
  if (roll.kind === "not-connected")
    return roll.code === "bad-credentials"
      ? []
      : [
          bus(
            roll.code === "not-permitted" ? "warning" : "critical",
            roll.why,
            hintForNotConnected(roll, reached.url, facts),
          ),
        ];
  return roll.notes.map((note) => bus("warning", note));
}
