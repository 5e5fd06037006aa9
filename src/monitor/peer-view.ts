// What one Market tells the others of a service's instances, as it goes over the wire (docs/protocol.md),
// and what is believed of bytes that anybody may have sent. It is bounded: of a thousand instances the worst are told,
// and an instance that is not among them is then "not told", which is no opinion.

import { isIncarnationId } from "../bus/core/subjects.ts";
import { MAX_INSTANCE } from "../health/heartbeat.ts";
import { type InstanceState, STATES } from "../monitor/state.ts";
import { fieldsOf, isIntegerIn } from "../util/json.ts";

/** What a Market believes of one incarnation. */
export interface InstanceStatus {
  readonly instance: number;
  readonly incarnation: string;
  readonly state: InstanceState;
  /** Epoch ms, by the clock of the Market that tells it. */
  readonly since: number;
  readonly why: string | null;
}

export interface PeerView {
  /** One running Market: a fresh id at every start. */
  readonly market: string;
  /** What people call it: its host and port. */
  readonly name: string;
  /** Counts up from 0: a view that arrives out of order is known by it. */
  readonly seq: number;
  /** Longest time until the next one, in ms. */
  readonly intervalMs: number;
  readonly state: "up" | "gone";
  readonly instances: readonly InstanceStatus[];
  /** How many more it knows than it tells of. */
  readonly omitted: number;
}

/** Worth a few screens; with an answer from each of 32 Markets every second still only 4 MB. */
export const MAX_STATUSES = 250;
/** Twice what that many take with ids of the usual length. */
export const MAX_VIEW_BYTES = 64 * 1024;
/** A table of addresses has no room for more, nor have we. */
const MAX_NAME_LENGTH = 64;
const MAX_REASON_LENGTH = 80;
/** Whoever promises less often would stay on every board for long after he is gone. */
const MAX_INTERVAL_MS = 60_000;
const MIN_INTERVAL_MS = 100;
const MAX_OMITTED = 1_000_000;

export type ParsedView =
  | { readonly kind: "view"; readonly view: PeerView }
  | { readonly kind: "unreadable"; readonly why: string };

/** @param origin what its subject says of its sender */
export function parseView(body: unknown, origin: { readonly service: string; readonly market: string }): ParsedView {
  const { service, market, name, seq, intervalMs, state, instances, omitted } = fieldsOf(body);
  if (service !== origin.service) return unreadable("service is not the one of its subject");
  if (market !== origin.market) return unreadable("market is not the one of its subject");
  if (!isIntegerIn(seq, 0, Number.MAX_SAFE_INTEGER)) return unreadable("seq is not a whole number");
  if (!isIntegerIn(intervalMs, MIN_INTERVAL_MS, MAX_INTERVAL_MS))
    return unreadable(`intervalMs is not a whole number from ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}`);
  if (state !== "up" && state !== "gone") return unreadable("state is neither up nor gone");
  if (!isIntegerIn(omitted, 0, MAX_OMITTED)) return unreadable("omitted is not a whole number");
  const statuses = readStatuses(instances);
  if (statuses === undefined) return unreadable(`instances is not a list of up to ${MAX_STATUSES} standings`);
  const shownName = typeof name === "string" && isName(name) ? name : origin.market;
  return {
    kind: "view",
    view: { market, name: shownName, seq, intervalMs, state, instances: statuses, omitted },
  };
}

/** A host and its port, as it may be shown: what else somebody writes there is no name. */
export const isName = (name: string): boolean => name.length <= MAX_NAME_LENGTH && /^[A-Za-z0-9._:[\]-]+$/.test(name);

const unreadable = (why: string): ParsedView => ({ kind: "unreadable", why });

/** Each field by its rule; two of one incarnation, or one that is odd, and the whole view is not believed. */
function readStatuses(value: unknown): readonly InstanceStatus[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_STATUSES) return undefined;
  const statuses = value.map(readStatus).filter((one) => one !== undefined);
  const isWhole = statuses.length === value.length;
  return isWhole && new Set(statuses.map(({ incarnation }) => incarnation)).size === value.length
    ? statuses
    : undefined;
}

function readStatus(value: unknown): InstanceStatus | undefined {
  const { instance, incarnation, state: stateName, since, why } = fieldsOf(value);
  const state = STATES.find((known) => known === stateName);
  if (state === undefined || !isIntegerIn(instance, 1, MAX_INSTANCE)) return undefined;
  if (typeof incarnation !== "string" || !isIncarnationId(incarnation)) return undefined;
  if (!isIntegerIn(since, 0, Number.MAX_SAFE_INTEGER)) return undefined;
  // A reason decides nothing: an odd one costs nobody his view.
  const isReason = typeof why === "string" && why.length <= MAX_REASON_LENGTH && !/\p{C}/u.test(why);
  return { instance, incarnation, state, since, why: isReason ? why : null };
}
