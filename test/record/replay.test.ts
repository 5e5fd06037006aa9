// A record holds its core to its word: the same events lead to the same decisions, and a changed one is found.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Ticket } from "../../src/health/ticket.ts";
import { parseEntry, parseHead } from "../../src/record/core/parse-record.ts";
import { Recorder } from "../../src/record/core/recorder.ts";
import { Replay } from "../../src/record/core/replay.ts";
import { goldenOf } from "../support/golden.ts";
import { beatOf, DEFAULT_RULES } from "../support/health-harness.ts";
import { recordedDay } from "../support/recorded-day.ts";

const test = suite("replay");
const golden = goldenOf(test, "record");

const DAYS = 80;
const STEPS = 300;

type Found = { readonly line: number; readonly why: string } | "same";

/** Where a record is first decided otherwise, or cannot be read. */
function replay([first = "", ...rest]: readonly string[]): Found {
  const head = parseHead(first);
  if (head.kind === "unreadable") return { line: 1, why: head.why };
  const day = new Replay(head.value);
  for (const [index, text] of rest.entries()) {
    const line = index + 2;
    const entry = parseEntry(text, head.value.service);
    if (entry.kind === "unreadable") return { line, why: entry.why };
    const outcome = day.run(entry.value);
    if (outcome.kind === "diverged") return { line, why: outcome.why };
  }
  assert.ok(day.isOver);
  return "same";
}

const whyOf = (found: Found): string => (found === "same" ? "same" : found.why);

/** The record with every line that `fits` changed, one at a time: what replaying each says. */
function changed(lines: readonly string[], fits: RegExp, change: (line: string) => string): readonly Found[] {
  return lines.flatMap((text, place) =>
    fits.test(text) ? [replay([...lines.slice(0, place), change(text), ...lines.slice(place + 1)])] : [],
  );
}

/** The first recorded day that has such a line. */
function dayWith(isWanted: (line: string) => boolean): readonly string[] {
  for (let seed = 0; seed < 200; seed++) {
    const lines = recordedDay(seed, STEPS);
    if (lines.some(isWanted)) return lines;
  }
  throw new Error("no such day");
}

test("any day is decided the same again", () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= DAYS; seed++) {
    const lines = recordedDay(seed, STEPS);
    for (const line of lines) for (const [, kind = ""] of line.matchAll(/"kind":"([-\w ]+)"/g)) kinds.add(kind);
    assert.is(replay(lines), "same", `seed ${seed}`);
  }
  const wanted = ["heartbeat", "picked", "settled", "disconnected", "reconnected", "tick", "stall", "end"];
  const expected = [
    "opened",
    "retesting",
    "closed",
    "joined",
    "returned",
    "draining",
    "left",
    "lost",
    "duplicate",
    "table-full",
  ];
  for (const kind of [...wanted, ...expected]) assert.ok(kinds.has(kind), `no day had ${kind}`);
});

test("looks at the time that noticed nothing are one number in the next line, the last of them", () => {
  const lines: string[] = [];
  const recorder = new Recorder((line) => lines.push(line));
  const { tracker, resolver } = recorder.open({ at: 0, wallMs: 0 }, "ratings", DEFAULT_RULES, () => 0);
  for (const now of [200, 400, 600]) tracker.tick(now);
  resolver.next(700);
  resolver.next(800);
  assert.equal(lines.slice(1), [
    '{"at":700,"kind":"picked","lastIdleTickAt":600,"decided":{"call":null}}',
    '{"at":800,"kind":"picked","decided":{"call":null}}',
  ]);
});

test("who was spared and who was asked second are decided the same again, and count", () => {
  const lines: string[] = [];
  const { tracker, resolver } = new Recorder((line) => lines.push(line)).open(
    { at: 0, wallMs: 1 },
    "ratings",
    DEFAULT_RULES,
    () => 0,
  );
  for (const instance of [1, 2, 3]) tracker.onHeartbeat(beatOf(instance, { seq: 1 }), 0);
  for (const options of [{}, { deprioritized: new Set(["2-a"]) }, { deprioritized: new Set(["2-a"]), isHedge: true }]) {
    const { call } = resolver.next(1, options);
    if (call !== undefined) tracker.settle(call, "answered", 1);
  }
  const whole = [...lines, '{"at":3,"kind":"end","why":"the Market ended","known":3}'];
  assert.is(replay(whole), "same");
  const unsparing = changed(whole, /"deprioritized"/, (line) => line.replace(/"deprioritized":\[[^\]]*\],/, ""));
  assert.is(unsparing.length, 2);
  assert.is.not(unsparing[0], "same");
});

/** A record that begins with the heartbeats of three instances. */
function recordingOfThree() {
  const lines: string[] = [];
  const start = { at: 0, wallMs: 1 };
  const { tracker, resolver } = new Recorder((line) => lines.push(line)).open(start, "ratings", DEFAULT_RULES, () => 0);
  for (const instance of [1, 2, 3]) tracker.onHeartbeat(beatOf(instance, { seq: 1 }), 0);
  const next = (now: number): Ticket => {
    const { call } = resolver.next(now, { operation: "get" });
    assert.ok(call);
    return call;
  };
  return { lines, tracker, next };
}

test("who was late, asked and overtaken is decided the same again, and counts", () => {
  const { lines, tracker, next } = recordingOfThree();
  const [first, second] = [next(1), next(1)];
  tracker.lateness.check(tracker.rotation.all(), 280, 20);
  tracker.lateness.check(tracker.rotation.all(), 300, 290);
  const question = tracker.lateness.ask(first.member, 301);
  assert.ok(question);
  assert.is(tracker.lateness.ask(first.member, 301), undefined, "once a second");
  const again = tracker.lateness.ask(first.member, 301, true);
  assert.ok(again);
  tracker.settle(again, "inconclusive", 302);
  tracker.settle(question, "no-responders", 302);
  tracker.settle(second, "answered", 303);
  tracker.lateness.overtaken(next(304), 310);
  for (const now of [311, 312]) next(now);
  const whole = [...lines, '{"at":313,"kind":"end","why":"the Market ended","known":3}'];
  assert.is(replay(whole), "same");
  const counts = [/"late-check"/, /"asked"/, /"overtaken"/].map(
    (kind) => whole.filter((line) => kind.test(line)).length,
  );
  assert.equal(counts, [1, 2, 1]);
  assert.is.not(changed(whole, /"atOnce"/, (line) => line.replace(',"atOnce":true', ""))[0], "same");
  assert.is(
    whyOf(changed(whole, /"atOnce"/, (line) => line.replace('"atOnce":true', '"atOnce":1'))[0] ?? "same"),
    "atOnce is not true",
  );
  const earlier = changed(whole, /"upTo":290/, (line) => line.replace('"upTo":290', '"upTo":20'));
  assert.is.not(earlier[0], "same");
  assert.is(
    whyOf(changed(whole, /"upTo"/, (line) => line.replace('"upTo":290', '"upTo":"x"'))[0] ?? "same"),
    "upTo is no time",
  );
  for (const kind of [/"asked"/, /"overtaken"/])
    assert.is.not(replay(whole.filter((line) => !kind.test(line))), "same", `without ${kind}`);
});

test("an instance that is asked after its row was evicted is asked the same again", () => {
  const { lines, tracker, next } = recordingOfThree();
  const { member } = next(1);
  const { leaseIntervals, heartbeatIntervalMs, purgeAfterMs } = DEFAULT_RULES;
  const lostAt = leaseIntervals * heartbeatIntervalMs;
  tracker.tick(lostAt);
  tracker.tick(lostAt + purgeAfterMs);
  assert.is(member.evicted, true);
  for (const now of [lostAt + purgeAfterMs + 1, lostAt + purgeAfterMs + 1_002]) {
    const question = tracker.lateness.ask(member, now);
    assert.ok(question);
    tracker.settle(question, "inconclusive", now + 1);
  }
  const whole = [...lines, '{"at":999999,"kind":"end","why":"the Market ended","known":0}'];
  assert.is(replay(whole), "same");
  const asked = /"isEvicted"/;
  assert.is(whole.filter((line) => asked.test(line)).length, 2);
  assert.is(
    whyOf(changed(whole, asked, (line) => line.replace('"isEvicted":true', '"isEvicted":1'))[0] ?? "same"),
    "isEvicted is not true",
  );
  assert.match(
    whyOf(changed(whole, asked, (line) => line.replace(',"isEvicted":true', ""))[0] ?? "same"),
    /1-a was asked, and is not known/,
  );
});

test("what other callers warned of is decided the same again, and counts", () => {
  const { lines, tracker, next } = recordingOfThree();
  for (const now of [1, 2, 3]) tracker.settle(next(now), "answered", now);
  const { warnings } = tracker.lateness;
  const member = tracker.find("2-a");
  const third = tracker.find("3-a");
  assert.ok(member && third);
  const from = (sender: string) => ({ sender, by: "shop:5000", quietMs: 300 });
  warnings.receive(member, from("_.a"), 400);
  warnings.receive(member, from("_.a"), 401);
  for (const now of [402, 403, 404]) next(now);
  warnings.withdraw(member, "_.b", 405);
  warnings.withdraw(member, "_.a", 406);
  warnings.receive(third, from("USER"), 410);
  for (const now of [411, 412]) next(now);
  tracker.tick(410 + 2 * DEFAULT_RULES.heartbeatIntervalMs);
  const whole = [...lines, '{"at":90000,"kind":"end","why":"the Market ended","known":3}'];
  assert.is(replay(whole), "same");
  const counts = [/"kind":"warned","incarnation"/, /"withdrawn","incarnation"/].map(
    (kind) => whole.filter((line) => kind.test(line)).length,
  );
  assert.equal(counts, [2, 1], "those that count");
  for (const kind of [/"kind":"warned","incarnation"/, /"withdrawn","incarnation"/])
    assert.is.not(replay(whole.filter((line) => !kind.test(line))), "same", `without ${kind}`);
  const unknown = changed(whole, /"withdrawn","incarnation"/, (line) => line.replace('"2-a"', '"9-z"'));
  assert.is(whyOf(unknown[0] ?? "same"), "9-z was withdrawn, and is not known");
});

test("random numbers are recorded where they were drawn, and count", () => {
  const lines = dayWith((line) => line.includes('"randomDraws"'));
  const without = changed(lines, /"randomDraws"/, (line) => line.replace(/"randomDraws":\[[^\]]*\],?/, ""));
  golden(whyOf(without[0] ?? "same"));
  const others = changed(lines, /"randomDraws"/, (line) =>
    line.replace(/"randomDraws":\[[^\]]*\]/, '"randomDraws":[0.123]'),
  );
  golden(whyOf(others[0] ?? "same"));
});

test("a decision that was changed is found in its own line", () => {
  const lines = recordedDay(7, STEPS);
  const opened = lines.findIndex((line) => line.includes('"opened"'));
  assert.ok(opened > 0);
  const tampered = lines.map((line, place) => (place === opened ? line.replace('"opened"', '"closed"') : line));
  const found = replay(tampered);
  assert.equal(found === "same" ? 0 : found.line, opened + 1);
  golden(whyOf(found));
});

test("an event that was left out, doubled or put elsewhere is found where its absence first counts", () => {
  const lines = recordedDay(7, STEPS);
  const settled = lines.findIndex((line) => line.includes('"settled"') && line.includes('"opened"'));
  const without = replay(lines.filter((_, place) => place !== settled));
  assert.ok(without !== "same" && without.line > settled);
  const doubled = replay(lines.flatMap((line, place) => (place === settled ? [line, line] : [line])));
  assert.equal(doubled === "same" ? 0 : doubled.line, settled + 2);
  golden(whyOf(doubled));
  const early = replay([...lines.slice(0, 1), lines.at(-2) ?? "", ...lines.slice(1)]);
  assert.ok(early !== "same");
});

test("a result that was changed from a timeout to an answer is found", () => {
  const lines = recordedDay(7, STEPS);
  const found = changed(lines, /"result":"timeout".*"opened"/, (line) => line.replace('"timeout"', '"answered"'));
  assert.ok(found.length > 0);
  for (const one of found) golden(whyOf(one));
});

test("time that runs backwards is found, and what comes after the end", () => {
  const lines = recordedDay(7, STEPS);
  const back = replay(
    lines.map((line, place) => (place === lines.length - 1 ? line.replace(/"at":[\d.]+/, '"at":0') : line)),
  );
  golden(whyOf(back));
  golden(whyOf(replay([...lines, lines.at(-1) ?? ""])));
});

test("a look at the time that found nothing must find nothing", () => {
  const isLoss = (line: string): boolean => line.includes('"kind":"tick"') && line.includes('"no heartbeat"');
  const lines = dayWith(isLoss);
  const lost = lines.findIndex(isLoss);
  assert.ok(lost > 0);
  const { at } = JSON.parse(lines[lost] ?? "{}") as { at: number };
  const quiet = JSON.stringify({ at, kind: "stall", stalledMs: 1, lastIdleTickAt: at });
  const found = replay([...lines.slice(0, lost), quiet, ...lines.slice(lost)]);
  golden(whyOf(found));
});

test("the number of incarnations at the end is the same", () => {
  const lines = recordedDay(7, STEPS);
  const [found = "same"] = changed(lines, /"kind":"end"/, (line) => line.replace(/"known":\d+/, '"known":77'));
  golden(whyOf(found));
});

test.run();
