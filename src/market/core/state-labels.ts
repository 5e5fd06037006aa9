// How each state is called on the board, and the sign that stands before it: never a colour alone.

import type { InstanceState } from "../../monitor/state.ts";

export const STATE_LABELS: Readonly<
  Record<InstanceState, { readonly glyph: string; readonly word: string; readonly meaning: string }>
> = {
  open: { glyph: "✕", word: "Breaker open", meaning: "did not answer in time; no call goes to it" },
  retesting: { glyph: "↻", word: "Retesting", meaning: "a copy of a call is out to see whether it answers" },
  lost: { glyph: "?", word: "Lost", meaning: "ended, or fell silent, without a word" },
  probation: { glyph: "!", word: "On probation", meaning: "takes calls; the next failure opens it for twice as long" },
  draining: { glyph: "→", word: "Leaving", meaning: "finishes what it has and takes nothing new" },
  healthy: { glyph: "✓", word: "Healthy", meaning: "answers, and takes its turns" },
  left: { glyph: "–", word: "Left", meaning: "ended in order" },
};
