// `dwc invite-user`: makes a code with which another person joins the org, in their own state folder.

import { shellWord } from "../identity/core/names.ts";
import { changed, unchanged } from "./changed.ts";
import { orgJson } from "./cli-format.ts";
import type { Command } from "./command.ts";

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
  run: async ({ args: [email = ""], flags }, world) => {
    const admin = flags.has("admin");
    const invited = await world.identity.inviteUser({ email, admin });
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
