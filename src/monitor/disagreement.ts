// Disagreements between Markets. Each Market decides by its own calls: one may reach an instance that another cannot.
// The detector compares the treatments of an instance (states.ts): a Market calls it, skips it, or counts it as absent.
// "On probation" in one Market and "healthy" in another agree. So do a Market that remembers a dead instance and one
// that never met it.

import type { InstanceStatus, PeerView } from "./peers.ts";
import { type InstanceState, STATES } from "./states.ts";

/** The view that one Market has of an incarnation. */
export type Cell =
  | { readonly kind: "reported"; readonly state: InstanceState; readonly since: number; readonly why: string | null }
  /** The Market does not know the incarnation. */
  | { readonly kind: "unknown" }
  /** The Market publishes only its worst instances, and this one is not among them. */
  | { readonly kind: "omitted" };

export interface Disagreement {
  readonly instance: number;
  readonly incarnation: string;
  /** In the order of the Markets. */
  readonly cells: readonly Cell[];
}

export interface MarketsComparison {
  /** This one first, then the others by name. */
  readonly all: readonly { readonly market: string; readonly name: string }[];
  readonly disagreements: readonly Disagreement[];
  /** How many more disagreements there are than are listed. */
  readonly omitted: number;
}

/** Fifty rows show that something is wrong with the bus; more would add nothing. */
const MAX_DISAGREEMENTS = 50;
/** A change takes a second to be published and another to be read; only what lasts longer is a disagreement. */
const GRACE_MS = 1_500;

type Treatment = (typeof STATES)[InstanceState]["treatment"];
type View = Pick<PeerView, "market" | "name" | "instances" | "omitted">;

export class DisagreementDetector {
  /** The start of each incarnation's disagreement, in running time. */
  #since = new Map<string, number>();

  /** @param views this Market's own view first */
  detect(views: readonly View[], now: number): MarketsComparison {
    const disagreements = disagreementsAmong(views);
    const before = this.#since;
    this.#since = new Map(disagreements.map(({ incarnation }) => [incarnation, before.get(incarnation) ?? now]));
    const settled = disagreements.filter(({ incarnation }) => now - (this.#since.get(incarnation) ?? now) >= GRACE_MS);
    return {
      all: views.map(({ market, name }) => ({ market, name })),
      disagreements: settled.slice(0, MAX_DISAGREEMENTS),
      omitted: Math.max(0, settled.length - MAX_DISAGREEMENTS),
    };
  }
}

function disagreementsAmong(views: readonly View[]): readonly Disagreement[] {
  if (views.length < 2) return [];
  const tables = views.map(({ instances }) => new Map(instances.map((one) => [one.incarnation, one])));
  const everyone = new Map(views.flatMap(({ instances }) => instances.map((one) => [one.incarnation, one.instance])));
  const disagreements: Disagreement[] = [];
  for (const [incarnation, instance] of everyone) {
    const cells = tables.map((table, place) => cellOf(table.get(incarnation), views[place]?.omitted ?? 0));
    if (isDisagreement(cells)) disagreements.push({ instance, incarnation, cells });
  }
  return disagreements.sort((a, b) => a.instance - b.instance || (a.incarnation < b.incarnation ? -1 : 1));
}

function cellOf(status: InstanceStatus | undefined, omitted: number): Cell {
  if (status === undefined) return { kind: omitted > 0 ? "omitted" : "unknown" };
  const { state, since, why } = status;
  return { kind: "reported", state, since, why };
}

function isDisagreement(cells: readonly Cell[]): boolean {
  const treatments = new Set<Treatment>();
  for (const cell of cells) {
    if (cell.kind === "reported") treatments.add(STATES[cell.state].treatment);
    if (cell.kind === "unknown") treatments.add("counts as absent");
  }
  return treatments.size > 1;
}
