// `dwc revoke`: takes all access from a service or a person. The bus enforces it and ends open connections as well.

import { shellWord } from "../identity/core/names.ts";
import { changed, unchanged } from "./changed.ts";
import { orgJson } from "./cli-format.ts";
import type { Command } from "./command.ts";
import type { RevokedKind } from "./command-context.ts";
import { strictSyncResult } from "./obedience.ts";

export const revoke: Command = {
  name: "revoke",
  summary: "shuts a service or a person out",
  about: [
    "Its connections end, and its credentials are refused from then on. Others do not notice.",
    "A service that is created again gets new credentials; the old ones stay refused. With an admin go the services",
    "that this admin has made. Only the owner of an org can revoke.",
    "Exit code 4: it is revoked here, and no bus is known to obey. Said again, it is handed to the bus again.",
  ],
  args: [{ name: "SERVICE|EMAIL", meaning: "a service of the current org, one of its people, or a public key (U…)" }],
  options: [],
  example: "bin/dwc revoke ratings",
  run: async ({ args: [name = ""] }, world) => {
    const done = await world.identity.revoke(name);
    if (done.kind === "refused") return unchanged(done);
    const { revoked, org, outcome, sync } = done;
    const isSynced = strictSyncResult(sync).kind === "obeys";
    const before = isSynced ? "Revoked before, and handed to the bus again:" : "Revoked before:";
    const was = outcome === "made" ? "Revoked" : before;
    const again = `bin/dwc revoke ${shellWord(revoked.name)}`;
    return changed({
      sync,
      lines: [`${was} ${revoked.kind} ${revoked.name} in [${org.id}]`],
      notes: NEXT_STEPS[revoked.kind](revoked.name),
      json: { org: orgJson(org), revoked: { kind: revoked.kind, name: revoked.name }, outcome },
      again,
      ifUnwritten: {
        effect: `${revoked.kind} ${revoked.name} is revoked all the same`,
        again: `to see it, and to hand it to the bus again:  ${again}`,
      },
      mustReachBus: true,
    });
  },
};

const newPerson = (email: string): string => `To let them in again:  bin/dwc invite-user ${shellWord(email)}`;

/** Side effects of a revocation, and how to undo it. */
const NEXT_STEPS: Readonly<Record<RevokedKind, (name: string) => readonly string[]>> = {
  service: (name) => [`To give it new credentials:  bin/dwc create-service ${name}`],
  member: (email) => [newPerson(email)],
  admin: (email) => ["Services that this admin has made are shut out as well", newPerson(email)],
  person: (email) => [newPerson(email)],
  key: () => [],
};
