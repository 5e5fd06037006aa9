import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Reply } from "../../src/bus/bus.ts";
import { mayHaveExecuted, type ResponseReader, readAttempt } from "../../src/service/answer.ts";
import { MAX_BODY_BYTES } from "../../src/service/core/body.ts";

const test = suite("answer");

const WHO = { service: "ratings", instance: 2, incarnation: "2-a", address: "ratings.get.2-a" };
const body = (text: string): Reply => ({ kind: "answered", body: new TextEncoder().encode(text) });
const refused = (code: number): Reply => ({ kind: "service-error", code, message: "goodbye" });
const any: ResponseReader = (value) => value;
const none: ResponseReader = () => undefined;
const read = (reply: Reply, reader = any) => readAttempt(reply, WHO, reader);

test("any answer in time is proof of life, an error among them", () => {
  for (const reply of [body('{"rating":4.5}'), refused(404), refused(400), refused(500)]) {
    assert.is(read(reply).result, "answered");
  }
});

test("an answer that is no JSON or fails its check is invalid; an error is not", () => {
  assert.is(read(body("{")).result, "invalid");
  assert.is(read(body('{"rating":99}'), none).result, "invalid");
  assert.is(read(refused(404), none).result, "answered");
});

test("a dead, hung or draining instance and an inconclusive end are distinct results", () => {
  assert.is(read({ kind: "no-responders" }).result, "no-responders");
  assert.is(read({ kind: "timeout" }).result, "timeout");
  assert.is(read(refused(503)).result, "draining");
  assert.is(read(refused(504)).result, "draining");
  assert.is(read({ kind: "disconnected" }).result, "inconclusive");
  assert.is(read({ kind: "cancelled" }).result, "inconclusive");
});

test("an invalid answer or a 504 may have executed; a call that never began has not", () => {
  const done = [read(body("{")), read(refused(504))];
  const not = [read(refused(503)), read({ kind: "no-responders" }), read(refused(404))];
  assert.equal(done.map(mayHaveExecuted), [true, true]);
  assert.equal(not.map(mayHaveExecuted), [false, false, false]);
});

test("what was answered is handed on with who answered it", () => {
  assert.equal(read(body('{"rating":4.5}')).answer, { kind: "answered", body: { rating: 4.5 }, who: WHO });
  assert.equal(read(body('{"rating":4.5}'), () => 4.5).answer, { kind: "answered", body: 4.5, who: WHO });
  assert.equal(read(body("7"), none).answer, { kind: "invalid", body: 7, who: WHO });
  assert.is(read(body("null")).result, "answered", "null is a value");
  assert.equal(read(refused(404)).answer, { kind: "refused", code: 404, message: "goodbye", who: WHO });
});

test("a call that brought nothing says why in words", () => {
  const why = (reply: Reply): string => {
    const { answer } = read(reply);
    return answer.kind === "unanswered" ? answer.why : answer.kind;
  };
  assert.is(why({ kind: "timeout" }), "request timed out");
  assert.is(why({ kind: "no-responders" }), "all services are down");
  assert.is(why({ kind: "disconnected" }), "the bus is disconnected");
  assert.is(why({ kind: "cancelled" }), "the caller gave up");
  assert.is(why(body("{")), "the answer was not readable");
  assert.is(why({ kind: "answered", body: new Uint8Array(MAX_BODY_BYTES + 1) }), "the answer was not readable");
});

test.run();
