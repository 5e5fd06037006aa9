// The comparison of several Markets on the board: one sentence if they agree, otherwise a column for each Market.

import type { Cell, MarketsComparison } from "../../monitor/disagreement.ts";
import { STATES } from "../../monitor/states.ts";
import { ageText, countText } from "./page-format.ts";

export interface MarketsView {
  /** Empty: there is no other Market. */
  readonly text: string;
  readonly agree: boolean;
  /** This one first. */
  readonly names: readonly string[];
  readonly disagreements: readonly { readonly instance: number; readonly cells: readonly CellView[] }[];
}

export interface CellView {
  readonly label: string;
  readonly glyph: string;
  /** The tone of the state, or "none". */
  readonly tone: string;
  readonly why: string;
}

/** @param at epoch ms */
export function marketsView(markets: MarketsComparison | null, at: number): MarketsView {
  const { all, disagreements, omitted } = markets ?? { all: [], disagreements: [], omitted: 0 };
  return {
    text: all.length < 2 ? "" : marketsText(all.length, disagreements.length + omitted, disagreements[0]?.instance),
    agree: disagreements.length === 0,
    names: all.map(({ name }) => name),
    disagreements: disagreements.map(({ instance, cells }) => ({
      instance,
      cells: cells.map((cell) => cellView(cell, at)),
    })),
  };
}

function marketsText(markets: number, disagreements: number, first: number | undefined): string {
  if (disagreements === 0) return `All ${markets} Markets agree.`;
  const about = disagreements === 1 ? `instance ${first}` : countText(disagreements, "instance");
  return `${markets} Markets disagree about ${about}.`;
}

function cellView(cell: Cell, at: number): CellView {
  if (cell.kind === "unknown") return { label: "Unknown there", glyph: "–", tone: "none", why: "" };
  if (cell.kind === "omitted") return { label: "Not published", glyph: "–", tone: "none", why: "" };
  const { label, glyph, tone } = STATES[cell.state];
  const since = `for ${ageText(at - cell.since)}`;
  return { label, glyph, tone, why: cell.why === null ? since : `${cell.why}, ${since}` };
}
