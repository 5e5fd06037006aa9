// The counts of members that are warned of, beside a walk over all members for each question.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Member } from "../../src/health/member.ts";
import type { Tracker } from "../../src/health/tracker.ts";
import { HealthHarness } from "../support/health-harness.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { LEASE_MS, NOW, warn, withdraw } from "../support/warned.ts";

const test = suite("the share that is warned of");

const INSTANCES = 7;
const OPERATIONS = [undefined, "get", "list", "rare"] as const;
const LISTS = [["get"], ["get", "list"], ["get", "list", "rare"]] as const;

const isWarned = ({ warning }: Member, now: number): boolean =>
  warning !== undefined && warning.over === undefined && now < warning.until;

/** The rule of the warnings, by a walk over all. */
function isPassedOver(member: Member, { rotation }: Tracker, operation: string | undefined, now: number): boolean {
  if (!isWarned(member, now)) return false;
  const others = rotation
    .all()
    .filter(
      (one) =>
        (operation === undefined || one.operations.includes(operation)) && (one.hasAnswered || !member.hasAnswered),
    );
  return 2 * others.filter((one) => isWarned(one, now)).length <= others.length;
}

type Act = (table: HealthHarness, instance: number, now: number, random: SeededRandom) => unknown;

const operationsOf = (instance: number): readonly string[] => LISTS[instance % LISTS.length] ?? LISTS[0];

const joins: Act = (table, instance, now) => table.beats(instance, now, { operations: operationsOf(instance) });

const isWarnedOf: Act = (table, instance, now, random) => {
  const incarnation = `${instance}-${random.below(2) === 0 ? "a" : "b"}`;
  table.beats(instance, now, { operations: operationsOf(instance), incarnation });
  warn(table, instance, now, { sender: `a.${random.below(2)}`, quietMs: 20 });
};

const ACTS: readonly Act[] = [
  (table, instance, now) => table.beats(instance, now, { state: "gone" }),
  (table, instance, now) => table.hangs(instance, now),
  (table, instance, now) => table.settle(table.ticketOf(instance, now - 1), "answered", now),
  (table, instance, now, random) => withdraw(table, instance, `a.${random.below(2)}`, now),
  (table, _, now) => table.tick(now),
  // The check of an answer ends after a warning has come.
  (table, instance, now) => table.tracker.recordCheck(table.ticketOf(instance, now), "answered", now),
  ...[isWarnedOf, isWarnedOf, isWarnedOf],
];

/** One thing happens to one instance. */
function step(table: HealthHarness, random: SeededRandom, now: number): void {
  const instance = 1 + random.below(INSTANCES);
  const isKnown = [...table.tracker.all()].some(({ who }) => who.instance === instance);
  const act = isKnown ? ACTS[random.below(ACTS.length)] : joins;
  act?.(table, instance, now, random);
}

test("it is that of a count over all, however members and warnings come and go", () => {
  let passedOver = 0;
  let most = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed);
    const table = new HealthHarness({ purgeAfterMs: LEASE_MS });
    const { tracker } = table;
    let now = NOW;
    for (let steps = 0; steps < 400; steps++) {
      now += random.below(5) === 0 ? random.below(LEASE_MS / 3) : random.below(40);
      step(table, random, now);
      for (const operation of OPERATIONS) {
        if (random.below(2) === 0) continue;
        for (const member of tracker.rotation.all()) {
          const expected = isPassedOver(member, tracker, operation, now);
          const { warnings } = tracker.lateness;
          const at = `seed ${seed}, step ${steps}, ${operation}, ${member.who.incarnation}`;
          assert.is(warnings.passesOver(member, tracker.rotation.all(), operation, now), expected, at);
          if (expected) passedOver += 1;
          else if (isWarned(member, now)) most += 1;
        }
      }
    }
  }
  assert.ok(passedOver > 1_000 && most > 1_000, `${passedOver} and ${most}`);
});

test.run();
