// The filter of the board's table. The server applies it to the table without scripts, by the query of the address. The
// browser applies this file as compiled to its rows.

import type { InstanceRow } from "../../../monitor/snapshot.ts";
import { countText } from "./page-format.ts";

/** From so many instances on, cards take more than two windows of height: the board shows a table. */
const TABLE_FROM = 12;

export const isTable = (instances: number): boolean => instances >= TABLE_FROM;

/** The value of the form's `show`: nothing healthy. */
export const UNHEALTHY = "unhealthy";
/** The longest text that is looked for. */
export const MAX_FIND_LENGTH = 100;

export interface BoardFilter {
  readonly isUnhealthyOnly: boolean;
  /** One of these instances; empty: any. */
  readonly numbers: ReadonlySet<number>;
  /** Each of these is in the text of the row. In lower case. */
  readonly words: readonly string[];
}

/** @param find words as typed: a number is an instance, of several any; any other word is looked for in the row */
export function filterOf(isUnhealthyOnly: boolean, find: string): BoardFilter {
  const all = find
    .slice(0, MAX_FIND_LENGTH)
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  const isNumber = (word: string): boolean => /^\d+$/.test(word);
  return {
    isUnhealthyOnly,
    numbers: new Set(all.filter(isNumber).map(Number)),
    words: all.filter((word) => !isNumber(word)),
  };
}

/** @param texts of the row: what it shows, and its names */
export function passes(
  { isUnhealthyOnly, numbers, words }: BoardFilter,
  { instance, state }: Pick<InstanceRow, "instance" | "state">,
  texts: readonly string[],
): boolean {
  if (isUnhealthyOnly && state === "healthy") return false;
  if (numbers.size > 0 && !numbers.has(instance)) return false;
  if (words.length === 0) return true;
  const text = texts.join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** `3 of 100 instances.` */
export const shownText = (shown: number, all: number): string =>
  shown === all ? `${countText(all, "instance")}.` : `${shown} of ${countText(all, "instance")}.`;
