// One row of a snapshot: each part of it, in every state of a member.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Breaker } from "../../src/health/breaker.ts";
import { type Member, type Membership, newMember } from "../../src/health/member.ts";
import { outcomeOf } from "../../src/metrics/core/outcomes.ts";
import {
  deltaOf,
  type InstanceStats,
  type MonitorSource,
  type RowContext,
  rowOf,
  type TurnStatus,
  turnStatusOf,
} from "../../src/monitor/snapshot.ts";
import { STATE_NAMES, STATES, stateOf, toneOfEvent, worstFirst } from "../../src/monitor/states.ts";
import { AttemptStats } from "../../src/monitor/stats.ts";
import type { AttemptOutcome } from "../../src/service/client-options.ts";
import { beatOf } from "../support/health-harness.ts";

const test = suite("row");

const OPEN = {
  kind: "open",
  generation: 1,
  openedAt: 50,
  openedByCallAt: 50,
  delayMs: 9,
  retestAt: 59,
  heartbeatMayClose: true,
} as const;
const BREAKERS = {
  closed: { kind: "closed", generation: 0, failures: 0 },
  probation: {
    kind: "probation",
    generation: 2,
    answersLeft: 3,
    delayMs: 9,
    share: { kind: "one at a time", inFlight: 1, busyUntil: 120 },
  },
  open: OPEN,
  retesting: { kind: "retesting", generation: 2, until: 70, open: OPEN, wasDue: true },
} as const satisfies Record<Breaker["kind"], Breaker>;
const MEMBERSHIPS = {
  up: { kind: "up" },
  leaving: { kind: "draining", reason: "goodbye" },
  refusing: { kind: "draining", reason: "refused call" },
  left: { kind: "gone", since: 1, reason: "left" },
  silent: { kind: "gone", since: 1, reason: "no heartbeat" },
  absent: { kind: "gone", since: 1, reason: "no responders" },
} as const satisfies Record<string, Membership>;

const memberAs = (membership: keyof typeof MEMBERSHIPS, breaker: keyof typeof BREAKERS, instance = 1): Member => ({
  ...newMember(beatOf(instance), 0),
  ...{
    membership: MEMBERSHIPS[membership],
    breaker: BREAKERS[breaker],
    lastHeartbeatAt: 10,
    leaseUntil: 40,
    hasAnswered: true,
    late: null,
  },
});

/** Epoch ms of running time 0. */
const WALL = 1_000_000;

const statsWith = (stats: Partial<InstanceStats> = {}): InstanceStats => ({
  ...{ attempts: new AttemptStats(), openedAt: undefined, whyOpened: undefined, faults: undefined, spans: undefined },
  ...stats,
});
const contextWith = (stats: InstanceStats | undefined, more: Partial<RowContext> = {}): RowContext => ({
  ...{ now: 100, toWall: (at) => WALL + at, turn: { kind: "next" }, stats, callsLastMinute: 3 },
  ...more,
});

function tallyOf(...results: Partial<Extract<AttemptOutcome, { kind: "attempt" }>>[]): AttemptStats {
  const attempts = new AttemptStats();
  const base = { kind: "attempt", who: memberAs("up", "closed").who, result: "answered", tookMs: 8 } as const;
  for (const attempt of results) {
    const ended = { ...base, operation: "get", sentAs: "call", isRetry: false, isRefusal: false, ...attempt } as const;
    attempts.add(ended, outcomeOf(ended), 100);
  }
  return attempts;
}

test("the breaker names the state of an instance that is up, the membership that of the others", () => {
  for (const [membership, ...states] of [
    ["up", "healthy", "probation", "open", "retesting"],
    ["leaving", "draining", "draining", "draining", "draining"],
    ["refusing", "draining", "draining", "draining", "draining"],
    ["left", "left", "left", "left", "left"],
    ["silent", "lost", "lost", "lost", "lost"],
    ["absent", "lost", "lost", "lost", "lost"],
  ] as const)
    for (const [place, breaker] of (["closed", "probation", "open", "retesting"] as const).entries())
      assert.is(stateOf(memberAs(membership, breaker)), states[place], `${membership} ${breaker}`);
});

test("one table has the words of all views: no two states share a glyph, and an event has the colour of its state", () => {
  const rows = STATE_NAMES.map((state) => STATES[state]);
  for (const field of ["label", "glyph", "word", "terminalGlyph", "meaning"] as const)
    assert.is(new Set(rows.map((row) => row[field])).size, rows.length, field);
  for (const { label, word } of rows)
    assert.ok(label.toLowerCase().includes(word), `${label} is ${word} in a terminal`);
  for (const [name, level, tone] of [
    ["breaker.opened", "WARNING", "bad"],
    ["instance.lost", "WARNING", "bad"],
    ["breaker.retesting", "WARNING", "warning"],
    ["bus.disconnected", "WARNING", "warning"],
    ["bus.disconnected", "ERROR", "warning"],
    ["instance.draining", "INFO", undefined],
  ] as const)
    assert.is(toneOfEvent({ name, level }), tone, `${name} ${level}`);
});

test("the worst are first, those of one state in order of number", () => {
  const members = [
    memberAs("left", "closed", 1),
    memberAs("up", "closed", 3),
    memberAs("up", "closed", 2),
    memberAs("refusing", "closed", 4),
    memberAs("up", "probation", 5),
    memberAs("silent", "open", 6),
    memberAs("up", "retesting", 7),
    memberAs("up", "open", 9),
    memberAs("up", "open", 8),
  ];
  assert.equal(
    worstFirst(members, ({ who }) => who.instance === 2 || who.instance === 9).map(({ who }) => who.instance),
    [8, 9, 7, 6, 2, 5, 4, 3, 1],
  );
});

test("the breaker of a row: its opening, its next retest, the answers left", () => {
  const closed = { kind: "closed", openedAt: null, why: null, retestAt: null, answersLeft: null };
  const breakerOf = (breaker: keyof typeof BREAKERS, stats?: InstanceStats) =>
    rowOf(memberAs("up", breaker), contextWith(stats)).breaker;
  assert.equal(breakerOf("closed"), closed);
  assert.equal(breakerOf("closed", statsWith()), closed);
  const stats = statsWith({ openedAt: 20, whyOpened: "request timed out" });
  const opened = { ...closed, why: "request timed out" };
  assert.equal(breakerOf("closed", stats), { ...opened, openedAt: WALL + 20 });
  assert.equal(breakerOf("open", stats), { ...opened, kind: "open", openedAt: WALL + 50, retestAt: WALL + 59 });
  assert.equal(breakerOf("retesting", stats), { ...opened, kind: "retesting", openedAt: WALL + 50 });
  assert.equal(breakerOf("probation", stats), { ...opened, kind: "probation", openedAt: WALL + 20, answersLeft: 3 });
});

test("the membership of a row has its reason, and the heartbeat its expiry", () => {
  for (const [membership, { kind, ...more }] of Object.entries(MEMBERSHIPS)) {
    const row = rowOf(memberAs(membership as keyof typeof MEMBERSHIPS, "closed"), contextWith(undefined));
    assert.equal(row.membership, { kind, reason: "reason" in more ? more.reason : null }, membership);
    assert.equal([row.heartbeat, row.hasAnswered], [{ at: WALL + 10, expiresAt: WALL + 40 }, true]);
    assert.equal([row.faults, row.latency, row.turn], [null, null, { kind: "next" }]);
  }
});

test("the calls of a row: in all, in the last minute, and their share in hundredths", () => {
  const noneEnded = { succeeded: 0, errors: 0, success: null, lastError: null };
  const none = { ...noneEnded, total: 0, copies: 0, hedges: 0, lastMinute: 0, share: 0, outcomes: null, seconds: null };
  assert.equal(rowOf(memberAs("up", "closed"), contextWith(undefined)).calls, none);
  const attempts = tallyOf({}, {}, { sentAs: "copy" }, { sentAs: "hedge" });
  const { outcomes, seconds, ...calls } = rowOf(memberAs("up", "closed"), contextWith(statsWith({ attempts }))).calls;
  assert.equal(calls, {
    ...{ total: 2, copies: 1, hedges: 1, lastMinute: 2, share: 0.67 },
    ...{ succeeded: 2, errors: 0, success: 1, lastError: null },
  });
  assert.equal([outcomes?.ok, seconds?.at(-1)], [4, 2]);
  const idle = contextWith(statsWith({ attempts }), { now: 200_000, callsLastMinute: 0 });
  assert.equal(rowOf(memberAs("up", "closed"), idle).calls.share, 0, "without a call");
});

test("the numbers of a row, in their published order; failed calls are those without an answer", () => {
  const member = memberAs("up", "closed");
  const context = { now: 100, toWall: (at: number) => WALL + at, seconds: 2 };
  const head = ["1-a", WALL + 10, WALL + 40];
  const deltaWith = (stats: InstanceStats | undefined): unknown => deltaOf(member, { ...context, stats });
  assert.equal(deltaWith(undefined), [...head, 0, 0, null, null, [], 0, 0, 0, null]);
  assert.equal(deltaWith(statsWith()), [...head, 0, 0, null, null, [0, 0], 0, 0, 0, null]);
  const failed = [{ result: "timeout" }, { result: "no-responders" }, { result: "draining" }] as const;
  const attempts = tallyOf({}, {}, { isRefusal: true }, ...failed, { sentAs: "hedge", tookMs: 4.126 });
  assert.equal(deltaWith(statsWith({ attempts })), [...head, 6, 2, 7.76, 7.76, [0, 6], 1, 2, 2, "an invalid response"]);
});

test("the first reason for passing over is shown; without one an instance is in turn, or next", () => {
  const turn = (
    member: Member,
    more: { isLive?: boolean; slow?: readonly string[]; isQuarantined?: boolean; isCutOff?: true } = {},
  ) => {
    const quarantine = { isActive: () => more.isQuarantined === true };
    const tracker = { isLive: () => more.isLive !== false, quarantine };
    const source = { tracker, ...(more.slow && { deprioritized: new Set(more.slow) }) } as unknown as MonitorSource;
    return turnStatusOf(member, { call: undefined, retests: [], newcomerProbes: [] }, source, {
      now: 119,
      bus: more.isCutOff === true ? "disconnected" : "connected",
    });
  };
  const all = { isLive: false, slow: ["1-a"], isQuarantined: true };
  const newcomer = (member: Member): Member => ({ ...member, hasAnswered: false });
  const reasons = [
    turn(newcomer(memberAs("left", "open")), all),
    turn(newcomer(memberAs("silent", "open")), all),
    turn(newcomer(memberAs("leaving", "open")), all),
    turn(newcomer(memberAs("up", "open")), all),
    turn(newcomer(memberAs("up", "open")), { ...all, isLive: true }),
    turn(newcomer(memberAs("up", "retesting")), { ...all, isLive: true }),
    turn(newcomer(memberAs("up", "probation")), { ...all, isLive: true }),
    turn(newcomer(memberAs("up", "closed")), { ...all, isLive: true }),
    turn(newcomer(memberAs("up", "closed")), { slow: ["2-a"], isQuarantined: true }),
  ].map((passed) => (passed.kind === "passed over" ? passed.why : passed.kind));
  assert.is(reasons[0], "it has left");
  assert.match(reasons[1] ?? "", /: no heartbeat$/);
  assert.is(new Set([...reasons, "in turn", "next"]).size, reasons.length + 2, reasons.join("; "));
  for (const [member, more] of [
    [memberAs("up", "closed"), { isQuarantined: true }],
    [newcomer(memberAs("up", "closed")), {}],
    [
      {
        ...memberAs("up", "probation"),
        breaker: { ...BREAKERS.probation, share: { kind: "one at a time", inFlight: 1, busyUntil: 119 } },
      },
      {},
    ],
  ] as const)
    assert.equal(turn(member, more), { kind: "in turn" });
  const next = memberAs("up", "closed");
  const choice = { call: next, retests: [], newcomerProbes: [] };
  assert.equal(turnStatusOf(next, choice, {} as MonitorSource, { now: 119, bus: "connected" }), { kind: "next" });
  const overloaded = {
    tracker: { isLive: () => true, quarantine: { isActive: () => false } },
    deprioritized: new Set(["1-a"]),
  };
  const turnBeside = (last: Member): TurnStatus =>
    turnStatusOf(memberAs("up", "closed"), { ...choice, call: last }, overloaded as unknown as MonitorSource, {
      ...{ now: 119, bus: "connected" },
    });
  assert.is(turnBeside({ ...next, who: { ...next.who, incarnation: "2-a" } }).kind, "passed over");
  assert.is(turnBeside({ ...next }).kind, "in turn", "the next one is overloaded as well");
  for (const areHeeded of [true, false]) {
    const warning = { claims: new Map(), by: "b", until: 200, over: undefined } as const;
    const lateness = { warnings: { passesOver: () => areHeeded } };
    const tracker = { ...overloaded.tracker, lateness, rotation: { all: () => [] } };
    const turned = turnStatusOf({ ...next, warning }, { ...choice, call: { ...next } }, { tracker } as never, {
      ...{ now: 119, bus: "connected" },
    });
    assert.equal(turned, areHeeded ? { kind: "passed over", why: "it is late: b warns of it" } : { kind: "in turn" });
  }
  for (const breaker of ["closed", "open"] as const)
    assert.equal(turn(memberAs("up", breaker), { ...all, isCutOff: true }), {
      kind: "passed over",
      why: "the bus is disconnected",
    });
  for (const membership of ["left", "silent", "leaving"] as const)
    assert.equal(
      turn(memberAs(membership, "closed"), { isCutOff: true }),
      turn(memberAs(membership, "closed")),
      "it gets none with the bus either",
    );
});

test.run();
