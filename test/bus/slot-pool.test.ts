// The reply subject of a call, and the time when it may serve another.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SlotPool } from "../../src/bus/slot-pool.ts";
import { countedReplies } from "../../src/testing/counted-replies.ts";

const test = suite("the slot pool");

/** Calls that end before a reply subject serves again. */
const DELAY = 3;
const TEA = "tea.get.1";
const pool = (): SlotPool<string> => new SlotPool(countedReplies(), DELAY);

/** Puts and removes so many calls, each answered; their reply subjects. */
function use(slots: SlotPool<string>, count: number, to = TEA): readonly string[] {
  return Array.from({ length: count }, () => {
    const replyTo = slots.put("call", to, true);
    slots.remove(replyTo, to, true);
    return replyTo;
  });
}

test("a call is found by its reply subject, and by no other", () => {
  const slots = pool();
  const subjects = ["ann", "ben", "cy"].map((entry) => slots.put(entry, TEA, true));
  assert.equal(
    subjects.map((replyTo) => slots.find(replyTo)),
    ["ann", "ben", "cy"],
  );
  assert.is(slots.size, 3);
  const [first = ""] = subjects;
  const token = first.split(".").at(-1);
  for (const odd of ["", "-", "3", "NaN", `${first}x`, ` ${first}`, `${first} `, token, `x.${token}`, "constructor"])
    assert.is(slots.find(odd ?? ""), undefined, odd);
});

test("a reply subject serves again after enough calls have ended, the longest cooled first", () => {
  const slots = pool();
  const first = use(slots, DELAY);
  assert.is(new Set(first).size, DELAY);
  assert.equal(use(slots, DELAY), first);
});

test("a reply subject serves only the address that it served before", () => {
  const slots = pool();
  const seen = new Map<string, string>();
  for (let round = 0; round < 50; round += 1) {
    for (const to of ["tea.get.1", "tea.get.2", "coffee.get.1"]) {
      for (const replyTo of use(slots, 1 + (round % 3), to)) {
        assert.is(seen.get(replyTo) ?? to, to, replyTo);
        seen.set(replyTo, to);
      }
    }
  }
  assert.ok(seen.size < 40, `they come round: ${seen.size}`);
});

test("a reply subject names the service that is asked", () => {
  const slots = pool();
  for (const [to, service] of [
    ...([
      ["tea.get.1", "tea"],
      ["tea.get", "tea"],
      ["health.tea", "tea"],
      ["chaos.tea.1", "tea"],
      ["$SRV.STATS.tea.1", "tea"],
    ] as const),
    ...([
      ["$SRV.PING", "_all"],
      ["$SYS.REQ.CLAIMS.UPDATE", "_all"],
      ["health", "_all"],
      ["Tea.get", "_all"],
      ["get.get", "_all"],
    ] as const),
  ])
    assert.is(slots.put("call", to, true).split(".")[1], service, to);
});

test("a reply subject is retired when its answer is missing, and when something arrives while it cools", () => {
  const slots = pool();
  const unanswered = slots.put("ann", TEA, true);
  slots.remove(unanswered, TEA, false);
  const cooled = use(slots, DELAY);
  slots.retireIfFree(cooled[0] ?? "");
  slots.retireIfFree("invalid");
  const later = use(slots, 20);
  assert.not.ok(later.includes(unanswered));
  assert.not.ok(later.includes(cooled[0] ?? ""));
  assert.ok(later.includes(cooled[1] ?? ""), "the others serve on");
  assert.is(slots.find(unanswered), undefined);
  assert.is(slots.size, 0);
});

test("nothing that arrives retires the reply subject of a call that waits", () => {
  const slots = pool();
  const replyTo = slots.put("ann", TEA, true);
  slots.retireIfFree(replyTo);
  assert.is(slots.find(replyTo), "ann");
});

test("a call that asks for a new reply subject gets one, however many have cooled", () => {
  const slots = pool();
  const seen = new Set(use(slots, 20));
  for (let count = 0; count < 20; count += 1) {
    const replyTo = slots.put("ben", TEA, false);
    assert.not.ok(seen.has(replyTo));
    seen.add(replyTo);
    slots.remove(replyTo, TEA, false);
  }
  assert.is(slots.size, 0);
});

test("the reply subjects of a dead process serve no more, and its calls are found until they end", () => {
  const slots = pool();
  const before = use(slots, DELAY);
  const waits = slots.put("ann", TEA, false);
  slots.forget(TEA);
  assert.is(slots.find(waits), "ann");
  slots.remove(waits, TEA, true);
  assert.not.ok(use(slots, 20).some((replyTo) => before.includes(replyTo)));
  assert.is(slots.size, 0);
});

test("addresses without number leave a bounded number of reply subjects behind", () => {
  const slots = pool();
  const first = use(slots, 1, "tea.get.0")[0] ?? "";
  const called = new Set<string>();
  for (let count = 1; count < 40_000; count += 1) {
    use(slots, 1, `tea.get.${count}`);
    if (count % 1_000 === 0) for (const replyTo of use(slots, 1, TEA.replace("tea", "milk"))) called.add(replyTo);
  }
  assert.is(called.size, 1, "one that is called now and then is kept");
  slots.retireIfFree(first);
  assert.not.ok(use(slots, 10, "tea.get.0").includes(first), "the oldest are forgotten");
  // One address with as many calls at once as there are slots in all.
  const many = Array.from({ length: 20_000 }, () => slots.put("call", TEA, true));
  assert.is(slots.size, 20_000);
  for (const replyTo of many) slots.remove(replyTo, TEA, true);
  assert.is(slots.size, 0);
  assert.ok(new Set(use(slots, 20_000)).size < 5_000, "and reply subjects still come round");
});

test("all are listed, and those that end meanwhile do not disturb it", () => {
  const slots = pool();
  const subjects = ["a", "b", "c", "d"].map((entry) => slots.put(entry, TEA, true));
  slots.remove(subjects[1] ?? "", TEA, true);
  for (const [replyTo] of slots.all()) slots.remove(replyTo, TEA, false);
  slots.remove(subjects[1] ?? "", TEA, false);
  assert.equal([slots.all(), slots.size], [[], 0]);
});

test.run();
