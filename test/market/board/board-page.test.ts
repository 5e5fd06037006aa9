// The board's words for a snapshot, decided before any template sees it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { boardPage, marketsView } from "../../../src/market/board/core/board-page.ts";
import {
  busText,
  callsSummary,
  callsText,
  canBeAsked,
  faultTexts,
  headline,
  isAllHealthy,
  leftText,
  msText,
  nextText,
  shownAs,
  summaryText,
  titleNote,
  turnsShown,
  whyText,
} from "../../../src/market/web/core/board-view.ts";
import type { Cell } from "../../../src/monitor/disagreement.ts";
import type { InstanceRow, Snapshot } from "../../../src/monitor/snapshot.ts";
import { STATES } from "../../../src/monitor/states.ts";

const test = suite("what the board says");
const AT = 1_700_000_000_000;

type Parts = Partial<Omit<InstanceRow, "membership" | "breaker">> & {
  readonly membership?: Partial<InstanceRow["membership"]>;
  readonly breaker?: Partial<InstanceRow["breaker"]>;
};

const rowOf = (instance: number, { membership, breaker, ...parts }: Parts = {}): InstanceRow => ({
  ...{
    instance,
    incarnation: `${instance}-a`,
    address: `ratings.get.${instance}-a`,
    state: "healthy",
    hasAnswered: true,
    late: null,
  },
  membership: { kind: "up", reason: null, ...membership },
  breaker: { kind: "closed", openedAt: null, why: null, retestAt: null, answersLeft: null, ...breaker },
  heartbeat: { at: AT - 2_500, expiresAt: AT + 1_000 },
  faults: null,
  turn: { kind: "eligible" } as unknown as InstanceRow["turn"],
  calls: {
    ...{ total: 7, copies: 0, hedges: 0, lastMinute: 6, share: 0.336, succeeded: 3, errors: 3, success: 0.5 },
    ...{ lastError: null, outcomes: null, seconds: null },
  },
  latency: { p50Ms: 2.44, p99Ms: 57.2 },
  ...parts,
});

function snapshotOf(instances: readonly InstanceRow[], more: Partial<Snapshot> = {}): Snapshot {
  return {
    ...{ schema_version: 1, service: "ratings", version: "1", at: AT, startedAt: AT, second: 0 },
    ...{ bus: "connected", busSince: AT - 60_000 },
    rules: {} as Snapshot["rules"],
    calls: { total: 0, lastMinute: 0, succeeded: 0, errors: 0, success: null, shortCircuited: 0 },
    turns: { ring: instances.map(({ incarnation }) => incarnation), next: "2-a", copies: [] },
    ...{ markets: null, traffic: null, instances, omitted: 3, lastEvent: 0, events: [] },
    ...more,
  };
}

/** 3:00 for three seconds after AT, which is itself 0:00. */
const timeOfDay = (at: number): string => `${(at - AT) / 1_000}:00`;
const pageOf = (snapshot: Snapshot) => boardPage(snapshot, timeOfDay);

const passed = { kind: "passed over", why: "its breaker is open" } as InstanceRow["turn"];

test("a row is what the snapshot has of the instance, in its places", () => {
  const faults = [{ kind: "mute", text: "mute", endsAt: AT + 11_200 }] as unknown as InstanceRow["faults"];
  const [row] = pageOf(snapshotOf([rowOf(1, { faults })])).rows;
  assert.equal([row?.instance, row?.lastHeartbeat, row?.calls, row?.share], [1, "2 s ago", "6", "34 %"]);
  assert.equal([row?.success, row?.errors, row?.total], ["50 %", 3, "7"]);
  assert.equal([row?.p50, row?.p99, row?.faults, row?.takesFaults], ["2.4 ms", "57 ms", ["mute, ends in 12 s"], true]);
  const bare = pageOf(snapshotOf([rowOf(1, { latency: null })]));
  assert.equal(
    [bare.rows[0]?.p50, bare.rows[0]?.faults, bare.rows[0]?.takesFaults, bare.hasFaults],
    ["–", [], false, false],
  );
  assert.equal([bare.omitted, bare.isBusConnected, bare.isAllHealthy], [3, true, true]);
  assert.is(pageOf(snapshotOf([], { bus: "disconnected" })).isBusConnected, false);
});

test("the ring shows who is next and who is passed over, and the newest thirty events come first", () => {
  const events = Array.from({ length: 40 }, (_, at) => ({
    id: at,
    at: AT - 5_000,
    name: "x",
    level: "INFO",
    text: `e${at}`,
  }));
  const rows = [rowOf(1, { turn: passed }), rowOf(2), rowOf(3)];
  const page = pageOf(snapshotOf(rows, { events: events as unknown as Snapshot["events"] }));
  assert.equal(
    page.ring.map(({ instance, className, note }) => [instance, className, note]),
    [
      [1, "is-passed", ", skipped: its breaker is open"],
      [2, "is-next", ", next"],
      [3, "", ""],
    ],
  );
  assert.equal([page.moreTurns, pageOf(snapshotOf(rows.slice(1))).ring.length], ["", 2]);
  const turns = { ring: ["2-a", "gone", "3-a"], next: "2-a", copies: [] };
  assert.equal(
    pageOf(snapshotOf(rows, { turns })).ring.map(({ instance }) => instance),
    [2, 3],
    "an instance that the snapshot does not list has no turn to show",
  );
  assert.is.not(page.bus, pageOf(snapshotOf(rows, { bus: "disconnected" })).bus);
  assert.equal([page.events.length, page.events[0]?.text, page.events.at(-1)?.text], [30, "e39", "e10"]);
  assert.is(page.events[0]?.at, "5 s ago");
  assert.match(page.next, /^Instance 2 /);
  assert.match(pageOf(snapshotOf(rows, { turns: { ring: [], next: null, copies: [] } })).next, /^No instance/);
});

test("a long ring is cut after twenty-four turns, from the next one on and around", () => {
  const ring = Array.from({ length: 30 }, (_, at) => `${at}-a`);
  assert.is(turnsShown(ring.slice(6), "9-a").length, 24);
  assert.equal(turnsShown(ring.slice(6), "9-a")[0], "6-a", "a short one keeps its order");
  const shown = turnsShown(ring, "20-a");
  assert.equal([shown.length, shown[0], shown[9], shown[10], shown.at(-1)], [24, "20-a", "29-a", "0-a", "13-a"]);
  const many = Array.from({ length: 30 }, (_, at) => rowOf(at));
  assert.match(pageOf(snapshotOf(many)).moreTurns, / 6 /);
  assert.is(turnsShown(ring, null)[0], "0-a");
  assert.is(turnsShown(ring, "gone")[0], "0-a");
});

test("numbers are short, and what is left is rounded up", () => {
  const ms = [undefined, 0, 2.44, 9.94, 10, 57.4, 999.4, 1_000, 1_049].map(msText);
  assert.equal(ms, ["–", "0.0 ms", "2.4 ms", "9.9 ms", "10 ms", "57 ms", "999 ms", "1.0 s", "1.0 s"]);
  assert.equal([-1, 0, 1, 1_000, 1_001].map(leftText), ["0 s", "0 s", "1 s", "1 s", "2 s"]);
  assert.equal([callsText({ total: 3, hedges: 0 }), callsText({ total: 3, hedges: 2 })], ["3", "3 + 2 hedged"]);
});

test("a fault is over at its end, and who is lost can be asked as long as one is on", () => {
  const until = (endsAt: number) => [{ text: "mute", endsAt }] as unknown as InstanceRow["faults"];
  assert.equal([faultTexts(until(AT), AT), faultTexts(until(AT + 1), AT)], [[], ["mute, ends in 1 s"]]);
  const lost = { kind: "gone", reason: "silent" } as const;
  for (const [faults, membership, can] of [
    [null, undefined, false],
    [[], undefined, true],
    [until(AT), lost, false],
    [until(AT + 1), lost, true],
    [[], lost, false],
  ] as const)
    assert.is(canBeAsked(rowOf(1, { faults, ...(membership && { membership }) }), AT), can);
});

test("all is well where one is, and none is in trouble", () => {
  const states = (...all: readonly InstanceRow["state"][]): InstanceRow[] =>
    all.map((state, at) => rowOf(at, { state, membership: { kind: state === "lost" ? "gone" : "up" } }));
  for (const [rows, isWell, sum] of [
    [states(), false, /^No instance is up\.$/],
    [states("healthy", "healthy"), true, /^2 instances, all healthy\.$/],
    [states("healthy", "left"), true, / 1 healthy\.$/],
    [states("draining"), false, / 0 healthy\.$/],
    [states("healthy", "open"), false, /^2 instances, 1 healthy\.$/],
    [states("healthy", "lost"), false, /^1 instance, all healthy, 1 lost\.$/],
  ] as const)
    assert.equal(
      [isAllHealthy(rows, (state) => STATES[state].isTrouble), sum.test(summaryText(rows))],
      [isWell, true],
      summaryText(rows),
    );
});

test("without scripts the page says of which moment it is, and claims nothing of a later one", () => {
  const rows = [rowOf(1), rowOf(2)];
  const page = pageOf(snapshotOf(rows));
  assert.equal(
    [page.summary, page.next, page.bus],
    [...["2 instances, all healthy, as of 0:00.", "Instance 2 gets it, as of 0:00.", "Connected to NATS, as of 0:00."]],
  );
  assert.equal([page.shownAs, page.instancesNote, page.nextNote], ["loaded", ", as of 0:00", ", as of 0:00"]);
  assert.match(page.feed, /as of 0:00/);
});

test("the bus overrides: nothing is healthy or next without it, and the states are those of when it was lost", () => {
  const states = [rowOf(1), rowOf(2, { state: "open", breaker: { kind: "open", openedAt: AT - 9_000, why: "slow" } })];
  const lost = { bus: "disconnected", busSince: AT - 5_000 } as const;
  const turns = { ring: ["1-a", "2-a"], next: null, copies: [] };
  const page = pageOf(snapshotOf(states, { ...lost, turns }));
  assert.equal([page.isAllHealthy, page.isBusConnected, page.shownAs], [false, false, "cut off"]);
  assert.is(
    page.summary,
    "Not connected to NATS: no instance can be called, as of 0:00. 2 instances, 1 healthy, as of -5:00.",
  );
  assert.equal([page.instancesNote, page.nextNote], [", as of -5:00", ", as of 0:00"]);
  assert.is(page.next, "No instance: the bus is disconnected, as of 0:00.");
  assert.is(page.bus, "Not connected to NATS since -5:00: no call can be sent, as of 0:00.");
  assert.equal(
    page.rows.map(({ why }) => why),
    ["the bus is disconnected", "the bus is disconnected · before: slow, 9 s ago"],
  );
  const gone = rowOf(3, { membership: { kind: "gone", reason: "left" } });
  assert.is(whyText(gone, AT, "disconnected"), "said goodbye");
  const never = pageOf(snapshotOf([], { bus: "disconnected", busSince: null }));
  assert.equal(
    [never.summary, never.instancesNote],
    [...["Not connected to NATS: no instance can be called, as of 0:00.", ", as of 0:00"]],
  );
});

test("a live page has no time, and an old one has it everywhere", () => {
  const live = { bus: "connected", busLostAt: undefined, asOf: undefined } as const;
  const old = { ...live, asOf: "22:11:23" };
  const cutOff = { ...live, bus: "disconnected", busLostAt: "22:11:09" } as const;
  assert.equal([live, old, cutOff, { ...cutOff, ...{ asOf: "22:11:23" } }].map(shownAs), [
    ...["live", "old", "cut off", "old"],
  ]);
  assert.equal([live, old, cutOff].map(titleNote), ["", ", as of 22:11:23", ", as of 22:11:09"]);
  assert.equal([headline([], live), headline([], old)], ["No instance is up.", "No instance is up, as of 22:11:23."]);
  assert.is(nextText(undefined, old), "No instance: all services are down, as of 22:11:23.");
  assert.is(nextText(undefined, cutOff), "No instance: the bus is disconnected.");
  assert.is(busText(cutOff), "Not connected to NATS since 22:11:09: no call can be sent.");
});

test("the calls of all are one sentence", () => {
  const all = (lastMinute: number, succeeded: number, errors: number): string =>
    callsSummary({ lastMinute, succeeded, errors });
  assert.is(all(0, 0, 0), "No calls in the last minute.");
  assert.is(all(1, 0, 0), "1 call in the last minute.");
  assert.is(all(2, 2, 0), "2 calls in the last minute: all succeeded.");
  assert.is(all(2, 1, 1), "2 calls in the last minute: 50 % succeeded, 1 error.");
  const calls = { ...rowOf(1).calls, lastError: "500: no luck" };
  assert.is(
    whyText(rowOf(1, { state: "failing", calls }), AT),
    "3 of 6 calls failed in the last minute · 500: no luck",
  );
});

test("why names what holds an instance back, the strongest reason first", () => {
  const opened = { openedAt: AT - 3_000, why: "request timed out" };
  const why = (parts: Parts): string => whyText(rowOf(1, parts), AT);
  assert.is(why({}), "in rotation");
  assert.is(why({ breaker: opened }), "in rotation · last opened 3 s ago");
  assert.is(why({ turn: passed }), "its breaker is open");
  assert.is(
    why({ state: "open", breaker: { ...opened, retestAt: AT + 4_001 } }),
    "request timed out, 3 s ago · retest in 5 s",
  );
  for (const retestAt of [AT, null])
    assert.is(
      why({ state: "open", breaker: { ...opened, retestAt } }),
      "request timed out, 3 s ago · retest with the next call",
    );
  assert.is(why({ state: "retesting", breaker: opened }), "request timed out, 3 s ago · a retest is in flight");
  assert.is(why({ state: "probation", breaker: { answersLeft: 2 } }), "closes fully after 2 more answers");
  assert.is(why({ membership: { kind: "draining" }, state: "draining", breaker: opened }), "finishes its open calls");
  assert.is(why({ membership: { kind: "gone", reason: "left" }, breaker: opened }), "said goodbye");
  assert.is(why({ membership: { kind: "gone", reason: "silent" } }), "silent");
  assert.match(
    why({ membership: { kind: "gone", reason: "silent" }, breaker: opened }),
    /^silent · .*request timed out, 3 s ago$/,
  );
});

test("one Market says nothing of others; several agree, or each has a column for what is in dispute", () => {
  const all = ["here:1", "there:2"].map((name) => ({ market: name, name }));
  const cells: readonly Cell[] = [
    { kind: "reported", state: "open", since: AT - 3_000, why: "request timed out" },
    { kind: "reported", state: "healthy", since: AT - 60_000, why: null },
    { kind: "unknown" },
    { kind: "omitted" },
  ];
  const dispute = { instance: 2, incarnation: "2-a", cells };
  const face = (markets: Parameters<typeof marketsView>[0]) => marketsView(markets, AT);
  for (const alone of [null, { all: all.slice(1), disagreements: [], omitted: 0 }])
    assert.equal([face(alone).text, face(alone).agree, face(alone).disagreements], ["", true, []]);
  assert.equal(face(null).names, []);
  const agreed = face({ all, disagreements: [], omitted: 0 });
  assert.equal([/ 2 .*agree/.test(agreed.text), agreed.agree, agreed.names], [true, true, ["here:1", "there:2"]]);
  assert.match(face({ all, disagreements: [dispute], omitted: 0 }).text, /^2 .* instance 2\.$/);
  const some = face({ all, disagreements: [dispute, dispute], omitted: 5 });
  assert.match(some.text, /^2 .* 7 instances\.$/);
  assert.equal([some.agree, some.disagreements.length, some.disagreements[0]?.instance], [false, 2, 2]);
  const shown = (some.disagreements[0]?.cells ?? []).map(({ label, glyph, tone, why }) => [
    tone,
    glyph,
    label.length > 0,
    why,
  ]);
  assert.equal(shown, [
    ["bad", "✕", true, "request timed out, for 3 s"],
    ["good", "✓", true, "for 1 min"],
    ["none", "–", true, ""],
    ["none", "–", true, ""],
  ]);
});

test.run();
