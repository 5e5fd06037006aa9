// What has been told of every incarnation, and whether that can be: one line for one change, and no line twice.

import * as assert from "uvu/assert";
import type { Breaker } from "../../src/health/breaker.ts";
import type { Change } from "../../src/health/change.ts";
import type { Member } from "../../src/health/member.ts";

interface Told {
  membership: "unknown" | "up" | "draining" | "lost" | "left";
  breaker: "closed" | "opened" | "retesting";
}

/** The states, as told, in which a change of membership may follow. */
const MEMBERSHIP_BEFORE = {
  joined: ["unknown"],
  // One that only took no call may beat on, or be lost without a goodbye.
  returned: ["lost", "draining"],
  draining: ["up"],
  lost: ["up", "draining"],
  left: ["up", "draining", "lost"],
} as const;

const BREAKER_BEFORE = {
  opened: ["closed", "retesting"],
  closed: ["opened", "retesting"],
  // A retest that said nothing goes back to open without a word, and the next one is told again.
  retesting: ["opened", "retesting"],
} as const;

export class Ledger {
  readonly #told = new Map<string, Told>();

  /** @param timedOut the incarnation whose call is known to have timed out, if that is what happened */
  enter(change: Change, timedOut: string | undefined): void {
    const { incarnation } = change.who;
    const told = this.#told.get(incarnation) ?? { membership: "unknown", breaker: "closed" };
    this.#told.set(incarnation, told);
    switch (change.kind) {
      case "joined":
      case "returned":
      case "draining":
      case "lost":
      case "left":
        mayFollow(MEMBERSHIP_BEFORE[change.kind], told.membership, change.kind);
        told.membership = change.kind === "joined" || change.kind === "returned" ? "up" : change.kind;
        break;
      case "opened":
        assert.ok(
          told.breaker === "retesting" || timedOut === incarnation,
          `${incarnation} was opened without a timeout`,
        );
        mayFollow(BREAKER_BEFORE.opened, told.breaker, "opened");
        told.breaker = "opened";
        break;
      case "closed":
      case "retesting":
        mayFollow(BREAKER_BEFORE[change.kind], told.breaker, change.kind);
        told.breaker = change.kind;
        break;
      case "clash":
        assert.is(change.other.instance, change.who.instance, "a clash of two numbers");
        assert.is.not(change.other.incarnation, incarnation, "a clash with itself");
        break;
      case "full":
        this.#told.delete(incarnation);
    }
  }

  /** Whoever is in the table is what was told of it; whoever is not starts afresh. */
  agreeWith(members: readonly Member[]): void {
    const known = new Set(members.map((member) => member.who.incarnation));
    for (const incarnation of this.#told.keys()) if (!known.has(incarnation)) this.#told.delete(incarnation);
    for (const { who, membership, breaker } of members) {
      const told = this.#told.get(who.incarnation);
      if (told === undefined) throw new Error(`nothing was told of ${who.incarnation}`);
      const isNow = membership.kind === "gone" ? (membership.how === "left" ? "left" : "lost") : membership.kind;
      assert.is(isNow, told.membership, `${who.incarnation} is not what was told of it`);
      assert.ok(
        agrees(breaker, told.breaker),
        `${who.incarnation} is ${breaker.kind}, and was told to be ${told.breaker}`,
      );
    }
  }
}

function mayFollow(before: readonly string[], told: string, kind: string): void {
  assert.ok(before.includes(told), `${kind} was told of one that was ${told}`);
}

function agrees(breaker: Breaker, told: Told["breaker"]): boolean {
  if (breaker.kind === "open") return told !== "closed";
  if (breaker.kind === "retesting") return told === "retesting";
  return told === "closed";
}
