// Answers a shell that asks what a word may become. A person waits for it between two keys: names that are live are only
// asked for where one can stand, only from a bus that is there, and never for longer than that.

import type { Clock } from "../../clock.ts";
import type { Command } from "../core/command.ts";
import type { CommandContext } from "../core/command-context.ts";
import type { DiscoveredInstance } from "./core/bus-result.ts";
import { candidates, wantedOf } from "./core/candidates.ts";

/** As long as a person does not feel a key to hang, all in all. */
const NAMES_TIMEOUT_MS = 200;
/** What is left of that once the client library is loaded and the bus has let us in. */
const LISTEN_MS = 60;

export async function complete(
  words: readonly string[],
  commands: readonly Command[],
  openWorld: () => CommandContext | undefined,
  clock: Clock,
): Promise<string> {
  const instances = wantedOf(words, commands) === "nothing" ? [] : await namesWithin(openWorld(), clock);
  const lines = candidates(words, commands, instances).map(({ word, meaning }) => `${word}\t${meaning}\n`);
  return lines.join("");
}

async function namesWithin(world: CommandContext | undefined, clock: Clock): Promise<readonly DiscoveredInstance[]> {
  if (world === undefined) return [];
  const limit = new Promise<readonly DiscoveredInstance[]>(
    (resolve) => void clock.after(NAMES_TIMEOUT_MS, () => resolve([])),
  );
  return Promise.race([names(world), limit]);
}

/** A board knows the names at once; a roll call has to listen for them. */
async function names({ live }: CommandContext): Promise<readonly DiscoveredInstance[]> {
  const fromBoard = live
    .fetchView(undefined)
    .then((asked) =>
      asked.kind === "board" ? asked.view.instances.map((row) => instanceOf(asked.view.service, row)) : [],
    );
  const fromRollCall = live.roll(undefined, LISTEN_MS).then((roll) => (roll.kind === "connected" ? roll.value : []));
  const fast = await fromBoard;
  return fast.length > 0 ? fast : fromRollCall;
}

const instanceOf = (
  service: string,
  {
    instance,
    incarnation,
    address,
  }: { readonly instance: number; readonly incarnation: string; readonly address: string },
): DiscoveredInstance => ({
  ...{ service, instance, incarnation, address },
  ...{ state: "up", version: "", intervalMs: 0, counts: undefined },
});
