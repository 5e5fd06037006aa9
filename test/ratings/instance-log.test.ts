import { suite } from "uvu";
import * as assert from "uvu/assert";
import { asText, type LogEntry } from "../../src/program/log.ts";
import { type InstanceLog, openInstanceLog } from "../../src/ratings/instance-log.ts";
import { answer, refuse } from "../../src/service/core/handler.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("the lines of an instance");
const golden = goldenOf(test, "ratings");

const SPEAKER = { instance: 2, pid: 7, natsUrls: ["nats://127.0.0.1:4222"] };
const CAMERA = answer({ rating: 4.5 });

interface Window {
  readonly clock: FakeClock;
  readonly log: InstanceLog;
  readonly lines: string[];
  close(): Promise<void>;
}

function open(): Window {
  const clock = new FakeClock();
  const lines: string[] = [];
  const closers: (() => Promise<void> | void)[] = [];
  const log = openInstanceLog(SPEAKER, { clock, say: (line: LogEntry) => lines.push(asText(line)) }, closers);
  const close = async (): Promise<void> => {
    for (const closer of closers) await closer();
  };
  return { clock, log, lines, close };
}

function requests({ log }: Window, count: number, handled = CAMERA): void {
  for (let sent = 0; sent < count; sent++) log.request({ thingID: "camera" }, handled);
}

test("each request has its line, as many as a busy shop makes", async () => {
  const window = open();
  for (let second = 0; second < 5; second++) {
    requests(window, 100);
    await window.clock.advance(1_000);
  }
  golden([window.lines.length, ...new Set(window.lines)]);
});

test("beyond a hundred a second they are counted, and the number is printed", async () => {
  const window = open();
  requests(window, 1_100);
  assert.is(window.lines.length, 100);
  await window.clock.advance(1_000);
  const expected = 'WARNING:ratings:- instance 2 printed no line for 1000 more of the kind "GET answered"';
  assert.equal(window.lines.slice(100), [expected]);
  requests(window, 1);
  golden(window.lines.at(-1));
});

test("errors have their own limit: a flood of answers hides none, nor one of them an answer", () => {
  const window = open();
  requests(window, 1_000);
  requests(window, 1_000, refuse(404, "unknown thing: piano"));
  assert.is(window.lines.filter((line) => line === "GET camera => 404 unknown thing: piano").length, 100);
});

test("handlers that fail, and faults that begin, have a limit, too, and a stack ends", async () => {
  const window = open();
  const error = new Error("x".repeat(1_000_000));
  for (let sent = 0; sent < 500; sent++) {
    window.log.event({ kind: "failed", operation: "get", error });
    window.log.event({ kind: "fault begins", fault: { kind: "mute" }, forMs: 500 });
  }
  assert.is(window.lines.length, 40);
  assert.ok(window.lines.every((line) => line.length < 4_100));
  await window.clock.advance(1_000);
  golden(window.lines.at(-2) ?? "");
  golden(window.lines.at(-1) ?? "");
});

test("what is left out at the end is printed at the end", async () => {
  const window = open();
  requests(window, 150);
  await window.close();
  golden(window.lines.at(-1) ?? "");
  const { length } = window.lines;
  await window.clock.advance(10_000);
  assert.is(window.lines.length, length);
});

test.run();
