import { suite } from "uvu";
import * as assert from "uvu/assert";
import { rate, requestLine } from "../../src/ratings/core/ratings.ts";
import type { Handled } from "../../src/service/core/handled.ts";

const test = suite("ratings");

const line = (request: unknown): string => requestLine(request, rate(request));
const code = (handled: Handled): number | string => (handled.kind === "refusal" ? handled.code : "answered");

test("the four things have the ratings of the catalogue", () => {
  const ratings = { basketball: 2.1, briefcase: 3.5, camera: 4.5, football: 2.2 };
  for (const [thingID, rating] of Object.entries(ratings)) {
    assert.equal(rate({ thingID }), { kind: "answer", body: { thingID, rating } });
  }
});

test("what else a request carries does not matter", () => {
  assert.is(code(rate({ thingID: "camera", deadline: 1, more: [] })), "answered");
});

test("a thing that nobody rated is unknown, also one that every object has", () => {
  for (const thingID of ["", "Camera", "camera ", "__proto__", "constructor"]) {
    assert.equal(rate({ thingID }), { kind: "refusal", code: 404, message: `unknown thing: ${thingID}` });
  }
});

test("a request without a thing in it is a bad one, whatever it is", () => {
  for (const request of [
    undefined,
    null,
    7,
    "camera",
    [],
    {},
    { thingID: 7 },
    { thingID: null },
    { thingID: ["camera"] },
  ]) {
    assert.equal(rate(request), { kind: "refusal", code: 400, message: 'bad request: "thingID" must be a text' });
  }
});

test("a hostile thing is cut short and its control characters never leave", () => {
  const escapeCharacter = String.fromCharCode(27);
  assert.equal(rate({ thingID: `${escapeCharacter}[2J\r\nX: y\u{1f4a9}é` }), {
    kind: "refusal",
    code: 404,
    message: "unknown thing: ?[2J??X: y???",
  });
  assert.is(line({ thingID: "x".repeat(41) }), `GET ${"x".repeat(40)}... => 404 unknown thing: ${"x".repeat(40)}...`);
  assert.is(line({ thingID: "x".repeat(40) }), `GET ${"x".repeat(40)} => 404 unknown thing: ${"x".repeat(40)}`);
});

test("the window shows each request with its rating or its error", () => {
  assert.is(line({ thingID: "camera" }), "GET camera => 4.5");
  assert.is(line({ thingID: "bicycle" }), "GET bicycle => 404 unknown thing: bicycle");
  assert.is(line(null), 'GET ? => 400 bad request: "thingID" must be a text');
});

test.run();
