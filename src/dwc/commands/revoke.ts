// `dwc revoke`, `renew` and `push`: changes that a bus has to obey, as it does harm without them.

import type { Command } from "../cli/core/command.ts";
import { type IfUnwritten, quoteForMessage, toFailure } from "../cli/core/result.ts";
import { shellWord } from "../identity/core/names.ts";
import { strictSyncResult } from "../identity/core/obedience.ts";
import type { PublicOrg, Renewed, RevokedKind } from "../identity/public-view.ts";
import { changed, orgJson, unchanged } from "./change.ts";

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
  run: async ({ args: [name = ""] }, context) => {
    const done = await context.identity.revoke(name);
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

// `dwc renew`: replaces credentials that an earlier dwc issued with other permissions.

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
  run: async ({ flags }, context) => {
    const done = await context.identity.renew({ all: flags.has("all") });
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

function linesOf(
  { id }: PublicOrg,
  { person, tokens, revocations, services, invitations }: Renewed,
): readonly string[] {
  const lines = [
    ...(tokens ? [`Renewed the tokens of [${id}], so that members receive each change`] : []),
    ...(revocations ? [`Renewed the revocations of [${id}], so that they cover tokens of any date`] : []),
    ...(person ? [`Renewed your own credentials in [${id}]`] : []),
    ...services.map((name) => `Renewed service ${name} in [${id}]`),
    ...invitations.map(({ email, role, code }) => `Invitation of ${role} ${email}: ${code}`),
  ];
  return lines.length === 0 ? [`Nothing to renew in [${id}]: all credentials are current`] : lines;
}

function notesOf(org: PublicOrg, { services, invitations, unrevoked, needsInvitation }: Renewed): readonly string[] {
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
function unwritten({ id }: PublicOrg, { invitations }: Renewed): IfUnwritten {
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

// `dwc push`: sends the account tokens of the orgs that this folder owns to the running bus, and reports whether it
// obeys.

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
  run: async (_call, context) => {
    const pushed = await context.identity.push();
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
