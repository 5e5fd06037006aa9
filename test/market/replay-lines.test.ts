// A record as people read it: one line an event, and below it what the Market printed.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Result } from "../../src/health/result.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import { headLines, replayedLines } from "../../src/market/replay.ts";
import { asText } from "../../src/program/log.ts";
import { parseEntry, parseHead } from "../../src/record/core/parse-record.ts";
import { Recorder } from "../../src/record/core/recorder.ts";
import { Replay } from "../../src/record/core/replay.ts";
import { goldenOf } from "../support/golden.ts";
import { beatOf, DEFAULT_RULES } from "../support/health-harness.ts";

const test = suite("a record for people");
const golden = goldenOf(test, "replay");

/** Seconds after the hour are enough for a test to read. */
const iso = (wallMs: number): string => `${wallMs / 1000} s`;

/** What is printed of the record that `happens` writes; it begins at 10 s. */
function printed(happens: (core: ReturnType<Recorder["open"]>, recorder: Recorder) => void): readonly string[] {
  const lines: string[] = [];
  const recorder = new Recorder((line) => lines.push(line));
  happens(
    recorder.open({ at: 0, wallMs: 10_000 }, "ratings", DEFAULT_RULES, () => 0),
    recorder,
  );
  const [first = "", ...rest] = lines;
  const head = parseHead(first);
  if (head.kind === "unreadable") throw new Error(head.why);
  const replay = new Replay(head.value);
  const events = rest.flatMap((text, index) => {
    const entry = parseEntry(text, "ratings");
    if (entry.kind === "unreadable") throw new Error(entry.why);
    const outcome = replay.run(entry.value);
    if (outcome.kind === "diverged") throw new Error(outcome.why);
    return replayedLines({ number: index + 2, service: "ratings" }, outcome.replayed, { iso, asText });
  });
  return [...headLines(head.value, iso), ...events];
}

test("calls carry their numbers, and what was printed stands below", () => {
  const lines = printed(({ tracker, resolver }) => {
    const settle = (ticket: Ticket | undefined, result: Result, now: number): void => {
      if (ticket !== undefined) tracker.settle(ticket, result, now);
    };
    tracker.onHeartbeat(beatOf(1), 100);
    tracker.onHeartbeat(beatOf(2), 100);
    const [first, second] = [resolver.next(200), resolver.next(200)];
    settle(second.call, "no-responders", 201);
    settle(resolver.next(201, { excluded: new Set(["2-a"]), idempotent: false }).call, "answered", 202);
    settle(first.call, "timeout", 1200);
  });
  golden(lines);
});

test("a hedge names the instance of the first call, and an exclusion its instances", () => {
  const lines = printed(({ tracker, resolver }) => {
    for (const instance of [1, 2, 3]) tracker.onHeartbeat(beatOf(instance), 100);
    resolver.next(200);
    resolver.next(300, { excluded: new Set(["1-a"]), isHedge: true });
    resolver.next(301, { deprioritized: new Set(["1-a"]) });
    resolver.next(302, { deprioritized: new Set(["1-a", "3-a"]) });
    resolver.next(303, { excluded: new Set(["3-a", "1-a"]), isHedge: true, deprioritized: new Set(["1-a"]) });
  });
  golden(lines.filter((line) => line.includes("picked")).map((line) => line.slice(line.indexOf("call"))));
});

test("a call names its copies: the retest of an open breaker, and the probe of a newcomer", () => {
  const intervalMs = 60_000;
  const lines = printed(({ tracker, resolver }) => {
    tracker.onHeartbeat(beatOf(1, { intervalMs }), 100);
    const proven = resolver.next(200).call;
    if (proven !== undefined) tracker.settle(proven, "answered", 201);
    for (let instance = 2; instance <= 7; instance++) tracker.onHeartbeat(beatOf(instance, { intervalMs }), 300);
    for (let now = 400; now < 420; now++) {
      const { call } = resolver.next(now);
      if (call !== undefined) tracker.settle(call, call.who.instance === 1 ? "answered" : "timeout", now);
    }
    resolver.next(32_000);
  });
  const last = lines.filter((line) => line.includes(" picked ")).at(-1) ?? "";
  const copies = "retest of instance 2 (2-a), newcomer probe of instance 6 (6-a)";
  assert.is(last.slice(last.indexOf("call")), `call 38 to instance 1 (1-a), ${copies}`);
});

test("an answer that is checked later has a line of its own, and a tick that notices something", () => {
  const lines = printed(({ tracker, resolver }) => {
    tracker.onHeartbeat(beatOf(1), 100);
    const { call } = resolver.next(200);
    if (call === undefined) throw new Error("instance 1 takes a call");
    tracker.settle(call, "unchecked", 201);
    tracker.recordCheck(call, "invalid", 202);
    tracker.tick(60_000);
  });
  assert.equal(lines.slice(4), [
    "      4  10.201 s  settled      call 1 to instance 1 (1-a): unchecked",
    "      5  10.202 s  checked      the answer to call 1 to instance 1 (1-a): invalid",
    "      6  70 s  tick         time has passed",
    "               -> WARNING:membership:- ratings instance 1 lost: nats:ratings.get.1-a (no heartbeat for 59.9 s)",
  ]);
});

test("an event of the Market itself has a line, and moves the clock of the record", () => {
  const lines = printed(({ tracker, resolver }, recorder) => {
    tracker.freezeLeases(0);
    recorder.bus("disconnected", 0);
    recorder.stalled(5000, 50);
    tracker.resumeLeases(100);
    resolver.next(100);
    recorder.end("the Market ended", 100);
  });
  golden(lines.slice(1));
});

test.run();
