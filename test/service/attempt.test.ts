import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Reply } from "../../src/bus/bus.ts";
import { type AttemptEnd, mayHaveExecuted, outcomeOf, readAttempt } from "../../src/service/attempt.ts";
import { MAX_BODY_BYTES } from "../../src/service/core/body.ts";
import type { ResponseReader, UnansweredReason } from "../../src/service/outcome.ts";

const test = suite("an attempt");

const WHO = { service: "ratings", instance: 2, incarnation: "2-a", address: "ratings.get.2-a" };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const body = (text: string): Reply => ({ kind: "answered", body: bytes(text) });
const refused = (code: number, data?: string): Reply => ({
  ...{ kind: "service-error", code, message: "no" },
  ...(data !== undefined && { body: bytes(data) }),
});
const any: ResponseReader = (value) => ({ kind: "valid", value });
const none: ResponseReader = () => ({ kind: "invalid", problems: ["rating: too high", "thingID: missing"] });
function read(reply: Reply, reader: ResponseReader | undefined = any, wasSent = true): AttemptEnd {
  const end = readAttempt(reply, reader, wasSent);
  if (end.kind === "checking") throw new Error("a synchronous reader is not awaited");
  return end;
}

test("any answer in time is proof of life, an error among them", () => {
  for (const reply of [body('{"rating":4.5}'), refused(404), refused(400), refused(500)])
    assert.is(read(reply).result, "answered");
});

test("an answer that is no JSON or fails its check is invalid, and says what is wrong; an error is not", () => {
  const garbage = read(body("{"));
  assert.equal([garbage.result, "detail" in garbage && garbage.detail], ["invalid", "the body is not JSON in UTF-8"]);
  const lie = read(body('{"rating":99}'), none);
  assert.equal(
    [lie.result, "detail" in lie && lie.detail, "problems" in lie && lie.problems],
    ["invalid", "rating: too high; thingID: missing", ["rating: too high", "thingID: missing"]],
  );
  assert.is(read(refused(404), none).result, "answered");
});

test("a dead, hung or draining instance and an inconclusive end are distinct results", () => {
  assert.is(read({ kind: "no-responders" }).result, "no-responders");
  assert.is(read({ kind: "timeout" }).result, "timeout");
  assert.is(read(refused(501)).result, "rejected");
  assert.is(read(refused(503)).result, "draining");
  assert.is(read(refused(504)).result, "draining");
  assert.is(read({ kind: "disconnected" }).result, "inconclusive");
  assert.is(read({ kind: "cancelled" }).result, "inconclusive");
});

test("each end says its reason, and whether the instance may have executed the request", () => {
  const tooLong: Reply = { kind: "answered", body: new Uint8Array(MAX_BODY_BYTES + 1) };
  const rows: readonly (readonly [Reply, UnansweredReason, boolean])[] = [
    [{ kind: "timeout" }, "timeout", true],
    [{ kind: "receiver-died" }, "timeout", true],
    [{ kind: "cancelled" }, "cancelled", true],
    [{ kind: "disconnected" }, "disconnected", true],
    [{ kind: "no-responders" }, "no-instances", false],
    [{ kind: "unsent", why: "too large" }, "failed", false],
    [{ kind: "denied", why: "not you" }, "denied", false],
    [{ kind: "denied", why: "no answer for you", ofReplies: true }, "denied", true],
    [refused(501), "no-such-operation", false],
    [refused(503), "draining", false],
    [refused(504), "draining", true],
    [body("{"), "invalid-response", true],
    [tooLong, "invalid-response", true],
  ];
  for (const [reply, reason, may] of rows) {
    const end = read(reply);
    assert.equal(
      [end.kind === "none" && end.reason, mayHaveExecuted(end)],
      [reason, may],
      JSON.stringify(reply).slice(0, 80),
    );
  }
  for (const reply of [{ kind: "disconnected" }, { kind: "denied", why: "", ofReplies: true }] as const)
    assert.not.ok(mayHaveExecuted(read(reply, undefined, false)), "the bus never took it");
  for (const reply of [body("1"), refused(404), refused(500)]) assert.ok(mayHaveExecuted(read(reply)));
});

test("the outcome of an answer has its value, its instance and the number of attempts", () => {
  const outcome = (reply: Reply, reader?: ResponseReader): unknown => {
    const end = read(reply, reader);
    return end.kind === "none" ? end : outcomeOf(end, WHO, 2);
  };
  const rest = { instance: WHO, attempts: 2 };
  assert.equal(outcome(body('{"rating":4.5}')), { kind: "ok", value: { rating: 4.5 }, ...rest });
  const undefinedOf: ResponseReader = () => ({ kind: "valid", value: undefined });
  assert.equal(outcome(body('{"rating":4.5}'), undefinedOf), { kind: "ok", value: undefined, ...rest });
  assert.equal(outcome(body("null")), { kind: "ok", value: null, ...rest });
  assert.equal(outcome(body("")), { kind: "ok", value: undefined, ...rest });
  const error = { kind: "error", code: 404, message: "no", ...rest };
  assert.equal(outcome(refused(404)), error);
  assert.equal(outcome(refused(404, "")), error);
  assert.equal(outcome(refused(404, "{")), error, "data that cannot be read is left out");
  assert.equal(outcome(refused(404, '{"id":7}')), { ...error, data: { id: 7 } });
});

test("a reader that throws, or returns what is no validation, fails the call and not the instance", () => {
  const broken: readonly unknown[] = [undefined, true, { kind: "ok" }, "valid"];
  const readers = broken.map((given) => () => given as never);
  readers.push(() => {
    throw new Error("boom");
  });
  for (const reader of readers) {
    const end = read(body("1"), reader);
    assert.equal([end.result, end.kind === "none" && end.reason], ["unchecked", "failed"]);
  }
  const odd = read(body("1"), () => ({ kind: "invalid", problems: 7 as never }));
  assert.equal([odd.result, "problems" in odd && odd.problems], ["invalid", []]);
});

test.run();
