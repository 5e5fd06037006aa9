// `dwc logout`: deletes every org of the state folder with its keys. It cannot be undone, so the command asks first.

import { quoteName } from "../identity/core/names.ts";
import { SEE_STATUS } from "./cli-format.ts";
import type { Command } from "./command.ts";
import type { CommandContext } from "./command-context.ts";
import { exitCodeOf, strictSyncResult, syncJson } from "./obedience.ts";
import { type Failed, toFailure } from "./outcome.ts";
import { logoutNotes } from "./sync-notes.ts";

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
  run: async ({ flags }, world) => {
    const found = await world.identity.describe();
    if (found.kind === "refused") return toFailure(found);
    const names = found.identity.orgs.map(({ id, name }) => `[${id}] ${quoteName(name)}`);
    // With no org there is nothing to confirm.
    const no = names.length === 0 || flags.has("force") ? undefined : await confirmationMissing(names, world);
    if (no !== undefined) return no;
    const left = await world.identity.logout();
    if (left.kind === "refused") return toFailure(left);
    const { orgs } = left;
    const sync = left.sync && strictSyncResult(left.sync);
    return {
      kind: "done",
      lines: [`Logged out: ${world.stateDir} knows no org any more`],
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
  if (!terminal.answers)
    return {
      ...NOTHING,
      category: "usage",
      code: "needs-force",
      message: `${loss}, and without a terminal dwc cannot ask`,
      hint: FORCE,
    };
  const answer = await terminal.ask(
    `${loss[0]?.toUpperCase()}${loss.slice(1)}.\nIt cannot be taken back. Go on? [y/N] `,
  );
  if (answer !== undefined && YES.test(answer)) return undefined;
  return { ...NOTHING, category: "failed", code: "declined", message: "nothing was changed", hint: "" };
}

const NOTHING = { kind: "failed" } as const;
const FORCE = "if that is what you want:  bin/dwc logout --force";
