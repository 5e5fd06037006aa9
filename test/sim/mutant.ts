// One deliberate defect: the code that it replaces, and by what.

import type { TokenPatch } from "./token-patch.ts";

export interface Patch extends TokenPatch {
  /** Below src, without its ending: where it is looked for first, and then everywhere. */
  readonly file: string;
}

export interface Mutant {
  readonly name: string;
  readonly patches: readonly Patch[];
}

export const defect = (
  name: string,
  ...rows: readonly (readonly [file: string, from: string, to: string])[]
): Mutant => ({
  name,
  patches: rows.map(([file, from, to]) => ({ file, from, to })),
});
