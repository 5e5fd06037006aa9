// Lines of a record that are none: each is refused with the rule that it breaks, whatever it holds.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FORMAT, FORMAT_VERSION } from "../../src/record/core/entry.ts";
import { parseEntry, parseHead } from "../../src/record/core/parse-record.ts";
import { DEFAULT_RULES } from "../support/table.ts";

const test = suite("lines of a record");

const HEAD = {
  format: FORMAT,
  formatVersion: FORMAT_VERSION,
  service: "ratings",
  wallMs: 1,
  at: 0,
  rules: DEFAULT_RULES,
};
const BEAT = { instance: 1, incarnation: "1-a", seq: 0, intervalMs: 15_000, state: "up", version: "1.0.0" };

const head = (over: object): string => {
  const parsed = parseHead(JSON.stringify({ ...HEAD, ...over }));
  return parsed.kind === "read" ? "read" : parsed.why;
};
const entry = (line: unknown): string => {
  const parsed = parseEntry(typeof line === "string" ? line : JSON.stringify(line), "ratings");
  return parsed.kind === "read" ? "read" : parsed.why;
};

test("a head is read with all its rules", () => {
  assert.equal(parseHead(JSON.stringify(HEAD)), { kind: "read", value: HEAD });
});

test("a foreign file is known by its first line", () => {
  for (const foreign of [
    "",
    "{}",
    "null",
    "[]",
    "PK\u0003\u0004",
    '{"format":"something else"}',
    "INFO:market:- open",
  ]) {
    const parsed = parseHead(foreign);
    assert.match(parsed.kind === "read" ? "read" : parsed.why, /this is no record of a Market/);
  }
});

test("a head that breaks a rule is refused with its name", () => {
  assert.match(head({ formatVersion: 2 }), /of version 2, and only version 1 can be replayed/);
  assert.match(head({ service: "health" }), /service is no name of a service/);
  assert.match(head({ at: -1 }), /wallMs and at are not both a time/);
  assert.match(head({ rules: { ...DEFAULT_RULES, failureLimit: "1" } }), /rules\.failureLimit is missing/);
  assert.match(head({ rules: undefined }), /rules\.\w+ is missing/);
});

test("each event is read, and one that breaks a rule is refused with it", () => {
  const events = [
    { kind: "heard", beat: BEAT },
    { kind: "chosen", tried: ["1-a"], repeatable: false, decided: { call: null } },
    { kind: "chosen", slow: ["2-a"], second: true, decided: { call: null } },
    { kind: "settled", ticket: 1, result: "timeout" },
    ...(["away", "back", "tick"] as const).map((kind) => ({ kind })),
    { kind: "stall", stalledMs: 1.5 },
    { kind: "bus", status: "away" },
    { kind: "end", why: "the record is full", known: 3 },
  ];
  for (const event of events) assert.is(entry({ at: 1, ...event }), "read", event.kind);
  assert.match(entry('{"at":1,"kind":"sett'), /no JSON object/);
  assert.match(entry({ kind: "tick" }), /at is no time/);
  assert.match(entry({ at: 1, kind: "guess" }), /kind "guess" is none that a record has/);
  assert.match(entry({ at: 1 }), /kind missing is none/);
  assert.match(entry({ at: 1, kind: "heard", beat: { ...BEAT, incarnation: "a b" } }), /beat\.incarnation is no id/);
  assert.match(entry({ at: 1, kind: "heard", beat: { ...BEAT, seq: -1 } }), /beat: seq is not/);
  assert.match(entry({ at: 1, kind: "chosen", tried: [1] }), /tried is no list/);
  assert.match(entry({ at: 1, kind: "chosen", slow: "2-a" }), /slow is no list/);
  assert.match(entry({ at: 1, kind: "chosen", second: 1 }), /second is neither true nor false/);
  // What is read is printed.
  assert.match(entry({ at: 1, kind: "chosen", tried: ["\u001b[2J"] }), /tried is no list of incarnations/);
  assert.match(entry({ at: 1, kind: "chosen", repeatable: 1 }), /repeatable is neither/);
  assert.match(entry({ at: 1, kind: "settled", ticket: 1.5, result: "timeout" }), /ticket is no whole number/);
  assert.match(entry({ at: 1, kind: "settled", ticket: 1, result: "fine" }), /result is none of answered, /);
  assert.match(entry({ at: 1, kind: "tick", draws: [1] }), /draws are not numbers/);
  assert.match(entry({ at: 1, kind: "tick", quietAt: null }), /quietAt is no time/);
  assert.match(entry({ at: 1, kind: "end", why: "tired", known: 1 }), /why or known/);
});

test.run();
