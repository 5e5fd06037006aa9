// Common output of the live commands: tables, states, and the names of instances.

import type { InstanceRow } from "../../monitor/snapshot.ts";
import { type InstanceState, STATES } from "../../monitor/states.ts";
import type { InstanceRef } from "../../protocol.ts";
import type { Screen } from "../cli/core/command.ts";
import type { Line, Tone } from "../cli/core/result.ts";

export interface Column {
  readonly head: string;
  /** Numbers are right-aligned. */
  readonly isNumber?: true;
  /** The order in which columns are dropped on a narrow screen, lowest first; undefined: never. */
  readonly dropPriority?: number;
  /** Only for the last column: the width that is reserved for it. The edge of the screen may cut the rest. */
  readonly atLeast?: number;
}

export interface Row {
  readonly cells: readonly string[];
  readonly tone?: Tone | undefined;
}

const GAP = "  ";
/** The width of a pipe or a file. */
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

/** The positions of the columns that fit. */
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

/** Counts code points, as each glyph here is one column wide. */
const letters = (text: string): number => [...text].length;

function padded(text: string, width: number, toTheLeft: boolean): string {
  const space = " ".repeat(Math.max(0, width - letters(text)));
  return toTheLeft ? space + text : text + space;
}

// States in a terminal: a word, a glyph and a tone. The tone adds no meaning.

/** Every terminal has these glyphs, but not those of the board. */
const GLYPHS: Readonly<Record<Tone, string>> = { good: "√", warning: "‼", bad: "×", faint: "·" };

export const stateTone = (state: InstanceState): Tone => STATES[state].tone;
export const stateWords = (state: InstanceState): string => `${GLYPHS[stateTone(state)]} ${state}`;

export function turnWords({ turn }: Pick<InstanceRow, "turn">): string {
  return turn.kind === "passed over" ? "passed over" : turn.kind;
}

const HUNDRED = 100;
export const percent = (share: number): string => `${Math.round(share * HUNDRED)} %`;

// The name of an instance, such as `ratings/2`, and its JSON.

export const nameOf = ({ service, instance }: Pick<InstanceRef, "service" | "instance">): string =>
  `${service}/${instance}`;

export const whoJson = ({ service, instance, incarnation, address }: InstanceRef): object => ({
  service,
  instance,
  incarnation,
  address,
});
