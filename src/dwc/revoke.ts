// `dwc revoke`: ends what a service or a person may do. Enforced by the bus, also against whoever is connected.

import { busNotes } from "./bus-notes.ts";
import type { Command } from "./command.ts";
import { failedBy } from "./outcome.ts";
import { orgJson } from "./words.ts";

export const revoke: Command = {
  name: "revoke",
  summary: "shuts a service or a person out",
  about: [
    "Its connections end, and its credentials are refused from then on. Others do not notice.",
    "A service that is created again gets new credentials; the old ones stay refused. With an admin go the services",
    "that this admin has made. Only the owner of an org can revoke.",
  ],
  args: [{ name: "SERVICE|EMAIL", meaning: "a service of the current org, one of its people, or a public key (U…)" }],
  options: [],
  example: "bin/dwc revoke ratings",
  run: async ({ args: [name = ""] }, world) => {
    const done = await world.identity.revoke(name);
    if (done.kind === "refused") return failedBy(done);
    const { revoked, org } = done;
    return {
      kind: "done",
      lines: [`Revoked ${revoked.kind} ${revoked.name} in [${org.id}]`],
      said: [...busNotes(done.told), ...AFTERWARDS[revoked.kind](revoked.name)],
      json: { org: orgJson(org), revoked: { kind: revoked.kind, name: revoked.name } },
    };
  },
};

const newPerson = (email: string): string => `To let them in again:  bin/dwc invite-user ${email}`;

/** What is to be known, and how it is undone. */
const AFTERWARDS: Readonly<Record<"service" | "member" | "admin" | "key", (name: string) => readonly string[]>> = {
  service: (name) => [`To give it new credentials:  bin/dwc create-service ${name}`],
  member: (email) => [newPerson(email)],
  admin: (email) => ["Services that this admin has made are shut out as well", newPerson(email)],
  key: () => [],
};
