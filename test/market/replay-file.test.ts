// The replay of a record file: what is printed, and the sentence with which it ends.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { replayFile, type Verdict } from "../../src/market/replay.ts";
import { MAX_LINE_LENGTH } from "../../src/record/core/parse-record.ts";
import { Recorder } from "../../src/record/core/recorder.ts";
import { beatOf, DEFAULT_RULES } from "../support/health-harness.ts";
import { recordedDay } from "../support/recorded-day.ts";

const test = suite("the replay of a file");
const folder = mkdtempSync(join(tmpdir(), "replay-"));
const path = join(folder, "market.record");
test.after(() => rmSync(folder, { recursive: true }));

const DAY = recordedDay(7, 400);
const SAME = "and every decision the same as recorded.";

async function replayed(text: string): Promise<Verdict & { readonly printed: readonly string[] }> {
  writeFileSync(path, text);
  const printed: string[] = [];
  return { ...(await replayFile(path, (line) => printed.push(line))), printed };
}

const asFile = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** A record of two heartbeats. */
function twoBeats(): readonly [head: string, first: string, second: string] {
  const lines: string[] = [];
  const recorder = new Recorder((line) => lines.push(line));
  const { tracker } = recorder.open({ at: 0, wallMs: 1_704_067_200_000 }, "ratings", DEFAULT_RULES, () => 0);
  for (const instance of [1, 2]) tracker.onHeartbeat(beatOf(instance), 100);
  return lines as unknown as ReturnType<typeof twoBeats>;
}
const [HEAD, FIRST, SECOND] = twoBeats();

test("every line of the record is printed with its number, and the sentence counts lines and changes", async () => {
  const { kind, sentence, printed } = await replayed(asFile(DAY));
  const entries = printed.filter((line) => !line.includes(" -> "));
  assert.is(entries.length, DAY.length);
  assert.ok(entries.slice(1).every((line, at) => line.trimStart().startsWith(`${at + 2}  2024-01-01T`)));
  const changes = printed.length - entries.length;
  assert.ok(changes > 20, String(changes));
  assert.equal([kind, sentence], ["same", `${path}: ${DAY.length} lines, ${changes} changes of state, ${SAME}`]);
});

test("a change is printed as the Market logged it, below its line", async () => {
  const { printed } = await replayed(asFile([HEAD, FIRST]));
  assert.match(printed[0] ?? "", /^record of ratings, begun 2024-01-01T00:00:00\.000Z: request timeout /);
  assert.match(printed[1] ?? "", /^ {6}2 {2}2024-01-01T00:00:00\.100Z {2}heartbeat {4}1-a is up /);
  assert.match(printed[2] ?? "", /^ +-> INFO:membership:- ratings instance 1 joined: nats:ratings\.get\.1-a$/);
  assert.is(printed.length, 3);
});

test("a record without an end entry is as good, and the sentence says so", async () => {
  const { kind, sentence } = await replayed(asFile([HEAD, FIRST, SECOND]));
  const open = "It has no end entry: the Market was killed or is still running, or the file was cut.";
  assert.equal([kind, sentence], ["same", `${path}: 3 lines, 2 changes of state, ${SAME} ${open}`]);
});

test("a last line without its newline counts, if it is whole", async () => {
  assert.match((await replayed([HEAD, FIRST, SECOND].join("\n"))).sentence, `: 3 lines, 2 changes of state, ${SAME}`);
  const other = await replayed([HEAD, FIRST, SECOND.replace('"joined"', '"lost"')].join("\n"));
  assert.match(other.sentence, /line 3: decided differently than recorded\. recorded: \[\{"kind":"lost"/);
});

test("the replay ends at the first line with a problem, and names it", async () => {
  const cut = "cut off in the middle: the file ends here, and every line before was decided the same";
  for (const [text, line, why, lines] of [
    ["x", 1, "its first line is cut off, or this is no record of a Market", 0],
    ["x\n", 1, "this is no record of a Market: its first line is another", 0],
    [HEAD.slice(0, 50), 1, "its first line is cut off, or this is no record of a Market", 0],
    ["{}", 1, "this is no record of a Market: its first line is another", 0],
    [`${asFile([HEAD, FIRST])}${SECOND.slice(0, 40)}`, 3, cut, 3],
    [asFile([HEAD, SECOND.slice(0, 40), FIRST]), 2, "no JSON object", 1],
    [asFile([HEAD, '{"at":1,"kind":"odd"}', FIRST]), 2, 'kind "odd" is none that a record has', 1],
  ] as const) {
    const { kind, sentence, printed } = await replayed(text);
    assert.equal([kind, sentence], ["trouble", `${path}, line ${line}: ${why}`]);
    assert.is(printed.length, lines, "printed up to it");
  }
  const tampered = await replayed(asFile([HEAD, FIRST.replace('"joined"', '"lost"'), SECOND]));
  assert.is(tampered.kind, "trouble");
  assert.match(tampered.sentence, `${path}, line 2: decided differently than recorded. recorded: [{"kind":"lost"`);
  assert.is(tampered.printed.length, 1);
});

test("a line has 1,048,576 characters at most, whether it ends or not", async () => {
  assert.is((await replayed(asFile([HEAD, FIRST.padEnd(MAX_LINE_LENGTH), SECOND]))).kind, "same");
  const long = FIRST.padEnd(MAX_LINE_LENGTH + 1);
  for (const text of [asFile([HEAD, long, SECOND]), `${HEAD}\n${long}`])
    assert.is(
      (await replayed(text)).sentence,
      `${path}, line 2: longer than 1048576 characters: this is no line of a record`,
    );
});

test("an empty file, and one that is none, are reported", async () => {
  const { kind, sentence } = await replayed("");
  assert.equal([kind, sentence], ["trouble", `${path} is empty: no Market has written a record there`]);
  for (const [place, code] of [
    [join(folder, "nonesuch"), "ENOENT"],
    [folder, "EISDIR"],
  ] as const) {
    const verdict = { kind: "trouble", sentence: `${place} cannot be read (${code}): type  make replay FILE=a-record` };
    assert.equal(await replayFile(place, assert.unreachable), verdict);
  }
});

test("a failure of the printing is none of the file's", async () => {
  writeFileSync(path, asFile([HEAD]));
  const failing = replayFile(path, () => {
    throw new Error("nowhere to print");
  });
  assert.is(await failing.catch((error: Error) => error.message), "nowhere to print");
});

test.run();
