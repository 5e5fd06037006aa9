// `dwc push`: sends the account tokens of the orgs that this folder owns to the running bus, and reports whether it
// obeys.

import { changed } from "./changed.ts";
import { orgJson } from "./cli-format.ts";
import type { Command } from "./command.ts";
import { strictSyncResult } from "./obedience.ts";
import { toFailure } from "./outcome.ts";

export const push: Command = {
  name: "push",
  summary: "hands the running bus the newest state of your orgs, and says whether it obeys",
  about: [
    "Every change does the same by itself. This is for a bus that was paused or away then, or runs elsewhere: set NATS_URL",
    "to it. A bus that has a newer state than this folder keeps it. Only the owner of an org can push.",
  ],
  args: [],
  options: [],
  example: "bin/dwc push",
  run: async (_call, world) => {
    const pushed = await world.identity.push();
    if (pushed.kind === "refused") return toFailure(pushed);
    const { orgs, sync } = pushed;
    const names = orgs.map(({ id }) => `[${id}]`).join(", ");
    const isSynced = strictSyncResult(sync).kind === "obeys";
    const isSyncedSomewhere = sync.addresses.some(({ kind }) => kind === "obeys");
    const effect = isSynced
      ? `the bus has the newest state of ${names}`
      : `${isSyncedSomewhere ? "not every" : "no"} bus is known to have the newest state of ${names}`;
    return changed({
      sync,
      lines: [`${effect[0]?.toUpperCase()}${effect.slice(1)}`],
      notes: [],
      json: { orgs: orgs.map(orgJson) },
      ifUnwritten: {
        effect,
        again: "to see the result:  bin/dwc push",
      },
      mustReachBus: true,
    });
  },
};
