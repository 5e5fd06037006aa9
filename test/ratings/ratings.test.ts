import { suite } from "uvu";
import * as assert from "uvu/assert";
import { rate, requestLine } from "../../src/ratings/core/ratings.ts";
import type { Handled } from "../../src/service/core/handled.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("ratings");
const golden = goldenOf(test, "ratings");

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
    golden(rate({ thingID }));
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
    golden(rate(request));
  }
});

test("a hostile thing is cut short and its control characters never leave", () => {
  const escapeCharacter = String.fromCharCode(27);
  golden(rate({ thingID: `${escapeCharacter}[2J\r\nX: y\u{1f4a9}é` }));
  golden(line({ thingID: "x".repeat(41) }));
  golden(line({ thingID: "x".repeat(40) }));
});

test("the window shows each request with its rating or its error", () => {
  golden(line({ thingID: "camera" }));
  golden(line({ thingID: "bicycle" }));
  golden(line(null));
});

test.run();
