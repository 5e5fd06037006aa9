// Where several Markets disagree. Each decides by its own calls, so they may: what one cannot reach another can. Compared
// is what they do with an instance: call it, pass it over with an open breaker, or count it as not there. That one is on
// probation here and well there is no dispute, and neither is it when one remembers the dead and another never met them.

import type { InstanceStatus, PeerView } from "./peer-view.ts";
import type { InstanceState } from "./state.ts";

/** What one Market says of an incarnation. */
export type Cell =
  | { readonly kind: "told"; readonly state: InstanceState; readonly since: number; readonly why: string | null }
  /** It does not know it. */
  | { readonly kind: "unknown" }
  /** It knows more than it tells of, and this one is not among the worst. */
  | { readonly kind: "untold" };

export interface Disagreement {
  readonly instance: number;
  readonly incarnation: string;
  /** In the order of the Markets. */
  readonly cells: readonly Cell[];
}

export interface MarketsComparison {
  /** This one first, then the others by name. */
  readonly all: readonly { readonly market: string; readonly name: string }[];
  readonly disputes: readonly Disagreement[];
  /** How many more disputes there are than are listed. */
  readonly unlisted: number;
}

/** More rows of disputes nobody reads: something is wrong with the bus, and that is seen in fifty. */
const MAX_DISAGREEMENTS = 50;
/** News takes a second to be told and another to be looked at; a dispute that lasts longer is one. */
const GRACE_MS = 1_500;

type Treatment = "calls it" | "breaker open" | "not there";

const TREATMENTS: Readonly<Record<InstanceState, Treatment>> = {
  ...{ well: "calls it", probation: "calls it" },
  ...{ open: "breaker open", retesting: "breaker open" },
  ...{ lost: "not there", draining: "not there", left: "not there" },
};

type View = Pick<PeerView, "market" | "name" | "instances" | "untold">;

export class DisagreementDetector {
  /** Since when each incarnation is in dispute, in running time. */
  #since = new Map<string, number>();

  /** @param views ours first */
  detect(views: readonly View[], now: number): MarketsComparison {
    const disputes = disagreementsAmong(views);
    const before = this.#since;
    this.#since = new Map(disputes.map(({ incarnation }) => [incarnation, before.get(incarnation) ?? now]));
    const settled = disputes.filter(({ incarnation }) => now - (this.#since.get(incarnation) ?? now) >= GRACE_MS);
    return {
      all: views.map(({ market, name }) => ({ market, name })),
      disputes: settled.slice(0, MAX_DISAGREEMENTS),
      unlisted: Math.max(0, settled.length - MAX_DISAGREEMENTS),
    };
  }
}

function disagreementsAmong(views: readonly View[]): readonly Disagreement[] {
  if (views.length < 2) return [];
  const tables = views.map(({ instances }) => new Map(instances.map((one) => [one.incarnation, one])));
  const everyone = new Map(views.flatMap(({ instances }) => instances.map((one) => [one.incarnation, one.instance])));
  const disputes: Disagreement[] = [];
  for (const [incarnation, instance] of everyone) {
    const cells = tables.map((table, place) => cellOf(table.get(incarnation), views[place]?.untold ?? 0));
    if (isDisagreement(cells)) disputes.push({ instance, incarnation, cells });
  }
  return disputes.sort((a, b) => a.instance - b.instance || (a.incarnation < b.incarnation ? -1 : 1));
}

function cellOf(status: InstanceStatus | undefined, untold: number): Cell {
  if (status === undefined) return { kind: untold > 0 ? "untold" : "unknown" };
  const { state, since, why } = status;
  return { kind: "told", state, since, why };
}

function isDisagreement(cells: readonly Cell[]): boolean {
  const treatments = cells.flatMap((cell) => (cell.kind === "untold" ? [] : [treatmentOf(cell)]));
  return treatments.some((treatment) => treatment !== treatments[0]);
}

const treatmentOf = (cell: Exclude<Cell, { kind: "untold" }>): Treatment =>
  cell.kind === "told" ? TREATMENTS[cell.state] : "not there";
