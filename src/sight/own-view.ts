// What this Market would tell the others: of each incarnation its state, since when, and why; the worst first, and no
// more than are told. Looked at once a second, so it costs a pass over the table and no more.

import type { Member } from "../health/member.ts";
import { stateOf } from "./row.ts";
import type { Seen } from "./seen.ts";
import type { Sight } from "./sight.ts";
import { STATES, type State } from "./state.ts";
import { MOST_STANDINGS, type Standing } from "./told-view.ts";

export interface OwnStandings {
  readonly standings: readonly Standing[];
  readonly untold: number;
}

export class OwnView {
  readonly #sight: Sight;
  readonly #seen: Seen;
  #last: ReadonlyMap<string, Standing> = new Map();
  #isChanged = true;

  constructor(sight: Sight, seen: Seen) {
    this.#sight = sight;
    this.#seen = seen;
  }

  /** Whether the last `read` differs from the one before it. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** @param wall epoch ms: what is new is so since then */
  read(wall: number): OwnStandings {
    const before = this.#last;
    const standings = this.#worst().map((member) => this.#standing(member, before, wall));
    this.#last = new Map(standings.map((standing) => [standing.incarnation, standing]));
    this.#isChanged = standings.length !== before.size || standings.some((one) => before.get(one.incarnation) !== one);
    return { standings, untold: this.#seen.tracker.size - standings.length };
  }

  /** The same value as long as nothing has changed. */
  #standing(member: Member, before: ReadonlyMap<string, Standing>, wall: number): Standing {
    const { instance, incarnation } = member.who;
    const state = stateOf(member);
    const last = before.get(incarnation);
    if (last?.state === state) return last;
    return { instance, incarnation, state, since: Math.round(wall), why: this.#why(member, state) };
  }

  #why({ who, membership }: Member, state: State): string | null {
    if (state === "open" || state === "retesting") return this.#sight.whyOpened(who.incarnation) ?? null;
    return membership.kind === "up" ? null : membership.how;
  }

  /** By state; those that are up within each in the order of their turns, in which the ring has them anyway. */
  #worst(): readonly Member[] {
    const { tracker } = this.#seen;
    const byState = new Map<State, Member[]>(STATES.map((state) => [state, []]));
    for (const member of tracker.ring.all()) byState.get(stateOf(member))?.push(member);
    for (const member of tracker.all()) if (member.membership.kind !== "up") byState.get(stateOf(member))?.push(member);
    return STATES.flatMap((state) => byState.get(state) ?? []).slice(0, MOST_STANDINGS);
  }
}
