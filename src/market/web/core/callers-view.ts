// The calls by Market and instance, as a table: a row for each instance, a column for each Market, and the sums. The
// browser loads this file as compiled.

import type { CallersView } from "../../../monitor/callers.ts";

export interface CallersTable {
  /** This Market first. */
  readonly names: readonly string[];
  readonly rows: readonly CallersRow[];
  /** The sums of the listed instances. */
  readonly sums: CallersRow;
  /** Empty, or how many instances are not listed. */
  readonly note: string;
}

export interface CallersRow {
  readonly title: string;
  /** One for each Market, and the sum. */
  readonly cells: readonly string[];
}

const ONE_MARKET: CallersView = { markets: [], instances: [], omitted: 0 };

/** Without rows if there is one Market, or if none calls an instance. */
export function callersTable(callers: CallersView | null): CallersTable {
  const { markets, instances, omitted } = callers ?? ONE_MARKET;
  const columns = markets.map((_, place) => sum(instances.map(({ calls }) => calls[place] ?? 0)));
  return {
    names: markets.map(({ name }) => name),
    rows: instances.map(({ instance, calls }) => ({ title: String(instance), cells: cellsOf(calls) })),
    sums: { title: "All", cells: cellsOf(columns) },
    note: omitted === 0 ? "" : `And ${omitted} more, none called more often.`,
  };
}

const cellsOf = (calls: readonly (number | null)[]): readonly string[] => [
  ...calls.map((count) => (count === null ? "–" : String(count))),
  String(sum(calls.map((count) => count ?? 0))),
];

const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);
