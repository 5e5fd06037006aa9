// `dwc create-service`, `service-token` and `nats-config`: credentials for services, and the configuration of a server.

import type { Command } from "../cli/core/command.ts";
import { type Failed, quoteForMessage, toFailure, wrongUsage } from "../cli/core/result.ts";
import { shellQuoted } from "../identity/core/names.ts";
import { changed, orgJson, serviceJson, unchanged } from "./change.ts";

/** The service in this repository. dwc does not know how other services are started. */
const OWN_SERVICE = "ratings";

export const createService: Command = {
  name: "create-service",
  summary: "makes the credentials of a service",
  about: [
    "With them a service may answer requests and send heartbeats under its own name, and nothing else.",
    "A service that exists already keeps the credentials that it has, unless they have an end, as those of an earlier dwc.",
  ],
  args: [
    { name: "SERVICE", meaning: "small letters, digits, - and _, a letter first; the Market's is called ratings" },
  ],
  options: [],
  example: "bin/dwc create-service ratings",
  run: async ({ args: [name = ""] }, context) => {
    const created = await context.identity.createService(name);
    if (created.kind === "refused") return unchanged(created);
    const { service, org, credsFile, outcome } = created;
    return changed({
      lines: [`${RESULT_TEXT[outcome](`${service.name} in [${org.id}]`)}: its credentials are in ${credsFile}`],
      sync: created.sync,
      isForNextBus: true,
      notes: [`Next:  ${nextLine(service.name, credsFile)}`],
      json: { org: orgJson(org), service: serviceJson(service), creds_file: credsFile, outcome },
      ifUnwritten: {
        effect: `the credentials are in ${credsFile}`,
        again: `to see it again:  bin/dwc create-service ${name}`,
      },
    });
  },
};

const RESULT_TEXT = {
  made: (service: string) => `Created service ${service}`,
  kept: (service: string) => `Service ${service} was there before, and keeps what it has`,
  renewed: (service: string) => `Service ${service} had credentials with an end, and has new ones without`,
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
