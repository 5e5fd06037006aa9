// `dwc create-service`, `service-token` and `nats-config`: credentials for services, and the configuration of a server.

import type { Command } from "../cli/core/command.ts";
import { type Failed, quoteForMessage, toFailure, wrongUsage } from "../cli/core/result.ts";
import { shellQuoted } from "../identity/core/names.ts";
import type { CreatedService } from "../identity/public-view.ts";
import { changed, orgJson, serviceJson, unchanged } from "./change.ts";

/** The service in this repository. dwc does not know how other services are started. */
const OWN_SERVICE = "ratings";

export const createService: Command = {
  name: "create-service",
  summary: "makes the credentials of a service, and says which services it may call",
  about: [
    "With them a service may answer requests and send heartbeats under its own name, call the services of --calls, and",
    "nothing else. The services of --calls need not exist yet.",
    "A service that exists already keeps the credentials that it has, unless they have an end, as those of an earlier dwc.",
    "With --calls or --no-calls it may call these services from then on, and no others. If those are others than before, it",
    "gets new credentials, and the old ones are revoked.",
  ],
  args: [
    { name: "SERVICE", meaning: "small letters, digits, - and _, a letter first; the Market's is called ratings" },
  ],
  options: [
    { name: "calls", value: "SERVICE,…", meaning: "the services that it may call, with commas" },
    { name: "no-calls", meaning: "it may call no service any more" },
  ],
  example: "bin/dwc create-service orders --calls inventory,payments",
  run: async ({ args: [name = ""], values, flags }, context) => {
    const given = values.get("calls");
    if (given !== undefined && flags.has("no-calls")) return callsAndNone();
    const calls = flags.has("no-calls") ? [] : given?.split(",").map((called) => called.trim());
    const created = await context.identity.createService(name, calls);
    if (created.kind === "refused") return unchanged(created);
    const { service, org, credsFile, outcome } = created;
    const isRevoked = outcome === "changed" && created.unrevoked === undefined;
    const again = `bin/dwc create-service ${name}${callsOption(calls)}`;
    return changed({
      lines: [
        `${RESULT_TEXT[outcome](`${service.name} in [${org.id}]`)}: its credentials are in ${credsFile}`,
        ...(service.calls.length === 0 ? [] : [`It may call ${service.calls.join(", ")}`]),
      ],
      sync: created.sync,
      // The bus still admits the replaced key until it has the revocation.
      ...(isRevoked ? { mustReachBus: true, again: "bin/dwc push" } : { isForNextBus: true }),
      notes: [...notesOf(created), `Next:  ${nextLine(service.name, credsFile)}`],
      json: {
        ...{ org: orgJson(org), service: serviceJson(service), creds_file: credsFile, outcome },
        unrevoked_key: created.unrevoked ?? null,
      },
      ifUnwritten: { effect: `the credentials are in ${credsFile}`, again: `to see it again:  ${again}` },
    });
  },
};

const callsAndNone = (): Failed =>
  wrongUsage("wrong-option", "create-service: --calls and --no-calls contradict each other", "leave one of them out");

const callsOption = (calls: readonly string[] | undefined): string =>
  calls === undefined ? "" : calls.length === 0 ? " --no-calls" : ` --calls ${calls.join(",")}`;

function notesOf({ service, org, outcome, unknownCalls, unrevoked }: CreatedService): readonly string[] {
  const { name } = service;
  return [
    ...unknownCalls.map((called) => `Note: this folder has made no service ${called}; if that is no mistake, go on`),
    ...(outcome === "changed"
      ? [`Where ${name} runs on another machine, replace its file:  bin/dwc service-token ${name}`]
      : []),
    ...(unrevoked === undefined
      ? []
      : [`The old key stays valid until the owner of ${quoteForMessage(org.name)} types  bin/dwc revoke ${unrevoked}`]),
  ];
}

const RESULT_TEXT = {
  made: (service: string) => `Created service ${service}`,
  kept: (service: string) => `Service ${service} was there before, and keeps what it has`,
  renewed: (service: string) => `Service ${service} had credentials with an end, and has new ones without`,
  changed: (service: string) => `Service ${service} may call other services than before, and has new credentials`,
} as const;

const nextLine = (service: string, credsFile: string): string =>
  service === OWN_SERVICE
    ? "make add-ratings   and in another window:  make startRatings COUNT=3"
    : `start it with  NATS_CREDS=${shellQuoted(credsFile)}  in its environment`;

// `dwc service-token`: prints the credentials of a service, for another machine.

const FORMATS = ["creds", "json"] as const;

export const serviceToken: Command = {
  name: "service-token",
  summary: "prints the credentials of a service, for another machine",
  about: [
    "The output is a secret: anyone who has it can act as the service. creds is the file that every NATS client reads,",
    "json holds the same text beside what it is about.",
  ],
  args: [{ name: "SERVICE", meaning: "a service of the current org" }],
  options: [{ name: "format", value: "creds|json", meaning: "how they are printed; creds unless you say otherwise" }],
  example: "bin/dwc service-token ratings > ratings.creds",
  run: async ({ args: [name = ""], values, flags }, context) => {
    const format = values.get("format") ?? "creds";
    if (!FORMATS.some((known) => known === format)) return unknownFormat(format);
    const found = await context.identity.serviceToken(name);
    if (found.kind === "refused") return toFailure(found);
    const json = { org: orgJson(found.org), service: serviceJson(found.service), creds: found.creds };
    const asJson = format === "json" || flags.has("json");
    return {
      kind: "done",
      lines: found.creds.trimEnd().split("\n"),
      notes: found.isOutdated ? [OUTDATED] : [],
      resultNotes: [
        `This is a secret of ${found.service.name}: keep it in a file of mode 600, and start the service with NATS_CREDS=FILE`,
      ],
      json,
      asJson,
      ifUnwritten: { effect: "nothing was changed", again: `to print it again:  bin/dwc service-token ${name}` },
    };
  },
};

const OUTDATED =
  "Note: these credentials are outdated (bin/dwc check says how): replace them first with  bin/dwc renew";

const unknownFormat = (format: string): Failed =>
  wrongUsage("wrong-option", `there is no format ${quoteForMessage(format)}`, "use  --format creds  or  --format json");

// `dwc nats-config`: prints the path of a configuration for a nats-server that admits only the orgs of this folder.

export const natsConfig: Command = {
  name: "nats-config",
  summary: "prints the path of the configuration for a nats-server of your own",
  about: ["The bus that the Market starts by itself uses the same file."],
  args: [],
  options: [],
  example: 'nats-server -c "$(bin/dwc nats-config)"',
  run: async (_call, context) => {
    const found = await context.identity.natsConfig();
    if (found.kind === "refused") return toFailure(found);
    return { kind: "done", lines: [found.path], notes: [], json: { path: found.path }, ifUnwritten: "read-only" };
  },
};
