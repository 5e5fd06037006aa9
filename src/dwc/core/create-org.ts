// `dwc create-org`: makes an org, which becomes the current one. The user owns it.

import { changed, unchanged } from "./changed.ts";
import { loggedIn, orgJson, SEE_STATUS } from "./cli-format.ts";
import type { Command } from "./command.ts";

export const createOrg: Command = {
  name: "create-org",
  aliases: ["create-organization"],
  summary: "starts an org, and you own it",
  about: [
    "The org becomes the current one. The bus that the Market starts is secured from then on: it admits only",
    "users with credentials of an org in the same state folder.",
  ],
  args: [
    { name: "ORG", meaning: "what the org is called; quotes hold several words together" },
    { name: "NAME", meaning: "what you are called" },
    { name: "EMAIL", meaning: "your address, by which the org knows you; no mail is ever sent" },
  ],
  options: [],
  example: 'bin/dwc create-org "My Test Org" Ann ann@example.org',
  run: async ({ args: [name = "", person = "", email = ""] }, world) => {
    const created = await world.identity.createOrg({ name, person, email });
    if (created.kind === "refused") return unchanged(created);
    return changed({
      lines: [loggedIn(created.org, created.email)],
      sync: created.sync,
      isForNextBus: true,
      notes: ["Next:  bin/dwc create-service ratings"],
      json: { org: orgJson(created.org), email: created.email },
      ifUnwritten: { effect: `[${created.org.id}] is made, and is the current org`, again: SEE_STATUS },
    });
  },
};
