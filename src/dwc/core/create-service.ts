// `dwc create-service`: makes the credentials of one service of the current org. A second run keeps the first ones.

import { shellQuoted } from "../identity/core/names.ts";
import { changed, unchanged } from "./changed.ts";
import { orgJson, serviceJson } from "./cli-format.ts";
import type { Command } from "./command.ts";

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
  run: async ({ args: [name = ""] }, world) => {
    const created = await world.identity.createService(name);
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
