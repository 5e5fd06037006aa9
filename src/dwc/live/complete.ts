// Answers a shell that asks what a word may become. A person waits for it between two keys: names that are live are only
// asked for where one can stand, only from a bus that is there, and never for longer than that.

import type { Clock } from "../../clock.ts";
import type { Command } from "../core/command.ts";
import type { CommandContext } from "../core/world.ts";
import { candidates, wantedOf } from "./core/candidates.ts";
import type { Heard } from "./core/visited.ts";

/** As long as a person does not feel a key to hang, all in all. */
const NAMES_WITHIN_MS = 200;
/** What is left of that once the client library is loaded and the bus has let us in. */
const LISTEN_MS = 60;

export async function complete(
  words: readonly string[],
  commands: readonly Command[],
  openWorld: () => CommandContext | undefined,
  clock: Clock,
): Promise<string> {
  const heard = wantedOf(words, commands) === "nothing" ? [] : await namesWithin(openWorld(), clock);
  const lines = candidates(words, commands, heard).map(({ word, meaning }) => `${word}\t${meaning}\n`);
  return lines.join("");
}

async function namesWithin(world: CommandContext | undefined, clock: Clock): Promise<readonly Heard[]> {
  if (world === undefined) return [];
  const limit = new Promise<readonly Heard[]>((resolve) => void clock.after(NAMES_WITHIN_MS, () => resolve([])));
  return Promise.race([names(world), limit]);
}

/** A board knows the names at once; a roll call has to listen for them. */
async function names({ live }: CommandContext): Promise<readonly Heard[]> {
  const believed = live
    .believed(undefined)
    .then((asked) =>
      asked.kind === "board" ? asked.belief.instances.map((row) => heardOf(asked.belief.service, row)) : [],
    );
  const rolled = live.roll(undefined, LISTEN_MS).then((roll) => (roll.kind === "in" ? roll.value : []));
  const fast = await believed;
  return fast.length > 0 ? fast : rolled;
}

const heardOf = (
  service: string,
  {
    instance,
    incarnation,
    address,
  }: { readonly instance: number; readonly incarnation: string; readonly address: string },
): Heard => ({
  ...{ service, instance, incarnation, address },
  ...{ state: "up", version: "", intervalMs: 0, counts: undefined },
});
