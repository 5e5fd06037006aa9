// Columns as wide as their widest cell, under a head; on a narrow screen the least of them give way.

import type { Tone } from "../../core/color.ts";
import type { Line } from "../../core/outcome.ts";
import type { Screen } from "../../core/tty.ts";

export interface Column {
  readonly head: string;
  /** Numbers are compared by their last digit. */
  readonly isNumber?: true;
  /** Which goes first where there is no room for all, the lowest first; undefined: it stays. */
  readonly dropPriority?: number;
  /** The last column alone: so much room is kept for it, always, and the edge of the screen may cut the rest. */
  readonly atLeast?: number;
}

export interface Row {
  readonly cells: readonly string[];
  readonly tone?: Tone | undefined;
}

const GAP = "  ";
/** A pipe and a file have room for everything. */
const NO_EDGE = Number.POSITIVE_INFINITY;

export const availableWidth = (screen: Pick<Screen, "isTerminal" | "size">): number =>
  screen.isTerminal ? screen.size().columns : NO_EDGE;

export function table(columns: readonly Column[], rows: readonly Row[], room = NO_EDGE): readonly Line[] {
  const widths = columns.map(({ head }, at) =>
    Math.max(letters(head), ...rows.map(({ cells }) => letters(cells[at] ?? ""))),
  );
  const places = fitting(columns, widths, room);
  const inLine = (cells: readonly string[]): string =>
    places
      .map((at) => padded(cells[at] ?? "", widths[at] ?? 0, columns[at]?.isNumber === true))
      .join(GAP)
      .trimEnd();
  return [
    { text: inLine(columns.map(({ head }) => head)), tone: "faint" },
    ...rows.map(({ cells, tone }) => (tone === undefined ? inLine(cells) : { text: inLine(cells), tone })),
  ];
}

/** The places of the columns that there is room for. */
function fitting(columns: readonly Column[], widths: readonly number[], room: number): readonly number[] {
  let places = columns.map((_column, at) => at);
  const needed = (): number =>
    places.reduce((sum, at) => sum + (columns[at]?.atLeast ?? widths[at] ?? 0) + GAP.length, -GAP.length);
  while (needed() > room) {
    const next = firstToGo(columns, places);
    if (next === undefined) break;
    places = places.filter((at) => at !== next);
  }
  return places;
}

function firstToGo(columns: readonly Column[], places: readonly number[]): number | undefined {
  const orderOf = (at: number): number => columns[at]?.dropPriority ?? NO_EDGE;
  const [first] = places.toSorted((a, b) => orderOf(a) - orderOf(b));
  return first === undefined || orderOf(first) === NO_EDGE ? undefined : first;
}

/** Letters, not code units: our glyphs are one column wide each. */
const letters = (text: string): number => [...text].length;

function padded(text: string, width: number, toTheLeft: boolean): string {
  const space = " ".repeat(Math.max(0, width - letters(text)));
  return toTheLeft ? space + text : text + space;
}
