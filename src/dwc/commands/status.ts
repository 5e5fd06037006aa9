// `dwc status`: the user, the org, the capabilities and the bus. It changes nothing and needs no login.

import { readBusAddress } from "../../protocol.ts";
import { otherPort } from "../../settings.ts";
import { type Command, type CommandContext, columns } from "../cli/core/command.ts";
import { toFailure } from "../cli/core/result.ts";
import { quoteName, shellWord } from "../identity/core/names.ts";
import { notNatsText, restart } from "../identity/core/sync-notes.ts";
import type { Identity, PublicService, Role } from "../identity/public-view.ts";
import type { BusProbe } from "../identity/sync-bus.ts";
import { continueListener } from "../live/core/continue-hint.ts";
import { formatPerson, orgJson, serviceJson } from "./change.ts";

export const status: Command = {
  name: "status",
  summary: "who you are, in which org, with which services, and what bus runs",
  about: ["It changes nothing, and connects to nothing: of the bus it reads the greeting."],
  args: [],
  options: [],
  example: "bin/dwc status",
  run: async (_call, context) => {
    const [found, probes] = await Promise.all([context.identity.describe(), context.probeBus()]);
    if (found.kind === "refused") return toFailure(found);
    const { identity } = found;
    const hasOrg = identity.current !== undefined;
    return {
      kind: "done",
      lines: [...personLines(identity, context), "", "Bus", ...probes.map((probe) => `  ${busLine(probe, hasOrg)}`)],
      notes: [],
      json: { ...personJson(identity), bus: probes.map(busJson) },
      ifUnwritten: "read-only",
    };
  },
};

function personLines(identity: Identity, context: CommandContext): readonly string[] {
  const { current, orgs } = identity;
  if (current === undefined) return loggedOutLines(orgs, context);
  const { org, person, capabilities, services, people } = current;
  return [
    `Logged in as ${formatPerson(org, person.email)}: ${person.name}, ${person.role} of ${quoteName(org.name)}`,
    ...listed("You may", capabilities),
    ...listed("Services", services.length > 0 ? services.map(serviceLine) : [noService(person.role)]),
    ...listed("People", columnsOf(people.map(({ email, role }) => [email, role]))),
    ...listed("Other orgs here", orgs.filter(({ isCurrent }) => !isCurrent).map(otherOrg)),
  ];
}

const noService = (role: Role): string =>
  role === "member" ? "none here; members make none" : "none yet; to make one:  bin/dwc create-service ratings";

function listed(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : ["", title, ...items.map((item) => `  ${item}`)];
}

const columnsOf = (rows: readonly (readonly [string, string])[]): readonly string[] =>
  columns(rows).map((line) => line.trimStart());

/** The length of the date in an ISO time. */
const DAY_LETTERS = "2016-02-18".length;

function serviceLine({
  name,
  issuedAt,
  expiresAt,
  calls,
}: Pick<PublicService, "name" | "issuedAt" | "expiresAt" | "calls">): string {
  const end = expiresAt === undefined ? "never expires" : `expires ${expiresAt.slice(0, DAY_LETTERS)}`;
  const called = calls.length === 0 ? "" : `, calls ${calls.join(", ")}`;
  return `${name}   since ${issuedAt.slice(0, DAY_LETTERS)}, ${end}${called}`;
}

type OrgShown = Identity["orgs"][number];

const otherOrg = ({ id, name, email }: OrgShown): string =>
  `[${id}]${email}, ${quoteName(name)}; to switch:  bin/dwc login ${shellWord(email)} --org-id ${id}`;

function loggedOutLines(orgs: readonly OrgShown[], { stateDir }: CommandContext): readonly string[] {
  return [
    `You are logged out (${stateDir}).`,
    "",
    "Start an org of your own   bin/dwc create-org ORG NAME EMAIL",
    "Join one as invited        bin/dwc accept-invitation -",
    ...orgs.map(({ id, email }) => `Go back to [${id}]   bin/dwc login ${shellWord(email)} --org-id ${id}`),
  ];
}

function busLine(probe: BusProbe, hasOrg: boolean): string {
  switch (probe.kind) {
    case "bus":
      return probe.secured
        ? `${probe.url} answers and is secured: it admits only users with credentials`
        : openLine(probe.url, hasOrg);
    case "not-nats":
      return `${notNatsText(probe)}; for another port:  make market NATS_URL=nats://127.0.0.1:${otherPort(portOf(probe.url))}`;
    case "silent":
      return `${probe.url} accepts connections and says nothing: a paused bus? To let it go on:  ${continueListener(readBusAddress(probe.url))}`;
    case "closed":
    case "untrusted":
    case "wrong port":
    case "unresolved":
      return probe.why;
    case "nothing":
      return probe.isNeverStarted
        ? `${probe.url} does not answer; what starts a bus there:  bin/dwc check`
        : `${probe.url} does not answer; to start a bus with the Market:  make market`;
  }
}

const portOf = (url: string): number => readBusAddress(url).port;

/** Without an org an open bus is expected. With one it is a risk. */
function openLine(url: string, hasOrg: boolean): string {
  const open = `${url} answers and is open: any client that reaches it can join`;
  return hasOrg ? `${open}; for a secured one end it, then  ${restart(url)}` : open;
}

function personJson({ current, orgs }: Identity): Readonly<Record<string, unknown>> {
  return {
    logged_in: current !== undefined,
    org: current === undefined ? null : orgJson(current.org),
    person: current?.person ?? null,
    capabilities: current?.capabilities ?? [],
    services: current?.services.map(serviceJson) ?? [],
    people: current?.people ?? [],
    orgs: orgs.map(({ id, name, email, isCurrent }) => ({ id, name, email, is_current: isCurrent })),
  };
}

const busJson = (probe: BusProbe): object => ({
  url: probe.url,
  found: probe.kind,
  answers: probe.kind === "bus",
  secured: probe.kind === "bus" && probe.secured,
  why: "why" in probe ? probe.why : null,
});
