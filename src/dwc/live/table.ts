// Columns as wide as their widest cell, under a head. Pure.

import type { Line } from "../outcome.ts";
import type { Tone } from "../tone.ts";

export interface Column {
  readonly head: string;
  /** Numbers are compared by their last digit. */
  readonly isNumber?: true;
}

export interface Row {
  readonly cells: readonly string[];
  readonly tone?: Tone | undefined;
}

const GAP = "  ";

export function table(columns: readonly Column[], rows: readonly Row[]): readonly Line[] {
  const heads = columns.map(({ head }) => head);
  const widths = heads.map((head, at) => Math.max(letters(head), ...rows.map(({ cells }) => letters(cells[at] ?? ""))));
  const inLine = (cells: readonly string[]): string =>
    columns
      .map(({ isNumber }, at) => padded(cells[at] ?? "", widths[at] ?? 0, isNumber === true))
      .join(GAP)
      .trimEnd();
  return [
    { text: inLine(heads), tone: "faint" },
    ...rows.map(({ cells, tone }) => (tone === undefined ? inLine(cells) : { text: inLine(cells), tone })),
  ];
}

/** Letters, not code units: our glyphs are one column wide each. */
const letters = (text: string): number => [...text].length;

function padded(text: string, width: number, toTheLeft: boolean): string {
  const space = " ".repeat(Math.max(0, width - letters(text)));
  return toTheLeft ? space + text : text + space;
}
