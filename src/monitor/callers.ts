// The calls by Market and instance, of the last minute. Each Market publishes its own with its view, so those
// of another one are up to a publish interval old.

/** The calls of the last minute of one Market, by incarnation. */
export interface CallerView {
  readonly market: string;
  readonly name: string;
  /** The calls of those instances that the Market reports. Undefined: it reports an instance without a number. */
  readonly instances: readonly {
    readonly instance: number;
    readonly incarnation: string;
    readonly calls?: number | undefined;
  }[];
}

export interface CallersView {
  /** This one first, then the others by name. */
  readonly markets: readonly { readonly market: string; readonly name: string }[];
  /** In the order of their numbers. */
  readonly instances: readonly CalledInstance[];
  /** The number of instances that are called and not listed. */
  readonly omitted: number;
}

export interface CalledInstance {
  readonly instance: number;
  readonly incarnation: string;
  /** In the order of the Markets. Null: that Market reports no number for it. */
  readonly calls: readonly (number | null)[];
}

/** As many as fit on a screen: those that are called most. */
export const MAX_CALLED = 24;

/** @param callers this Market first. @returns null: there is only one */
export function callersView(callers: readonly CallerView[]): CallersView | null {
  if (callers.length < 2) return null;
  const tables = callers.map(({ instances }) => new Map(instances.map((one) => [one.incarnation, one.calls])));
  const numbers = new Map(callers.flatMap(({ instances }) => instances.map((one) => [one.incarnation, one.instance])));
  const called = [...numbers]
    .map(([incarnation, instance]) => ({
      ...{ instance, incarnation },
      calls: tables.map((table) => table.get(incarnation) ?? null),
    }))
    .filter(({ calls }) => sumOf(calls) > 0)
    .sort((a, b) => sumOf(b.calls) - sumOf(a.calls) || compareByInstance(a, b));
  return {
    markets: callers.map(({ market, name }) => ({ market, name })),
    instances: called.slice(0, MAX_CALLED).sort(compareByInstance),
    omitted: Math.max(0, called.length - MAX_CALLED),
  };
}

const sumOf = (calls: readonly (number | null)[]): number => calls.reduce<number>((sum, one) => sum + (one ?? 0), 0);

const compareByInstance = (a: CalledInstance, b: CalledInstance): number =>
  a.instance - b.instance || (a.incarnation < b.incarnation ? -1 : 1);
