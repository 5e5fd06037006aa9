import { suite } from "uvu";
import * as assert from "uvu/assert";
import { HEARTBEAT_STATES, jitteredIntervalMs, parseHeartbeat } from "../../src/health/heartbeat.ts";
import { goldenOf } from "../support/golden.ts";
import { beatOf } from "../support/health-harness.ts";

const test = suite("heartbeat");
const golden = goldenOf(test, "health");

const GOOD = { ...beatOf(2, { seq: 7 }) };
const ORIGIN = { service: "ratings", incarnation: "2-a", address: "ratings.get.2-a" };

const why = (body: unknown): string => {
  const parsed = parseHeartbeat(body, ORIGIN);
  return parsed.kind === "unreadable" ? parsed.why : "it was accepted";
};

test("a heartbeat of this version is parsed as it was sent", () => {
  assert.equal(parseHeartbeat(GOOD, ORIGIN), { kind: "heartbeat", beat: GOOD });
});

test("answersOnce is true only if the body says true", () => {
  const { answersOnce, ...silent } = GOOD;
  assert.is(answersOnce, true);
  for (const body of [silent, { ...GOOD, answersOnce: "true" }, { ...GOOD, answersOnce: 1 }])
    assert.equal(parseHeartbeat(body, ORIGIN), { kind: "heartbeat", beat: { ...GOOD, answersOnce: false } });
});

test("every state is accepted", () => {
  for (const state of HEARTBEAT_STATES) assert.is(parseHeartbeat({ ...GOOD, state }, ORIGIN).kind, "heartbeat");
});

test("fields of a later version are ignored, and not kept", () => {
  assert.equal(parseHeartbeat({ ...GOOD, load: 0.3, "": null }, ORIGIN), { kind: "heartbeat", beat: GOOD });
});

test("the body must agree with its subject, so no sender can use another's name", () => {
  assert.match(why({ ...GOOD, service: "prices" }), /service/);
  assert.match(why({ ...GOOD, incarnation: "1-a" }), /incarnation/);
  assert.match(why({ ...GOOD, address: "ratings.get.1-a" }), /address/);
  assert.match(why({ ...GOOD, address: "$SYS.REQ" }), /address/);
});

test("a body that is not an object is rejected", () => {
  for (const body of [undefined, null, true, 0, "", "up", [], [GOOD], new Date(0)]) {
    assert.is(parseHeartbeat(body, ORIGIN).kind, "unreadable");
  }
});

test("a number out of range is rejected with the name of its field and the rule", () => {
  const odd = [0, -1, 1.5, "1", null, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, {}];
  for (const value of [...odd, 1_000_000]) assert.match(why({ ...GOOD, instance: value }), /instance .*1 to 999999/);
  for (const value of odd.slice(1)) assert.match(why({ ...GOOD, seq: value }), /seq/);
  for (const value of [...odd, 9, 300_001])
    assert.match(why({ ...GOOD, intervalMs: value }), /intervalMs .*10 to 300000/);
});

test("the ends of each range are accepted", () => {
  for (const instance of [1, 999_999]) assert.is(why({ ...GOOD, instance }), "it was accepted");
  for (const seq of [0, Number.MAX_SAFE_INTEGER]) assert.is(why({ ...GOOD, seq }), "it was accepted");
  for (const intervalMs of [10, 300_000]) assert.is(why({ ...GOOD, intervalMs }), "it was accepted");
});

test("operations are 1 to 50 names; without the field the instance has get alone", () => {
  const operationsOf = (operations: unknown): unknown => {
    const { operations: _, ...beat } = GOOD;
    const parsed = parseHeartbeat(operations === undefined ? beat : { ...beat, operations }, ORIGIN);
    return parsed.kind === "heartbeat" ? parsed.beat.operations : parsed.why;
  };
  assert.equal(operationsOf(undefined), ["get"]);
  assert.equal(operationsOf(["reserve", "get-it", "a".repeat(64)]), ["reserve", "get-it", "a".repeat(64)]);
  const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `op${index}`);
  assert.equal(operationsOf(many(50)), many(50));
  for (const odd of [[], many(51), "get", null, {}, [7], [""], ["a.b"], ["*"], ["1st"], ["a".repeat(65)]])
    assert.is(operationsOf(odd), "operations are not 1 to 50 names", JSON.stringify(odd));
});

test("an unknown state is rejected", () => {
  for (const state of ["", "UP", "constructor", 1, undefined]) golden(why({ ...GOOD, state }));
});

test("a missing or invalid version does not invalidate the heartbeat", () => {
  for (const version of [undefined, 3, "v".repeat(65)]) {
    const parsed = parseHeartbeat({ ...GOOD, version }, ORIGIN);
    assert.equal(parsed, { kind: "heartbeat", beat: { ...GOOD, version: "unknown" } });
  }
  const longest = "v".repeat(64);
  assert.equal(parseHeartbeat({ ...GOOD, version: longest }, ORIGIN), {
    kind: "heartbeat",
    beat: { ...GOOD, version: longest },
  });
});

test("the next heartbeat is sent when promised at the latest, and at most a fifth sooner", () => {
  assert.is(jitteredIntervalMs(15_000, 0), 15_000);
  assert.is(jitteredIntervalMs(15_000, 0.5), 13_500);
  assert.ok(jitteredIntervalMs(15_000, 0.999_999) > 12_000);
});

test.run();
