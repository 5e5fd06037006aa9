// `dwc renew`: replaces credentials that an earlier dwc issued with other permissions.

import { shellWord } from "../identity/core/names.ts";
import { changed, unchanged } from "./changed.ts";
import { orgJson } from "./cli-format.ts";
import type { Command } from "./command.ts";
import type { Org, Renewed } from "./command-context.ts";
import { type IfUnwritten, quoteForMessage } from "./outcome.ts";

export const renew: Command = {
  name: "renew",
  summary: "replaces credentials that were issued with the permissions of an earlier dwc",
  about: [
    "Credentials keep the permissions that they were issued with. The owner's folder replaces the owner's own and those of",
    "its services, prints a new invitation for each person, and revokes the replaced keys with all that admins have signed.",
    "An admin's folder replaces its services. A member asks the owner for a new invitation.",
    "What is current stays; where all is, nothing changes.",
    "Exit code 4: all of that is done here, and no bus is known to obey. Hand it over with  bin/dwc push.",
  ],
  args: [],
  options: [{ name: "all", meaning: "also what is current: after a key has got into the wrong hands" }],
  example: "bin/dwc renew",
  run: async ({ flags }, world) => {
    const done = await world.identity.renew({ all: flags.has("all") });
    if (done.kind === "refused") return unchanged(done);
    const { org, renewed, sync } = done;
    return changed({
      sync,
      lines: linesOf(org, renewed),
      notes: notesOf(org, renewed),
      resultNotes: codeNotes(renewed),
      json: { org: orgJson(org), ...jsonOf(renewed) },
      mustReachBus: renewed.hasRevoked,
      ifUnwritten: unwritten(org, renewed),
    });
  },
};

function linesOf({ id }: Org, { person, tokens, revocations, services, invitations }: Renewed): readonly string[] {
  const lines = [
    ...(tokens ? [`Renewed the tokens of [${id}], so that members receive each change`] : []),
    ...(revocations ? [`Renewed the revocations of [${id}], so that they cover tokens of any date`] : []),
    ...(person ? [`Renewed your own credentials in [${id}]`] : []),
    ...services.map((name) => `Renewed service ${name} in [${id}]`),
    ...invitations.map(({ email, role, code }) => `Invitation of ${role} ${email}: ${code}`),
  ];
  return lines.length === 0 ? [`Nothing to renew in [${id}]: all credentials are current`] : lines;
}

function notesOf(org: Org, { services, invitations, unrevoked, needsInvitation }: Renewed): readonly string[] {
  return [
    ...services.map(
      (name) => `Where ${name} runs on another machine, replace its file:  bin/dwc service-token ${name}`,
    ),
    ...invitations.map(({ email }) => `The old credentials of ${email} are refused from now on`),
    ...unrevoked.map(
      (key) => `The old key stays valid until the owner of ${quoteForMessage(org.name)} types  bin/dwc revoke ${key}`,
    ),
    ...(needsInvitation
      ? [
          `Your own credentials are outdated as well: ask the owner of ${quoteForMessage(org.name)} for  bin/dwc renew  and`,
          ACCEPT,
        ]
      : []),
  ];
}

const codeNotes = ({ invitations }: Renewed): readonly string[] => [
  ...invitations.map(({ email, expiresAt }) => `The code of ${email} is good until ${expiresAt}`),
  ...(invitations.length === 0 ? [] : [SEND]),
];

/** The codes are stored nowhere. Everything else that was renewed is in the state folder. */
function unwritten({ id }: Org, { invitations }: Renewed): IfUnwritten {
  if (invitations.length === 0)
    return { effect: `what was outdated in [${id}] is renewed`, again: "to see what is left:  bin/dwc check" };
  const codes = invitations.length === 1 ? "code" : `${invitations.length} codes`;
  const effect = `what was outdated in [${id}] is renewed, and no copy of the ${codes} is kept`;
  const each = invitations.map(({ email, role }) => {
    const who = shellWord(email);
    return `bin/dwc revoke ${who}  and then  bin/dwc invite-user ${who}${role === "admin" ? " --admin" : ""}`;
  });
  return { effect, again: `for other codes, take these back:  ${each.join("  and  ")}` };
}

const SEND =
  "Next: send each code in a private way. They type  bin/dwc accept-invitation -  and paste it; an admin then types  bin/dwc renew";
const ACCEPT =
  "accept the new invitation with  bin/dwc accept-invitation - , then  bin/dwc renew  signs your services again";

const jsonOf = ({
  person,
  tokens,
  revocations,
  services,
  invitations,
  unrevoked,
  needsInvitation,
}: Renewed): Record<string, unknown> => ({
  ...{ person, tokens, revocations, services, unrevoked_keys: unrevoked, needs_invitation: needsInvitation },
  invitations: invitations.map(({ email, role, code, expiresAt }) => ({ email, role, code, expires_at: expiresAt })),
});
