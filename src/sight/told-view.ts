// What one Market tells the others of a service's instances, as it goes over the wire (docs/protocol.md),
// and what is believed of bytes that anybody may have sent. It is bounded: of a thousand instances the worst are told,
// and an instance that is not among them is then "not told", which is no opinion.

import { STATES, type State } from "./state.ts";

/** What a Market believes of one incarnation. */
export interface Standing {
  readonly instance: number;
  readonly incarnation: string;
  readonly state: State;
  /** Epoch ms, by the clock of the Market that tells it. */
  readonly since: number;
  readonly why: string | null;
}

export interface ToldView {
  /** One running Market: a fresh id at every start. */
  readonly market: string;
  /** What people call it: its host and port. */
  readonly name: string;
  /** Counts up from 0: a view that arrives out of order is known by it. */
  readonly seq: number;
  /** Longest time until the next one, in ms. */
  readonly intervalMs: number;
  readonly state: "up" | "gone";
  readonly instances: readonly Standing[];
  /** How many more it knows than it tells of. */
  readonly untold: number;
}

/** Worth a few screens; with an answer from each of 32 Markets every second still only 4 MB. */
export const MOST_STANDINGS = 250;
/** Twice what that many take with ids of the usual length. */
export const LONGEST_VIEW_BYTES = 64 * 1024;
/** A table of addresses has no room for more, nor have we. */
const LONGEST_NAME = 64;
const LONGEST_WHY = 80;
/** Whoever promises less often would stay on every board for long after he is gone. */
const LONGEST_INTERVAL_MS = 60_000;
const SHORTEST_INTERVAL_MS = 100;
const HIGHEST_INSTANCE = 999_999;
const MOST_UNTOLD = 1_000_000;

export type ParsedView =
  | { readonly kind: "view"; readonly view: ToldView }
  | { readonly kind: "unreadable"; readonly why: string };

/** @param origin what its subject says of its sender */
export function parseView(body: unknown, origin: { readonly service: string; readonly market: string }): ParsedView {
  const { service, market, name, seq, intervalMs, state, instances, untold } = fieldsOf(body);
  if (service !== origin.service) return unreadable("service is not the one of its subject");
  if (market !== origin.market) return unreadable("market is not the one of its subject");
  if (!isWhole(seq, 0, Number.MAX_SAFE_INTEGER)) return unreadable("seq is not a whole number");
  if (!isWhole(intervalMs, SHORTEST_INTERVAL_MS, LONGEST_INTERVAL_MS))
    return unreadable(`intervalMs is not a whole number from ${SHORTEST_INTERVAL_MS} to ${LONGEST_INTERVAL_MS}`);
  if (state !== "up" && state !== "gone") return unreadable("state is neither up nor gone");
  if (!isWhole(untold, 0, MOST_UNTOLD)) return unreadable("untold is not a whole number");
  const standings = readStandings(instances);
  if (standings === undefined) return unreadable(`instances is not a list of up to ${MOST_STANDINGS} standings`);
  const shownName = typeof name === "string" && isName(name) ? name : origin.market;
  return { kind: "view", view: { market, name: shownName, seq, intervalMs, state, instances: standings, untold } };
}

/** A host and its port, as it may be shown: what else somebody writes there is no name. */
export const isName = (name: string): boolean => name.length <= LONGEST_NAME && /^[A-Za-z0-9._:[\]-]+$/.test(name);

const unreadable = (why: string): ParsedView => ({ kind: "unreadable", why });

/** Each field by its rule; two of one incarnation, or one that is odd, and the whole view is not believed. */
function readStandings(value: unknown): readonly Standing[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_STANDINGS) return undefined;
  const standings = value.map(readStanding).filter((one) => one !== undefined);
  const isWhole = standings.length === value.length;
  return isWhole && new Set(standings.map(({ incarnation }) => incarnation)).size === value.length
    ? standings
    : undefined;
}

function readStanding(value: unknown): Standing | undefined {
  const { instance, incarnation, state: said, since, why } = fieldsOf(value);
  const state = STATES.find((known) => known === said);
  if (state === undefined || !isWhole(instance, 1, HIGHEST_INSTANCE)) return undefined;
  if (typeof incarnation !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(incarnation)) return undefined;
  if (!isWhole(since, 0, Number.MAX_SAFE_INTEGER)) return undefined;
  // A reason decides nothing: an odd one costs nobody his view.
  const isReason = typeof why === "string" && why.length <= LONGEST_WHY && !/\p{C}/u.test(why);
  return { instance, incarnation, state, since, why: isReason ? why : null };
}

const fieldsOf = (value: unknown): Record<string, unknown> => Object(value) as Record<string, unknown>;

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}
