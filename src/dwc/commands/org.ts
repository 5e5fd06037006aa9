// `dwc create-org`, `invite-user` and `accept-invitation`: how an org and its members come to be.

import type { Command, CommandContext } from "../cli/core/command.ts";
import { quoteName, shellWord } from "../identity/core/names.ts";
import { changed, loggedIn, orgJson, SEE_STATUS, unchanged } from "./change.ts";

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
  run: async ({ args: [name = "", person = "", email = ""] }, context) => {
    const created = await context.identity.createOrg({ name, person, email });
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

// `dwc invite-user`: makes a code with which another person joins the org, in their own state folder.

export const inviteUser: Command = {
  name: "invite-user",
  summary: "makes an invitation, which a second person accepts",
  about: [
    "A member may run Markets; an admin may also make services. Only the owner of an org invites and revokes.",
    "The code alone goes to stdout. It is a secret: send it in a private way. No mail is ever sent.",
    "accept-invitation accepts it for a week. The key inside does not expire then, as that would shut out a person who has",
    "joined. To end the key, accepted or not, type  bin/dwc revoke EMAIL : then the bus refuses it.",
  ],
  args: [{ name: "EMAIL", meaning: "the address of the person" }],
  options: [{ name: "admin", meaning: "as an admin, and not only as a member" }],
  example: "bin/dwc invite-user ben@example.org",
  run: async ({ args: [email = ""], flags }, context) => {
    const admin = flags.has("admin");
    const invited = await context.identity.inviteUser({ email, admin });
    if (invited.kind === "refused") return unchanged(invited);
    const { code, org, expiresAt } = invited;
    const role = admin ? "admin" : "member";
    return changed({
      sync: invited.sync,
      lines: [code],
      resultNotes: [
        `Invited ${email} to [${org.id}] as ${admin ? "an" : "a"} ${role}; the code above is good until ${expiresAt}`,
        "Next: send the code to them in a private way. They type  bin/dwc accept-invitation -  and paste it",
        `To take it back, now or later:  bin/dwc revoke ${shellWord(email)}`,
      ],
      notes: [],
      json: { org: orgJson(org), email, role, code, expires_at: expiresAt },
      ifUnwritten: {
        effect: `${email} is invited, and no copy of the code is kept`,
        again: `for another code, take this one back:  bin/dwc revoke ${shellWord(email)}  and then  bin/dwc invite-user ${shellWord(email)}${admin ? " --admin" : ""}`,
      },
    });
  },
};

// `dwc accept-invitation`: joins an org with the code that its owner has sent.

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
  run: async ({ args: [typed = ""], values }, context) => {
    const code = typed === "-" ? await readCode(context) : typed;
    const accepted = await context.identity.acceptInvitation({ code: code.trim(), name: values.get("name") });
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
