// Completion for the shell. The user waits for it between two keys, so live names are queried only where an argument
// can be one, and for at most 200 ms.

import type { Clock } from "../../clock.ts";
import { withTimeout } from "../../util/promises.ts";
import { candidates, type KnownNames, type LiveNames, wantedOf } from "../commands/completion.ts";
import type { DiscoveredInstance } from "../live/core/live-types.ts";
import type { Command, CommandContext } from "./core/command.ts";

/** The limit for everything: a user hardly notices a delay this short. */
export const NAMES_TIMEOUT_MS = 300;
/** What remains of that after loading the client library and the login. */
const LISTEN_MS = 60;

export async function complete(
  words: readonly string[],
  commands: readonly Command[],
  openContext: () => CommandContext | undefined,
  clock: Clock,
): Promise<string> {
  const wanted = wantedOf(words, commands);
  const context = wanted === "nothing" ? undefined : openContext();
  const known = context === undefined ? NOTHING_KNOWN : await namesWithin(context, clock, wanted);
  const lines = candidates(words, commands, known).map(({ word, meaning }) => `${word}\t${meaning}\n`);
  return lines.join("");
}

const NOTHING_KNOWN: KnownNames = { discovered: [], services: [] };

async function namesWithin(context: CommandContext, clock: Clock, wanted: LiveNames): Promise<KnownNames> {
  const services = wanted === "org-services" ? await orgServices(context) : [];
  const discovered = await withTimeout(names(context, wanted), (late) => clock.after(NAMES_TIMEOUT_MS, late));
  return { discovered: discovered ?? [], services };
}

/** Read from the state folder, in about a millisecond. */
async function orgServices({ identity }: CommandContext): Promise<readonly string[]> {
  const found = await identity.describe();
  return found.kind === "done" ? (found.identity.current?.services.map(({ name }) => name) ?? []) : [];
}

/** A board has the names of one service at once. The bus has those of all, a moment later. */
async function names({ live }: CommandContext, wanted: LiveNames): Promise<readonly DiscoveredInstance[]> {
  const fromBus = live.names(LISTEN_MS);
  if (wanted !== "instances") return fromBus;
  const board = await live.fetchView(undefined);
  const fast = board.kind === "board" ? board.view.instances.map((row) => instanceOf(board.view.service, row)) : [];
  return fast.length > 0 ? fast : fromBus;
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
  ...{ state: "up", version: "", intervalMs: 0, operations: [], counts: undefined },
});
