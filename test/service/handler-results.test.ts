// The results of handlers, returned or thrown, as they are sent.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, encode, overloaded, refuse, thrownRefusal } from "../../src/service/core/handler.ts";

const test = suite("results of a handler");

const boom = (): never => {
  throw new Error("boom");
};

test("a code of three digits is sent as it is, and any other is a 500", () => {
  for (const [given, sent] of [
    [100, 100],
    [410, 410],
    [999, 999],
    ["410", 410],
    [99, 500],
    [1_000, 500],
    [0, 500],
    [-410, 500],
    [410.5, 500],
    [Number.NaN, 500],
    [Number.POSITIVE_INFINITY, 500],
    [undefined, 500],
    ["late", 500],
    // Codes that say something of the instance are not the handler's to use.
    ...[499, 501, 503, 504].map((code) => [code, 500] as const),
  ] as const)
    assert.equal(encode(refuse(given as number, "no")), { kind: "refusal", code: sent, message: "no" }, String(given));
});

test("the data of an error is its body, and one without data has none", () => {
  assert.equal(refuse(410, "no"), { kind: "refusal", code: 410, message: "no" });
  assert.equal(refuse(410, "no", null), { kind: "refusal", code: 410, message: "no", data: null });
  assert.equal(encode(refuse(410, "no", { a: 1 })), { kind: "refusal", code: 410, message: "no", body: '{"a":1}' });
  assert.not("body" in encode(refuse(410, "no")));
  for (const data of [10n, new Uint8Array(1)]) assert.throws(() => encode(refuse(410, "no", data)), TypeError);
  assert.throws(() => encode(answer(10n)), TypeError);
});

test("an overloaded instance says when to come back, in the words of the protocol", () => {
  assert.equal(encode(overloaded()), {
    kind: "refusal",
    code: 529,
    message: "overloaded",
    body: '{"retryAfterMs":100}',
  });
  assert.equal(overloaded(7).data, { retryAfterMs: 7 });
});

test("a thrown refusal counts as a returned one, and all else is a failure of the handler", () => {
  assert.equal(thrownRefusal(refuse(410, "no")), { kind: "refusal", code: 410, message: "no" });
  for (const thrown of [
    undefined,
    null,
    "refusal",
    new Error("no"),
    { kind: "refusal" },
    { kind: "refusal", code: 410 },
    { kind: "refusal", message: "no" },
    { kind: "answer", code: 410, message: "no" },
    { code: 410, message: "no" },
    Object.defineProperty({}, "kind", { get: boom }),
    { kind: "refusal", code: 410, message: "no", data: 10n },
    { kind: "refusal", code: 410, message: { toString: boom } },
  ])
    assert.is(thrownRefusal(thrown), undefined);
});

test.run();
