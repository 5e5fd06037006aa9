// `dwc logout`: forgets every org of the state folder, keys and all. It cannot be taken back, so it asks.

import { shown } from "../identity/core/names.ts";
import { logoutNotes } from "./bus-notes.ts";
import type { Command } from "./command.ts";
import { exitCodeOf, toldJson, toldOfHarm } from "./obedience.ts";
import { type Failed, failedBy } from "./outcome.ts";
import { SEE } from "./words.ts";
import type { World } from "./world.ts";

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
    if (found.kind === "refused") return failedBy(found);
    const names = found.identity.orgs.map(({ id, name }) => `[${id}] ${shown(name)}`);
    // Who is nobody is told so, and not asked first.
    const no = names.length === 0 || flags.has("force") ? undefined : await declined(names, world);
    if (no !== undefined) return no;
    const left = await world.identity.logout();
    if (left.kind === "refused") return failedBy(left);
    const { orgs } = left;
    const told = left.told && toldOfHarm(left.told);
    return {
      kind: "done",
      lines: [`Logged out: ${world.stateDir} knows no org any more`],
      said: [
        ...logoutNotes(told),
        'Next:  bin/dwc create-org "My Test Org" NAME EMAIL   or  bin/dwc accept-invitation -',
      ],
      json: { forgotten_orgs: orgs, ...(told === undefined ? {} : toldJson(told)) },
      exitCode: told === undefined ? 0 : exitCodeOf(told, true),
      ifUnwritten: { effect: "the orgs are forgotten all the same", again: SEE },
    };
  },
};

const YES = /^\s*y(es)?\s*$/i;

/** Why not, if the person there does not want to, or nobody is there. */
async function declined(names: readonly string[], { stateDir, terminal }: World): Promise<Failed | undefined> {
  const loss = `this deletes the keys of ${names.join(", ")} from ${stateDir}`;
  if (!terminal.answers)
    return {
      ...NOTHING,
      fault: "usage",
      code: "needs-force",
      message: `${loss}, and nobody is there to ask`,
      hint: FORCE,
    };
  const answer = await terminal.ask(
    `${loss[0]?.toUpperCase()}${loss.slice(1)}.\nIt cannot be taken back. Go on? [y/N] `,
  );
  if (answer !== undefined && YES.test(answer)) return undefined;
  return { ...NOTHING, fault: "failed", code: "declined", message: "nothing was changed", hint: "" };
}

const NOTHING = { kind: "failed" } as const;
const FORCE = "if that is what you want:  bin/dwc logout --force";
