// Several Markets on the board: one sentence where they agree, and a column for each where they do not.

import type { Cell, MarketsComparison } from "../../monitor/disagreement.ts";
import { ageText, countText } from "./page-format.ts";
import { STATE_LABELS } from "./state-labels.ts";

export interface MarketsView {
  /** Empty: there is no other Market, and nothing to be said. */
  readonly text: string;
  readonly agree: boolean;
  /** This one first. */
  readonly names: readonly string[];
  readonly disputes: readonly { readonly instance: number; readonly cells: readonly CellView[] }[];
}

export interface CellView {
  /** For the look: a state of the board, or none. */
  readonly state: string;
  readonly glyph: string;
  readonly word: string;
  readonly why: string;
}

/** @param at epoch ms */
export function marketsView(markets: MarketsComparison | null, at: number): MarketsView {
  const { all, disputes, unlisted } = markets ?? { all: [], disputes: [], unlisted: 0 };
  return {
    text: all.length < 2 ? "" : marketsText(all.length, disputes.length + unlisted, disputes[0]?.instance),
    agree: disputes.length === 0,
    names: all.map(({ name }) => name),
    disputes: disputes.map(({ instance, cells }) => ({ instance, cells: cells.map((cell) => cellView(cell, at)) })),
  };
}

function marketsText(markets: number, disputes: number, first: number | undefined): string {
  if (disputes === 0) return `All ${markets} Markets agree.`;
  const about = disputes === 1 ? `instance ${first}` : countText(disputes, "instance");
  return `${markets} Markets disagree about ${about}.`;
}

function cellView(cell: Cell, at: number): CellView {
  if (cell.kind === "unknown") return { state: "none", glyph: "–", word: "Not known to it", why: "" };
  if (cell.kind === "untold") return { state: "none", glyph: "–", word: "Not told", why: "" };
  const { glyph, word } = STATE_LABELS[cell.state];
  const since = `for ${ageText(at - cell.since)}`;
  return { state: cell.state, glyph, word, why: cell.why === null ? since : `${cell.why}, ${since}` };
}
