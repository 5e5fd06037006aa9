import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Headers, headerBlock, NO_HEADERS, parseHeaders } from "../../src/bus/core/headers.ts";
import { decodeValue, encodeBody, isLongerThan, MAX_BODY_BYTES } from "../../src/service/core/body.ts";
import {
  deadlineOf,
  RequestTimeWriter,
  timeLines,
  timeoutOf,
  traceLines,
} from "../../src/service/core/request-headers.ts";
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

test("a value is sent as its JSON, bytes as they are, and undefined as nothing", () => {
  const written: readonly (readonly [value: unknown, text: string])[] = [
    [{ thingID: "camera", deadline: 1 }, '{"thingID":"camera","deadline":1}'],
    [["a", 1], '["a",1]'],
    [null, "null"],
    ["text", '"text"'],
    [4.5, "4.5"],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [undefined, ""],
  ];
  for (const [value, body] of written) assert.equal(encodeBody(value), { body, lines: "" });
  const data = Uint8Array.of(1, 2);
  const encoded = encodeBody(data);
  data[0] = 9;
  assert.equal(encoded, { body: Uint8Array.of(1, 2), lines: "Content-Type: application/octet-stream\r\n" });
});

test("a value that JSON cannot write is an error that says so", () => {
  for (const [value, why] of [
    [() => 1, "a function cannot be written as JSON"],
    [Symbol("s"), "a symbol cannot be written as JSON"],
    [{ toJSON: () => undefined }, "a object cannot be written as JSON"],
    [1n, "BigInt"],
  ] as const)
    assert.throws(() => encodeBody(value), why);
});

test("a body is read by its header: bytes, JSON, or nothing", () => {
  const octets = new Map([["content-type", "application/octet-stream"]]);
  const data = Buffer.from("{}");
  const read = decodeValue(data, octets);
  assert.equal(read, { kind: "value", value: Uint8Array.from(data) });
  assert.not.instance(read.kind === "value" && read.value, Buffer);
  assert.equal(decodeValue(data, new Map([["content-type", "application/json"]])), { kind: "value", value: {} });
  assert.equal(decodeValue(bytes("")), { kind: "value", value: undefined });
  assert.equal(decodeValue(bytes(""), octets), { kind: "value", value: new Uint8Array(0) });
  assert.is(decodeValue(new Uint8Array(MAX_BODY_BYTES + 1)).kind, "unreadable");
});

test("a body is longer than a limit by its bytes in UTF-8", () => {
  for (const [body, limit, isLonger] of [
    ["abc", 3, false],
    ["abc", 2, true],
    ["äbc", 3, true],
    ["äbc", 4, false],
    ["", 0, false],
    [Uint8Array.of(1, 2), 2, false],
    [Uint8Array.of(1, 2), 1, true],
  ] as const)
    assert.is(isLongerThan(body, limit), isLonger, `${body} ${limit}`);
});

test("the time of a request is in its headers, and only whole numbers are taken for one", () => {
  const fields = (lines: string): Headers => parseHeaders(headerBlock(lines))?.fields ?? NO_HEADERS;
  const lines = timeLines(499.6, 1_700_000_000_000.4);
  assert.is(lines, "Dwc-Timeout-Ms: 500\r\nDwc-Sent-At-Ms: 1700000000000\r\n");
  assert.equal([timeoutOf(fields(lines)), deadlineOf(fields(lines))], [500, 1_700_000_000_500]);
  assert.is(
    timeLines(1, 2) + traceLines({ traceparent: "00-a", tracestate: "b=1" }),
    "Dwc-Timeout-Ms: 1\r\nDwc-Sent-At-Ms: 2\r\ntraceparent: 00-a\r\ntracestate: b=1\r\n",
  );
  for (const odd of ["", "x", "-1", "1.5", "1e3", "0x1", "Infinity", "1".repeat(16)]) {
    assert.is(timeoutOf(fields(`Dwc-Timeout-Ms: ${odd}\r\nDwc-Sent-At-Ms: 5\r\n`)), undefined, odd);
    assert.is(deadlineOf(fields(`Dwc-Timeout-Ms: ${odd}\r\nDwc-Sent-At-Ms: 5\r\n`)), undefined, odd);
    assert.is(deadlineOf(fields(`Dwc-Timeout-Ms: 5\r\nDwc-Sent-At-Ms: ${odd}\r\n`)), undefined, odd);
  }
  assert.is(deadlineOf(NO_HEADERS), undefined);
});

test("a client writes the time lines of one millisecond once, and others again", () => {
  const writer = new RequestTimeWriter();
  const first = writer.lines(1_000, 5_000.2);
  assert.is(first, "Dwc-Timeout-Ms: 1000\r\nDwc-Sent-At-Ms: 5000\r\n");
  assert.is(writer.lines(1_000.3, 5_000.4), first);
  assert.is(writer.lines(1_000, 5_001), "Dwc-Timeout-Ms: 1000\r\nDwc-Sent-At-Ms: 5001\r\n");
  assert.is(writer.lines(999, 5_001), "Dwc-Timeout-Ms: 999\r\nDwc-Sent-At-Ms: 5001\r\n");
});

test.run();
