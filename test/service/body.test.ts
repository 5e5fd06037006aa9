import { suite } from "uvu";
import * as assert from "uvu/assert";
import { deadlineOf, encodeRequest, serializeRequest } from "../../src/service/core/request-body.ts";
import { decodeBody } from "../../src/util/json.ts";
import { goldenOf } from "../support/golden.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const test = suite("body");
const golden = goldenOf(test, "service");

const LONGEST = 100;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("JSON in UTF-8 becomes its value", () => {
  assert.equal(decodeBody(bytes('{"thing":"Käse","n":[1,null]}'), LONGEST), {
    kind: "value",
    value: { thing: "Käse", n: [1, null] },
  });
  assert.equal(decodeBody(bytes(" 4.5 "), LONGEST), { kind: "value", value: 4.5 });
});

test("what is not JSON, or not UTF-8, is said to be neither", () => {
  const odd = [
    bytes(""),
    bytes("{"),
    bytes("NaN"),
    bytes("{'a':1}"),
    bytes("1 2"),
    Uint8Array.of(0xff, 0xfe),
    Uint8Array.of(0x22, 0xc3, 0x22),
  ];
  for (const body of odd) golden(decodeBody(body, LONGEST));
});

test("a body of the longest length is read, and a longer one is not even tried", () => {
  const longest = bytes(`"${"x".repeat(LONGEST - 2)}"`);
  assert.is(decodeBody(longest, LONGEST).kind, "value");
  golden(decodeBody(bytes(`"${"x".repeat(LONGEST - 1)}"`), LONGEST));
});

test("no bytes whatever make it throw, nor any depth", () => {
  const dice = new SeededRandom(3);
  for (let round = 0; round < 2000; round++) {
    const noise = Uint8Array.from({ length: dice.below(30) }, () => dice.below(256));
    assert.ok(["value", "unreadable"].includes(decodeBody(noise, LONGEST).kind));
  }
  const deep = "[".repeat(500_000);
  assert.is(decodeBody(bytes(deep), deep.length).kind, "unreadable");
});

test("a key that would change every object changes none", () => {
  decodeBody(bytes('{"__proto__":{"polluted":true}}'), LONGEST);
  assert.is(Object.hasOwn(Object.prototype, "polluted"), false);
});

test("a request is sent as its JSON with its deadline, whatever object it is", () => {
  class Fields {
    readonly own = 1;
    get derived(): number {
      return 2;
    }
  }
  const written = new Map<object, object>([
    [{ thingID: "camera" }, { thingID: "camera", deadline: 17 }],
    [{}, { deadline: 17 }],
    [{ text: '"}' }, { text: '"}', deadline: 17 }],
    [{ nested: { list: [{}] } }, { nested: { list: [{}] }, deadline: 17 }],
    [{ nothing: undefined }, { deadline: 17 }],
    [
      { deadline: 1, thingID: "camera" },
      { deadline: 17, thingID: "camera" },
    ],
    [["a", "b"], { 0: "a", 1: "b", deadline: 17 }],
    [() => 1, { deadline: 17 }],
    [new Date(0), { deadline: 17 }],
    [new Fields(), { own: 1, deadline: 17 }],
    [Object.create(null), { deadline: 17 }],
  ]);
  for (const [request, sent] of written) assert.equal(JSON.parse(encodeRequest(serializeRequest(request), 17)), sent);
  assert.is(encodeRequest(serializeRequest({ deadline: 1 }), 17), '{"deadline":17}');
});

test("the deadline of a request is read if it is a number, and nothing else is taken for one", () => {
  assert.is(deadlineOf({ deadline: 1_700_000_000_000 }), 1_700_000_000_000);
  for (const odd of [
    undefined,
    null,
    7,
    "x",
    [],
    {},
    { deadline: "1" },
    { deadline: null },
    { deadline: Number.NaN },
  ]) {
    assert.is(deadlineOf(odd), undefined);
  }
  assert.is(deadlineOf({ deadline: Number.POSITIVE_INFINITY }), undefined);
});

test.run();
