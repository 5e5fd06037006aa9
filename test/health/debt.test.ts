// The debt of a member: the order of the calls, their limit, and which answers are too late (docs/health.md, rule 17).

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Debt, debtOf, forgive, isTooLate, limitOf, owe, payBack, quietSince } from "../../src/health/debt.ts";
import type { Member } from "../../src/health/member.ts";
import { newTicket, type Ticket } from "../../src/health/ticket.ts";
import { harnessWith } from "../support/health-harness.ts";

const test = suite("debt");

const member = (): Member => harnessWith(1).member(1);

/** Calls that are owed, in the order in which they were counted. */
function owed(one: Member, calls: readonly (readonly [sentAt: number, limitMs: number])[]): readonly Ticket[] {
  return calls.map(([sentAt, limitMs]) => {
    const ticket = newTicket(one, sentAt);
    owe(ticket, limitMs);
    return ticket;
  });
}

/** Read in both directions. */
function sentTimes(debt: Debt): readonly number[] {
  const times: number[] = [];
  for (let call = debt.first; call !== undefined; call = call.later) times.push(call.sentAt);
  const backwards: number[] = [];
  for (let call = debt.last; call !== undefined; call = call.earlier) backwards.unshift(call.sentAt);
  assert.equal(backwards, times);
  assert.is(debt.owes, times.length);
  return times;
}

test("calls are in the order of their sending, also one that counts later, and each can end first", () => {
  const times = [20, 30, 10, 25, 40];
  for (const removed of times.keys()) {
    const one = member();
    const calls = owed(
      one,
      times.map((sentAt) => [sentAt, 5]),
    );
    assert.equal(sentTimes(debtOf(one)), [10, 20, 25, 30, 40]);
    for (let step = 0; step < times.length; step++) {
      const ended = calls[(removed + step) % times.length];
      assert.ok(ended !== undefined);
      payBack(ended);
      payBack(ended);
      const left = calls.filter(({ debt }) => debt !== undefined).map(({ sentAt }) => sentAt);
      assert.equal(
        sentTimes(debtOf(one)),
        left.sort((a, b) => a - b),
      );
      assert.is(quietSince(debtOf(one)), left[0] ?? Number.POSITIVE_INFINITY);
    }
  }
});

test("the limit is the longest of the calls that are owed, in whatever order", () => {
  for (const limits of [
    [20, 250, 40],
    [250, 20, 40],
    [20, 40, 250],
  ]) {
    const one = member();
    const calls = owed(
      one,
      limits.map((limitMs, index) => [index, limitMs]),
    );
    assert.is(limitOf(debtOf(one)), 250);
    for (const call of calls) if (call.limitMs === 250) payBack(call);
    assert.is(limitOf(debtOf(one)), 40);
  }
});

test("an answer is too late if it took longer than all limits, and a call that was sent later is owed", () => {
  const one = member();
  const [first, second] = owed(one, [
    [0, 20],
    [5, 250],
  ]);
  assert.ok(first !== undefined && second !== undefined);
  const debt = debtOf(one);
  const wrong = (ticket: Ticket, now: number): boolean => isTooLate(ticket, debt, now);
  assert.equal([wrong(first, 21), wrong(first, 250), wrong(first, 251)], [false, false, true]);
  assert.is(wrong(second, 900), false, "the last one");
  // Of an operation without a limit: owed nowhere.
  for (const [sentAt, expected] of [
    [4, true],
    [5, false],
    [6, false],
  ] as const)
    assert.is(wrong(newTicket(one, sentAt), 900), expected, String(sentAt));
  assert.is(isTooLate(newTicket(one, 4), debtOf(member()), 900), false, "nothing is owed");
});

test("what is forgiven is owed no more, and its end changes nothing of what is owed since", () => {
  const one = member();
  const before = owed(one, [
    [1, 20],
    [2, 20],
  ]);
  debtOf(one).answeredAt = 3;
  forgive(one);
  const [since] = owed(one, [[4, 20]]);
  for (const ticket of before) payBack(ticket);
  assert.equal([sentTimes(debtOf(one)), debtOf(one).answeredAt], [[4], 3]);
  assert.is(debtOf(one).first, since);
});

test.run();
