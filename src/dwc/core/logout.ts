// `dwc logout`: forgets every org of the state folder, keys and all. It cannot be taken back, so it asks.

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
    "Exit code 4: they are forgotten here, one of them was yours, and no bus is known to admit nobody of it. A bus that",
    "admitted them goes on until it is ended, as nothing can be handed to it any more.",
    "Without a terminal there is nobody to ask, and --force has to be said.",
  ],
  args: [],
  options: [{ name: "force", short: "f", meaning: "without asking" }],
  example: "bin/dwc logout --force",
  run: async ({ flags }, world) => {
    const found = await world.identity.describe();
    if (found.kind === "refused") return toFailure(found);
    const names = found.identity.orgs.map(({ id, name }) => `[${id}] ${quoteName(name)}`);
    // Who is nobody is told so, and not asked first.
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

/** Why not, if the person there does not want to, or nobody is there. */
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
      message: `${loss}, and nobody is there to ask`,
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
