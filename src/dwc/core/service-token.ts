// `dwc service-token`: prints the credentials of a service, for another machine.

import { orgJson, serviceJson } from "./cli-format.ts";
import type { Command } from "./command.ts";
import { type Failed, quoteForMessage, toFailure } from "./outcome.ts";

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
  run: async ({ args: [name = ""], values, flags }, world) => {
    const format = values.get("format") ?? "creds";
    if (!FORMATS.some((known) => known === format)) return unknownFormat(format);
    const found = await world.identity.serviceToken(name);
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

const unknownFormat = (format: string): Failed => ({
  kind: "failed",
  category: "usage",
  code: "wrong-option",
  message: `there is no format ${quoteForMessage(format)}`,
  hint: "use  --format creds  or  --format json",
});
