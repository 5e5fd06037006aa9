// `dwc nats-config`: prints the path of a configuration for a nats-server that admits only the orgs of this folder.

import type { Command } from "./command.ts";
import { toFailure } from "./outcome.ts";

export const natsConfig: Command = {
  name: "nats-config",
  summary: "prints the path of the configuration for a nats-server of your own",
  about: ["The bus that the Market starts by itself uses the same file."],
  args: [],
  options: [],
  example: 'nats-server -c "$(bin/dwc nats-config)"',
  run: async (_call, world) => {
    const found = await world.identity.natsConfig();
    if (found.kind === "refused") return toFailure(found);
    return { kind: "done", lines: [found.path], notes: [], json: { path: found.path }, ifUnwritten: "read-only" };
  },
};
