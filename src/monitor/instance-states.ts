// The state of each instance by its number, for pages that show only that. The board has a row for each incarnation; a
// visitor of the shop knows instances by number.

import type { Member } from "../health/member.ts";
import type { Tracker } from "../health/tracker.ts";
import type { ServiceMonitor } from "./monitor.ts";
import { type InstanceState, shownStateOf, worstFirst } from "./states.ts";

export interface InstanceStates {
  /** Two with one version are equal. A page that was made from them is found again by it. */
  readonly version: number;
  readonly byNumber: ReadonlyMap<number, InstanceState>;
  /** The numbers of those that have not left, the worst state first. */
  readonly worstFirst: readonly number[];
}

export const NO_STATES: InstanceStates = { version: 0, byNumber: new Map(), worstFirst: [] };

/** @param isFailing whether the calls of a member fail */
export function instanceStates(
  members: Iterable<Member>,
  isFailing: (member: Member) => boolean,
  version: number,
): InstanceStates {
  const shown = new Map<number, Member>();
  for (const member of members) {
    const other = shown.get(member.who.instance);
    if (other === undefined || presence(member) >= presence(other)) shown.set(member.who.instance, member);
  }
  const sorted = worstFirst(shown.values(), isFailing);
  const states = sorted.map((member) => [member.who.instance, shownStateOf(member, isFailing(member))] as const);
  return {
    version,
    byNumber: new Map(states),
    worstFirst: states.flatMap(([instance, state]) => (state === "left" ? [] : [instance])),
  };
}

/** Both are in one order: the worst first. */
function areEqual({ byNumber: one }: InstanceStates, { byNumber: other }: InstanceStates): boolean {
  if (one.size !== other.size) return false;
  const others = other.entries();
  for (const [instance, state] of one) {
    const [otherInstance, otherState] = others.next().value ?? [];
    if (instance !== otherInstance || state !== otherState) return false;
  }
  return true;
}

const PRESENCE = { up: 2, draining: 1, gone: 0 } as const;
/** Of two incarnations with one number the one that is up counts, or the later one: a restart replaces what was lost. */
const presence = ({ membership }: Member): number => PRESENCE[membership.kind];

/** Time alone ends a failing state, so what is known is read again after this time, in ms. */
const MAX_AGE_MS = 1_000;
/** Of more incarnations the states are read only that often: reading 10,000 for each page would take milliseconds. */
const MANY = 100;

/** The states of one service, read again only after an event: a page that finds them unchanged compares two numbers. */
export class InstanceStatesReader {
  readonly #monitor: ServiceMonitor;
  readonly #tracker: Tracker;
  #states = NO_STATES;
  #readAt = Number.NEGATIVE_INFINITY;
  #eventsRead = -1;

  constructor(monitor: ServiceMonitor, tracker: Tracker) {
    this.#monitor = monitor;
    this.#tracker = tracker;
  }

  /** Empty while the bus is disconnected: what held before is not claimed. */
  read(now: number): InstanceStates {
    const { bus, eventsRecorded } = this.#monitor;
    if (bus !== "connected") return NO_STATES;
    const hasNews = eventsRecorded !== this.#eventsRead && this.#tracker.size <= MANY;
    if (!hasNews && now - this.#readAt < MAX_AGE_MS) return this.#states;
    this.#eventsRead = eventsRecorded;
    this.#readAt = now;
    const isFailing = ({ who }: Member): boolean => this.#monitor.isFailing(who.incarnation, now);
    const states = instanceStates(this.#tracker.all(), isFailing, this.#states.version + 1);
    if (!areEqual(states, this.#states)) this.#states = states;
    return this.#states;
  }
}
