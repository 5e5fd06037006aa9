// States in a terminal: a word, a glyph and a tone. The tone adds no meaning.

import type { InstanceRow } from "../../../monitor/row.ts";
import type { InstanceState } from "../../../monitor/state.ts";
import type { Tone } from "../../core/color.ts";

const SHOWN: Readonly<Record<InstanceState, { readonly glyph: string; readonly tone: Tone }>> = {
  open: { glyph: "×", tone: "bad" },
  retesting: { glyph: "‼", tone: "warning" },
  lost: { glyph: "×", tone: "bad" },
  probation: { glyph: "‼", tone: "warning" },
  draining: { glyph: "‼", tone: "warning" },
  healthy: { glyph: "√", tone: "good" },
  left: { glyph: "·", tone: "faint" },
};

export const stateWords = (state: InstanceState): string => `${SHOWN[state].glyph} ${state}`;
export const stateTone = (state: InstanceState): Tone => SHOWN[state].tone;

export function turnWords({ turn }: Pick<InstanceRow, "turn">): string {
  return turn.kind === "passed over" ? "passed over" : turn.kind;
}

const HUNDRED = 100;
export const percent = (share: number): string => `${Math.round(share * HUNDRED)} %`;
