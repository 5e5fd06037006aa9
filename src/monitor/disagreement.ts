// Disagreements between Markets. Each Market decides by its own calls: one may reach an instance that another cannot.
// The detector compares what they do with an instance: call it, skip it with an open breaker, or count it as absent.
// Probation in one Market and well in another agree. So do a Market that remembers a dead instance and one that never met it.

import type { InstanceStatus, PeerView } from "./peer-view.ts";
import type { InstanceState } from "./state.ts";

/** The view that one Market has of an incarnation. */
export type Cell =
  | { readonly kind: "told"; readonly state: InstanceState; readonly since: number; readonly why: string | null }
  /** The Market does not know the incarnation. */
  | { readonly kind: "unknown" }
  /** The Market publishes only its worst instances, and this one is not among them. */
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

/** Fifty rows show that something is wrong with the bus; more would add nothing. */
const MAX_DISAGREEMENTS = 50;
/** A change takes a second to be published and another to be read; only what lasts longer is a disagreement. */
const GRACE_MS = 1_500;

type Treatment = "calls it" | "breaker open" | "not there";

const TREATMENTS: Readonly<Record<InstanceState, Treatment>> = {
  ...{ well: "calls it", probation: "calls it" },
  ...{ open: "breaker open", retesting: "breaker open" },
  ...{ lost: "not there", draining: "not there", left: "not there" },
};

type View = Pick<PeerView, "market" | "name" | "instances" | "untold">;

export class DisagreementDetector {
  /** The start of each incarnation's disagreement, in running time. */
  #since = new Map<string, number>();

  /** @param views this Market's own view first */
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
