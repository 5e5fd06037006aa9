// The lines of a page's ratings, letter by letter: a reader of the walk-through compares them with the screen.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isSilent, type PageEvent, pageLine } from "../../../src/market/ratings/rate-page.ts";
import { asText } from "../../../src/program/log.ts";
import type { LogLevel } from "../../../src/settings.ts";

const test = suite("lines");

const page = (event: PageEvent): string => asText(pageLine(event));

test("a line of a page has neither level nor logger", () => {
  assert.is(page({ kind: "asking", thingID: "camera" }), "ASK for camera");
  assert.is(page({ kind: "waited", waitedMs: 1003.4 }), "WAITED 1003ms");
  assert.is(page({ kind: "got", thingID: "camera", rating: 4.5 }), "GOT camera: 4.5");
  assert.is(page({ kind: "bad", thingID: "football", why: "request timed out" }), "BAD football: request timed out");
  assert.is(
    page({ kind: "bad", thingID: "football", why: "all services are down" }),
    "BAD football: all services are down",
  );
});

test("a rating that failed is a warning, a rating that came is not", () => {
  assert.is(pageLine({ kind: "bad", thingID: "football", why: "x" }).level, "WARNING");
  assert.is(pageLine({ kind: "got", thingID: "camera", rating: 4.5 }).level, "INFO");
});

test("no line need be made at a level that is not printed", () => {
  const events: readonly PageEvent[] = [
    { kind: "asking", thingID: "camera" },
    { kind: "waited", waitedMs: 1 },
    { kind: "got", thingID: "camera", rating: 4.5 },
    { kind: "bad", thingID: "camera", why: "request timed out" },
  ];
  const silent = (least: LogLevel): readonly string[] =>
    events.filter((event) => isSilent(event, least)).map(({ kind }) => kind);
  assert.equal(silent("INFO"), []);
  assert.equal(silent("WARNING"), ["asking", "waited", "got"]);
  assert.equal(silent("ERROR"), ["asking", "waited", "got", "bad"]);
});

test.run();
