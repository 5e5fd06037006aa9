// The file of a record: gathered lines, a limit that it keeps to, the former one kept, and trouble that stops nothing.

import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { linesOf, openRecordFile, type RecordFile, type RecordFileOptions } from "../../src/record/record-file.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { goldenOf } from "../support/golden.ts";
import { until } from "../support/until.ts";

interface Context {
  folder: string;
  path: string;
  clock: FakeClock;
  said: string[];
}

const test = suite<Context>("the file of a record");
const golden = goldenOf(test, "record");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "record-"));
  context.path = join(context.folder, "market.record");
  context.clock = new FakeClock();
  context.said = [];
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

function open({ path, clock, said }: Context, over: Partial<RecordFileOptions> = {}): RecordFile {
  const opened = openRecordFile({
    path,
    clock,
    maxBytes: 1e6,
    onFull: () => {},
    report: (text) => said.push(text),
    ...over,
  });
  if (opened.kind === "refused") throw new Error(opened.why);
  return opened.file;
}

test("lines are written in batches, and all of them by the end", async (context) => {
  const { path, clock } = context;
  const file = open(context);
  file.write("one");
  file.write("two");
  assert.is(readFileSync(path, "utf8"), "");
  await clock.advance(300);
  await until("the batch is written", () => readFileSync(path, "utf8") === "one\ntwo\n");
  file.write("three");
  await file.close();
  assert.is(readFileSync(path, "utf8"), "one\ntwo\nthree\n");
  assert.is(clock.timers, 0);
  file.write("too late");
  await file.close();
});

test("a full record gets its last line, says so once, and takes nothing more", async (context) => {
  const { path, said } = context;
  const file = open(context, { maxBytes: 100, onFull: () => file.write("the end") });
  for (let line = 0; line < 50; line++) file.write("nine char");
  await file.close();
  assert.is(readFileSync(path, "utf8"), `${"nine char\n".repeat(10)}the end\n`);
  assert.is(said.length, 1);
  golden(said.join("\n"));
});

test("the record of the run before is kept, and an empty one is not worth it", async (context) => {
  const { path } = context;
  await open(context).close();
  const first = open(context);
  assert.not.ok(existsSync(`${path}.before`));
  first.write("first");
  await first.close();
  await open(context).close();
  assert.is(readFileSync(`${path}.before`, "utf8"), "first\n");
  assert.is(readFileSync(path, "utf8"), "");
});

test("a place that cannot be written is refused before anything starts", (context) => {
  const { folder, clock } = context;
  mkdirSync(join(folder, "a-folder"));
  for (const path of [join(folder, "a-folder"), join(folder, "nowhere", "file")]) {
    const opened = openRecordFile({ path, clock, maxBytes: 1, onFull: () => {}, report: () => {} });
    assert.is(opened.kind, "refused");
    if (opened.kind === "refused") golden(opened.why);
  }
});

test("what is no file is refused at once, and nothing waits for the other end of a pipe", (context) => {
  const { path } = context;
  const refusalOf = (of: string): string => {
    const opened = openRecordFile({ path: of, clock: context.clock, maxBytes: 1, onFull: () => {}, report: () => {} });
    return opened.kind === "refused" ? opened.why : "opened";
  };
  execFileSync("mkfifo", [path]);
  golden(refusalOf(path));
  symlinkSync(path, `${path}.link`);
  golden(refusalOf(`${path}.link`));
  // With a reader it would open, and a record would end in a pipe, which cannot be replayed.
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  golden(refusalOf(path));
  closeSync(reader);
  assert.is(context.clock.timers, 0);
});

test("a file that is deleted, with its folder or alone, ends the record and says so", async (context) => {
  const { folder, clock, said } = context;
  const file = open(context);
  file.write("a line");
  await clock.advance(300);
  rmSync(folder, { recursive: true });
  file.write("another");
  await clock.advance(300);
  await until("the reason is reported", () => said.length > 0);
  golden(said.join("\n"));
  await file.close();
});

test("a disk that is full ends the record and not the Market", async (context) => {
  if (!existsSync("/dev/full")) return;
  const file = open({ ...context, path: "/dev/full" });
  file.write("a line");
  await context.clock.advance(300);
  await until("the reason is reported", () => context.said.length > 0);
  golden(context.said.join("\n"));
  file.write("another");
  await file.close();
});

test("lines are read back whatever their place in the chunks, the last one also when it was cut", async ({ path }) => {
  const long = "x".repeat(100_000);
  writeFileSync(path, `one\n${long}\n\ncut`);
  const read = [];
  for await (const line of linesOf(path)) read.push([line.number, line.text.length, line.isComplete]);
  assert.equal(read, [
    [1, 3, true],
    [2, 100_000, true],
    [3, 0, true],
    [4, 3, false],
  ]);
});

test("a line without end is given up, not held", async ({ path }) => {
  writeFileSync(path, `one\n${"y".repeat(3_000_000)}`);
  const read = [];
  for await (const line of linesOf(path)) read.push([line.number, line.isTooLong]);
  assert.equal(read, [
    [1, false],
    [2, true],
  ]);
});

test.run();
