// States in a terminal: a word, a glyph and a tone. The tone adds no meaning.

import type { InstanceRow } from "../../../monitor/snapshot.ts";
import { type InstanceState, STATES } from "../../../monitor/states.ts";
import type { Tone } from "../../core/color.ts";

/** Every terminal has these glyphs, but not those of the board. */
const GLYPHS: Readonly<Record<Tone, string>> = { good: "√", warning: "‼", bad: "×", faint: "·" };

export const stateTone = (state: InstanceState): Tone => STATES[state].tone;
export const stateWords = (state: InstanceState): string => `${GLYPHS[stateTone(state)]} ${state}`;

export function turnWords({ turn }: Pick<InstanceRow, "turn">): string {
  return turn.kind === "passed over" ? "passed over" : turn.kind;
}

const HUNDRED = 100;
export const percent = (share: number): string => `${Math.round(share * HUNDRED)} %`;
