// `dwc login` and `dwc logout`: the current org of the state folder, and the deletion of all its orgs.

import type { Command, CommandContext } from "../cli/core/command.ts";
import { type Failed, failed, toFailure, wrongUsage } from "../cli/core/result.ts";
import { quoteName } from "../identity/core/names.ts";
import { strictSyncResult } from "../identity/core/obedience.ts";
import { logoutNotes } from "../identity/core/sync-notes.ts";
import { exitCodeOf, loggedIn, orgJson, SEE_STATUS, syncJson } from "./change.ts";

export const login: Command = {
  name: "login",
  summary: "switches to another org of this state folder",
  about: ["What is started from then on belongs to that org; what runs already stays where it is."],
  args: [{ name: "EMAIL", meaning: "who you are there" }],
  options: [{ name: "org-id", value: "ID", meaning: "which org, where the same address stands in several" }],
  example: "bin/dwc login ann@example.org",
  run: async ({ args: [email = ""], values }, context) => {
    const entered = await context.identity.login(email, values.get("org-id"));
    if (entered.kind === "refused") return toFailure(entered);
    return {
      kind: "done",
      lines: [loggedIn(entered.org, entered.email)],
      notes: ["Next:  bin/dwc status"],
      json: { org: orgJson(entered.org), email: entered.email },
      ifUnwritten: { effect: `${loggedIn(entered.org, entered.email)} all the same`, again: SEE_STATUS },
    };
  },
};

// `dwc logout`: deletes every org of the state folder with its keys. It cannot be undone, so the command asks first.

export const logout: Command = {
  name: "logout",
  summary: "forgets all orgs of this state folder, after asking",
  about: [
    "The keys of the orgs are deleted with it: an org whose owner logs out can never be changed again.",
    "Exit code 4: they are deleted here, you owned one of them, and a bus may still admit its users. Such a bus does so",
    "until it is ended, as dwc has no keys any more to change it.",
    "Without a terminal dwc cannot ask, and needs --force.",
  ],
  args: [],
  options: [{ name: "force", short: "f", meaning: "without asking" }],
  example: "bin/dwc logout --force",
  run: async ({ flags }, context) => {
    const found = await context.identity.describe();
    if (found.kind === "refused") return toFailure(found);
    const names = found.identity.orgs.map(({ id, name }) => `[${id}] ${quoteName(name)}`);
    // With no org there is nothing to confirm.
    const no = names.length === 0 || flags.has("force") ? undefined : await confirmationMissing(names, context);
    if (no !== undefined) return no;
    const left = await context.identity.logout();
    if (left.kind === "refused") return toFailure(left);
    const { orgs } = left;
    const sync = left.sync && strictSyncResult(left.sync);
    return {
      kind: "done",
      lines: [`Logged out: ${context.stateDir} knows no org any more`],
      notes: [
        ...logoutNotes(sync),
        'Next:  bin/dwc create-org "My Test Org" NAME EMAIL   or  bin/dwc accept-invitation -',
      ],
      json: { forgotten_orgs: orgs, ...(sync === undefined ? {} : syncJson(sync)) },
      exitCode: sync === undefined ? 0 : exitCodeOf(sync, true),
      ifUnwritten: { effect: "the orgs are forgotten all the same", again: SEE_STATUS },
    };
  },
};

const YES = /^\s*y(es)?\s*$/i;

/** Asks for confirmation. Returns a failure without a terminal, or when the answer is not yes. */
async function confirmationMissing(
  names: readonly string[],
  { stateDir, terminal }: CommandContext,
): Promise<Failed | undefined> {
  const loss = `this deletes the keys of ${names.join(", ")} from ${stateDir}`;
  if (!terminal.answers) return wrongUsage("needs-force", `${loss}, and without a terminal dwc cannot ask`, FORCE);
  const answer = await terminal.ask(
    `${loss[0]?.toUpperCase()}${loss.slice(1)}.\nIt cannot be taken back. Go on? [y/N] `,
  );
  if (answer !== undefined && YES.test(answer)) return undefined;
  return failed("declined", "nothing was changed");
}

const FORCE = "if that is what you want:  bin/dwc logout --force";
