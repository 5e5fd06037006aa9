// `dwc accept-invitation`: joins an org with the code that its owner has sent.

import { quoteName } from "../identity/core/names.ts";
import { changed, unchanged } from "./changed.ts";
import { loggedIn, orgJson, SEE_STATUS } from "./cli-format.ts";
import type { Command } from "./command.ts";
import type { CommandContext } from "./command-context.ts";

export const acceptInvitation: Command = {
  name: "accept-invitation",
  summary: "joins the org that you were invited to",
  about: [
    "The code is a secret. With - it is read from stdin, and stands neither in the shell's history nor in the list of",
    "processes.",
  ],
  args: [{ name: "CODE", meaning: "what invite-user printed, or - to read it from stdin" }],
  options: [{ name: "name", value: "NAME", meaning: "what you are called; else your address stands for it" }],
  example: "bin/dwc accept-invitation -",
  run: async ({ args: [typed = ""], values }, world) => {
    const code = typed === "-" ? await readCode(world) : typed;
    const accepted = await world.identity.acceptInvitation({ code: code.trim(), name: values.get("name") });
    if (accepted.kind === "refused") return unchanged(accepted);
    const { org, email, role } = accepted;
    return changed({
      sync: accepted.sync,
      isForNextBus: true,
      lines: [loggedIn(org, email)],
      notes: [
        `You are ${role === "member" ? "a member" : "an admin"} of ${quoteName(org.name)}`,
        "Next:  make add-ratings   (on a machine that has the org's bus elsewhere:  make add-ratings NATS_URL=nats://HOST:4222)",
      ],
      json: { org: orgJson(org), email, role },
      ifUnwritten: { effect: `you have joined [${org.id}]`, again: SEE_STATUS },
    });
  },
};

async function readCode({ terminal }: CommandContext): Promise<string> {
  const line = terminal.answers
    ? await terminal.askSecret("Paste the code (it is not shown), then Enter: ")
    : await terminal.readLine();
  return line ?? "";
}
