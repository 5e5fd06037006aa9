// Members whose breaker is open or being retested: few, and looked at on every choice.

import { retestIsDue } from "./breaker.ts";
import type { Member } from "./member.ts";

export class OpenBreakers {
  readonly #members = new Set<Member>();

  /** The breaker of `member` is in another state now. */
  update(member: Member): void {
    const { kind } = member.breaker;
    // Taken out and put back at the end: of many, those whose retest is longest ago come first.
    if (kind !== "open") this.#members.delete(member);
    if (kind === "open" || kind === "retesting") this.#members.add(member);
  }

  remove(member: Member): void {
    this.#members.delete(member);
  }

  /** Those whose retest may start now: those due, or with `early` all that have none out. Real ones come before strangers. */
  dueForRetest(now: number, early: boolean): readonly Member[] {
    if (this.#members.size === 0) return NO_MEMBERS;
    const open = [...this.#members].filter(({ breaker }) =>
      early ? breaker.kind === "open" : retestIsDue(breaker, now),
    );
    return [...open.filter((member) => member.proven), ...open.filter((member) => !member.proven)];
  }
}

const NO_MEMBERS: readonly Member[] = [];
