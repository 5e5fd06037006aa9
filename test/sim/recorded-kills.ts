// The table of defects as it was last seen whole: which property caught each, and with which seed. `make test` holds the
// code to it in a few seconds; `make sim MUTANTS=1 UPDATE=1` looks at each on its kept day, finds
// another one where that day no longer shows it, in minutes, and writes the table.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { project } from "./mutant-build.ts";
import type { PropertyName } from "./properties.ts";

export interface Kill {
  readonly defect: string;
  readonly caughtBy: PropertyName;
  readonly seed: number;
}

export const KEPT_IN = "test/sim/mutants.json";

export const readKills = (): readonly Kill[] => JSON.parse(readFileSync(join(project, KEPT_IN), "utf8"));

/** A line for each, so that a change of one is a change of one line; in the form that the formatter wants. */
export function writeKills(kills: readonly Kill[]): void {
  const lines = kills.map(
    ({ defect, caughtBy, seed }) => `  { "defect": "${defect}", "caughtBy": "${caughtBy}", "seed": ${seed} }`,
  );
  writeFileSync(join(project, KEPT_IN), `[\n${lines.join(",\n")}\n]\n`);
}

export const HEADING = `${"defect".padEnd(56)}  caught by  seeds needed`;

export const killLine = (defect: string, kill: Kill | undefined): string =>
  `${defect.padEnd(56)}  ${(kill?.caughtBy ?? "nothing").padEnd(9)}  ${kill?.seed ?? "-"}`;
