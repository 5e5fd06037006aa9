// Runs one seed and, when a property breaks, finds the smallest set of its faults that still breaks it.

import type { PropertyName } from "./properties.ts";
import { type Script, writeScript } from "./script.ts";
import type { Settle } from "./timeline.ts";
import { type Broken, type Outcome, World } from "./world.ts";

export interface Failure {
  readonly seed: number;
  readonly broken: Broken;
}

export const live = (script: Script, note?: (line: string) => void, settle?: Settle): Promise<Outcome> =>
  new World(script, note, settle).run();

export async function liveSeed(
  seed: number,
): Promise<{ readonly failure: Failure | undefined; readonly calls: number }> {
  const { broken, calls } = await live(writeScript(seed));
  return { failure: broken === undefined ? undefined : { seed, broken }, calls };
}

/** The same day without the faults that do not matter. Leaves them out one by one until none can be left out. */
export async function shorten(script: Script, property: PropertyName): Promise<Script> {
  for (const fault of script.faults) {
    const shorter = { ...script, faults: script.faults.filter((other) => other !== fault) };
    const { broken } = await live(shorter);
    if (broken?.property === property) return shorten(shorter, property);
  }
  return script;
}
