// Lines of a record that are none: each is refused with the rule that it breaks, whatever it holds.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FORMAT, FORMAT_VERSION } from "../../src/record/core/entry.ts";
import { parseEntry, parseHead } from "../../src/record/core/parse-record.ts";
import { goldenOf } from "../support/golden.ts";
import { DEFAULT_RULES } from "../support/health-harness.ts";

const test = suite("lines of a record");
const golden = goldenOf(test, "record");

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
    golden(parsed.kind === "read" ? "read" : parsed.why);
  }
});

test("a head that breaks a rule is refused with its name", () => {
  golden(head({ formatVersion: 1 }));
  golden(head({ service: "health" }));
  golden(head({ at: -1 }));
  golden(head({ rules: { ...DEFAULT_RULES, failureLimit: "1" } }));
  golden(head({ rules: undefined }));
});

test("each event is read, and one that breaks a rule is refused with it", () => {
  const events = [
    { kind: "heartbeat", beat: BEAT },
    { kind: "picked", excluded: ["1-a"], idempotent: false, decided: { call: null } },
    { kind: "picked", timeoutMs: 5_000, decided: { call: null } },
    { kind: "picked", deprioritized: ["2-a"], isHedge: true, decided: { call: null } },
    { kind: "settled", ticket: 1, result: "timeout" },
    ...(["disconnected", "reconnected", "tick"] as const).map((kind) => ({ kind })),
    { kind: "warned", incarnation: "1-a", sender: "_.x", by: "shop:5000", quietMs: 300 },
    { kind: "warned", incarnation: "1-a", sender: "ABCDEFGHIJKLMNOP", by: `_.${"p".repeat(62)}`, quietMs: 0.5 },
    { kind: "withdrawn", incarnation: "1-a", sender: "_.x" },
    { kind: "stall", stalledMs: 1.5 },
    { kind: "bus", status: "disconnected" },
    { kind: "end", why: "the record is full", known: 3 },
  ];
  for (const event of events) assert.is(entry({ at: 1, ...event }), "read", event.kind);
  const warned = { at: 1, kind: "warned", incarnation: "1-a", sender: "_.x", by: "shop:5000", quietMs: 300 };
  for (const wrong of [{ incarnation: "a b" }, { sender: "a.b.c" }, { by: "a b" }, { quietMs: -1 }])
    golden(entry({ ...warned, ...wrong }));
  golden(entry({ at: 1, kind: "withdrawn", incarnation: "1-a", sender: 7 }));
  golden(entry('{"at":1,"kind":"sett'));
  golden(entry({ kind: "tick" }));
  golden(entry({ at: 1, kind: "guess" }));
  golden(entry({ at: 1 }));
  golden(entry({ at: 1, kind: "heartbeat", beat: { ...BEAT, incarnation: "a b" } }));
  golden(entry({ at: 1, kind: "heartbeat", beat: { ...BEAT, seq: -1 } }));
  golden(entry({ at: 1, kind: "picked", excluded: [1] }));
  golden(entry({ at: 1, kind: "picked", deprioritized: "2-a" }));
  golden(entry({ at: 1, kind: "picked", isHedge: 1 }));
  // What is read is printed.
  golden(entry({ at: 1, kind: "picked", excluded: ["\u001b[2J"] }));
  golden(entry({ at: 1, kind: "picked", idempotent: 1 }));
  golden(entry({ at: 1, kind: "settled", ticket: 1.5, result: "timeout" }));
  golden(entry({ at: 1, kind: "settled", ticket: 1, result: "fine" }));
  golden(entry({ at: 1, kind: "tick", randomDraws: [1] }));
  golden(entry({ at: 1, kind: "tick", lastIdleTickAt: null }));
  golden(entry({ at: 1, kind: "end", why: "tired", known: 1 }));
});

test.run();
