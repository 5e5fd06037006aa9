// The view that this Market publishes: state, start and reason of each incarnation, the worst first, up to a limit.
// It is read once a second, so it costs one pass over the table.

import type { Member } from "../health/member.ts";
import type { MonitorSource } from "./monitor-source.ts";
import { type InstanceStatus, MAX_STATUSES } from "./peer-view.ts";
import { stateOf } from "./row.ts";
import type { ServiceMonitor } from "./service-monitor.ts";
import { type InstanceState, STATES } from "./state.ts";

export interface LocalStatuses {
  readonly statuses: readonly InstanceStatus[];
  readonly omitted: number;
}

export class LocalView {
  readonly #monitor: ServiceMonitor;
  readonly #source: MonitorSource;
  #last: ReadonlyMap<string, InstanceStatus> = new Map();
  #isChanged = true;

  constructor(monitor: ServiceMonitor, source: MonitorSource) {
    this.#monitor = monitor;
    this.#source = source;
  }

  /** Whether the last `read` differs from the one before it. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** @param wall epoch ms: what is new is so since then */
  read(wall: number): LocalStatuses {
    const before = this.#last;
    const statuses = this.#worst().map((member) => this.#statusOf(member, before, wall));
    this.#last = new Map(statuses.map((status) => [status.incarnation, status]));
    this.#isChanged = statuses.length !== before.size || statuses.some((one) => before.get(one.incarnation) !== one);
    return { statuses: statuses, omitted: this.#source.tracker.size - statuses.length };
  }

  /** The same value as long as nothing has changed. */
  #statusOf(member: Member, before: ReadonlyMap<string, InstanceStatus>, wall: number): InstanceStatus {
    const { instance, incarnation } = member.who;
    const state = stateOf(member);
    const last = before.get(incarnation);
    if (last?.state === state) return last;
    return { instance, incarnation, state, since: Math.round(wall), why: this.#why(member, state) };
  }

  #why({ who, membership }: Member, state: InstanceState): string | null {
    if (state === "open" || state === "retesting") return this.#monitor.whyOpened(who.incarnation) ?? null;
    return membership.kind === "up" ? null : membership.reason;
  }

  /** By state; those that are up within each in the order of their turns, in which the ring has them anyway. */
  #worst(): readonly Member[] {
    const { tracker } = this.#source;
    const byState = new Map<InstanceState, Member[]>(STATES.map((state) => [state, []]));
    for (const member of tracker.ring.all()) byState.get(stateOf(member))?.push(member);
    for (const member of tracker.all()) if (member.membership.kind !== "up") byState.get(stateOf(member))?.push(member);
    return STATES.flatMap((state) => byState.get(state) ?? []).slice(0, MAX_STATUSES);
  }
}
