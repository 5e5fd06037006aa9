// takes: 10 s
// Lines of real processes, whose reader is slow, stopped or gone, and which end in every way.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MAX_QUEUED_BYTES } from "../../src/program/output.ts";
import { readProcess, send } from "../support/processes.ts";
import { until } from "../support/until.ts";

const test = suite("output");

const LIMIT_MS = 20_000;
const TALKER = fileURLToPath(new URL("./talker.js", import.meta.url));
/** More than any pipe holds by itself, less than may wait. */
const MANY = 10_000;

/** A talker whose reader is the test: it takes nothing before `read` is called. */
class Talker {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  output = "";
  #text = "";

  constructor(how: string, count: number, stdout: "pipe" | number = "pipe") {
    this.child = spawn(process.execPath, [TALKER, how, String(count)], { stdio: ["ignore", stdout, "pipe"] });
    this.child.stderr?.on("data", (data) => {
      this.output += data;
    });
    this.ended = new Promise((resolve) => this.child.once("exit", (code, signal) => resolve({ code, signal })));
  }

  read(): void {
    this.child.stdout?.on("data", (data) => {
      this.#text += data;
    });
  }

  get lines(): readonly string[] {
    return this.#text.split("\n").slice(0, -1);
  }

  untilTold(what: RegExp): Promise<void> {
    return until(`${what} was printed`, () => what.test(this.output), LIMIT_MS);
  }

  /** Its exit code, once all that it said has been read. */
  async end(): Promise<number | null> {
    const closed = new Promise<void>((resolve) => this.child.once("close", () => resolve()));
    const { code } = await this.ended;
    await closed;
    return code;
  }
}

const numbers = (lines: readonly string[]): readonly number[] =>
  lines.flatMap((line) => (/^line (\d+) x+$/.test(line) ? [Number(line.split(" ")[1])] : []));
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, place) => place + 1);

test("nothing is lost when a program exits with a slow reader", async () => {
  const talker = new Talker("exits", MANY);
  await talker.untilTold(/ends/);
  talker.read();
  assert.is(await talker.end(), 3);
  assert.equal(numbers(talker.lines), upTo(MANY));
});

/** The output of a line of shell, in which "$0" "$1" is a talker. */
const shell = (script: string): Promise<string> =>
  new Promise((resolve) => {
    execFile("sh", ["-c", script, process.execPath, TALKER], (_error, stdout) => resolve(stdout));
  });

test("nothing is lost through a pipe of the shell", async () => {
  const script = `"$0" "$1" exits ${MANY} | cat`;
  assert.equal(numbers((await shell(script)).split("\n")), upTo(MANY));
});

test("nothing is lost when a bug ends it", async () => {
  const talker = new Talker("throws", MANY);
  talker.read();
  assert.is(await talker.end(), 1);
  assert.equal(numbers(talker.lines), upTo(MANY));
  assert.match(talker.output, /a bug/);
});

test("nothing is lost when it gets a signal right after a line, and no line of its end is", async () => {
  const talker = new Talker("serves", 3);
  talker.read();
  await talker.untilTold(/serves/);
  if (talker.child.pid !== undefined) send(talker.child.pid, "SIGTERM");
  assert.is(await talker.end(), 0);
  assert.equal(numbers(talker.lines), [1, 2, 3]);
  assert.is(talker.lines.at(-1), "bye");
});

test("a refusal stands below what was said before", async () => {
  const script = '"$0" "$1" refuses 3 2>&1';
  assert.match(await shell(script), /line 3 x+\nno way\n$/);
});

test("a file gets every line", async () => {
  const folder = mkdtempSync(join(tmpdir(), "output-test-"));
  const file = join(folder, "log");
  const descriptor = openSync(file, "a");
  const talker = new Talker("exits", MANY, descriptor);
  await talker.ended;
  closeSync(descriptor);
  assert.equal(numbers(readFileSync(file, "utf8").split("\n")), upTo(MANY));
  rmSync(folder, { recursive: true });
});

test("a reader that has gone ends it quietly", async () => {
  const talker = new Talker("floods", 2000);
  talker.child.stdout?.destroy();
  const { code } = await talker.ended;
  assert.is(code, 0);
  assert.not.match(talker.output, /Error|EPIPE/);
});

test("a reader that reads nothing stops no program, and the missed lines are counted in their place", async () => {
  const count = 200_000;
  const talker = new Talker("floods", count);
  await talker.untilTold(/said/);
  talker.read();
  await until("the gap is reported", () => talker.lines.some((line) => /dropped here/.test(line)), LIMIT_MS);
  if (talker.child.pid !== undefined) send(talker.child.pid, "SIGTERM");
  assert.is(await talker.end(), 0);
  const gaps = talker.lines.filter((line) => /^WARNING:log:- \d+ lines were dropped here: /.test(line));
  const dropped = gaps.reduce((sum, gap) => sum + Number(/\d+/.exec(gap)?.[0]), 0);
  const read = numbers(talker.lines);
  assert.is(read.length + dropped, count);
  assert.equal(read.slice(0, 1000), upTo(1000), "what came first is kept");
  assert.ok(read.length * 50 < MAX_QUEUED_BYTES * 2, `${read.length} lines waited`);
});

test("a reader that takes nothing does not keep it from ending", async () => {
  const talker = new Talker("floods", MANY);
  await talker.untilTold(/said/);
  const { pid } = talker.child;
  if (pid === undefined) throw new Error("the talker did not start");
  send(pid, "SIGTERM");
  await until("it has ended", () => readProcess(pid) === undefined, LIMIT_MS);
  assert.equal(await talker.ended, { code: 0, signal: null });
  talker.child.stdout?.destroy();
});

test.run();
