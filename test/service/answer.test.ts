import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Reply } from "../../src/bus/bus.ts";
import { reachedNobody, readReply, resultOf } from "../../src/service/answer.ts";
import { LONGEST_BODY_BYTES } from "../../src/service/body.ts";

const test = suite("answer");

const WHO = { service: "ratings", instance: 2, incarnation: "2-a", address: "ratings.get.2-a" };
const body = (text: string): Reply => ({ kind: "answered", body: new TextEncoder().encode(text) });
const refused = (code: number): Reply => ({ kind: "refused", code, message: "said so" });

test("any answer in time is proof of life, an error and a garbled one among them", () => {
  for (const reply of [body('{"rating":4.5}'), body("{"), refused(404), refused(400), refused(500)]) {
    assert.is(resultOf(reply), "answered");
  }
});

test("dead, hung, leaving and nobody's fault are told apart", () => {
  assert.is(resultOf({ kind: "nobody" }), "nobody");
  assert.is(resultOf({ kind: "timeout" }), "timeout");
  assert.is(resultOf(refused(503)), "draining");
  assert.is(resultOf({ kind: "away" }), "nothing");
  assert.is(resultOf({ kind: "cancelled" }), "nothing");
});

test("a call goes on to another instance only if it reached nobody or was not taken", () => {
  assert.ok(reachedNobody({ kind: "nobody" }));
  assert.ok(reachedNobody(refused(503)));
  for (const reply of [
    body("{}"),
    refused(500),
    { kind: "timeout" },
    { kind: "away" },
    { kind: "cancelled" },
  ] as const) {
    assert.not(reachedNobody(reply), reply.kind);
  }
});

test("what was answered is handed on with who answered it", () => {
  assert.equal(readReply(body('{"rating":4.5}'), WHO), { kind: "answered", body: { rating: 4.5 }, who: WHO });
  assert.equal(readReply(refused(404), WHO), { kind: "refused", code: 404, message: "said so", who: WHO });
});

test("a call that brought nothing says why in words", () => {
  const why = (reply: Reply): string => {
    const answer = readReply(reply, WHO);
    return answer.kind === "unanswered" ? answer.why : answer.kind;
  };
  assert.is(why({ kind: "timeout" }), "request timed out");
  assert.is(why({ kind: "nobody" }), "all services are down");
  assert.is(why({ kind: "away" }), "the bus is away");
  assert.is(why({ kind: "cancelled" }), "the caller gave up");
  assert.is(why(body("{")), "the answer was not readable");
  assert.is(why({ kind: "answered", body: new Uint8Array(LONGEST_BODY_BYTES + 1) }), "the answer was not readable");
});

test.run();
