import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Results } from "../../src/shoppers/core/results.ts";
import { parentOutput, personOutput } from "../../src/shoppers/outputs.ts";

const test = suite("outputs of shoppers");

const results = new Results();
for (let page = 0; page < 1_200; page++) results.add({ kind: "loaded", fresh: 4, lastKnown: 0 }, 12, 0);
const report = results.report(0);
const url = "http://127.0.0.1:5000";

test("a terminal has one row that is written over, and no longer than the terminal", () => {
  const printed: string[] = [];
  const output = personOutput({ print: (text) => printed.push(text), columns: () => 80, url });
  output.started(20);
  assert.is(
    printed.join(""),
    "shoppers: 20 pages a second from http://localhost:5000; what came in the last minute (^C ends it):\n",
  );
  for (const _ of [1, 2]) output.report(report);
  const row = "\r\u001b[K0 of 1200 pages failed, p99 12 ms, p50 12 ms; 4800 ratings fresh, 0 last known";
  assert.equal(printed.slice(1), [row, row]);
  assert.ok(row.length - "\r\u001b[K".length < 80, "a minute of twenty pages a second fits");
  output.ended(results.totals(), 61_000);
  assert.ok(printed.at(-1)?.startsWith("\r\u001b[Kshoppers: 1 m 1 s: 0 of 1200 pages failed, "));
  assert.ok(printed.at(-1)?.endsWith(" last known\n"));
});

test("a pipe gets a line for every tenth report, and the summary", () => {
  const printed: string[] = [];
  const output = personOutput({ print: (text) => printed.push(text), columns: undefined, url });
  for (let reports = 0; reports < 25; reports++) output.report(report);
  assert.is(printed.length, 2);
  output.ended(results.totals(), 25_000);
  assert.ok(printed.every((text) => text.endsWith("\n") && !text.includes("\r")));
});

test("the Market that started shoppers gets each report, and nothing else", () => {
  const sent: unknown[] = [];
  const output = parentOutput((message) => sent.push(message));
  output.started(20);
  output.report(report);
  output.ended(results.totals(), 1_000);
  assert.equal(sent, [{ shoppers: report }]);
});

test.run();
