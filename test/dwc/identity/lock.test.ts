// takes: 10 s
// shares: identity
// One at a time, among processes that may be killed or stopped.

import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../../src/clock.ts";
import { endNote, isSameFile, type Locked, lock, ownNote, readNote } from "../../../src/dwc/identity/lock.ts";
import { goldenOf } from "../../support/golden.ts";
import { livingProcesses, type ProcessRow, stopProcess } from "../../support/processes.ts";
import { until } from "../../support/until.ts";

interface Context {
  path: string;
  held: ChildProcess[];
}

const test = suite<Context>("lock");
const golden = goldenOf(test, "dwc/identity");
const clock = systemClock();
const script = fileURLToPath(new URL("../../support/hold-lock.js", import.meta.url));
/** Long enough for a busy machine, where the lock must come; a moment, where it must not. */
const LONG_MS = 10_000;
const SHORT_MS = 200;

test.before.each((context) => {
  context.path = join(mkdtempSync(join(tmpdir(), "lock-test-")), "lock", "flock");
  context.held = [];
});
test.after.each(({ path, held }) => {
  for (const child of held) child.kill("SIGKILL");
  rmSync(dirname(dirname(path)), { recursive: true, force: true });
});

const take = (path: string, timeoutMs = LONG_MS): Promise<Locked> => lock({ path, clock, timeoutMs });

async function taken(path: string): Promise<Extract<Locked, { kind: "locked" }>> {
  const locked = await take(path);
  assert.ok(locked.kind === "locked", JSON.stringify(locked));
  return locked;
}

/** Another process, which holds the lock from when this resolves. */
async function holder({ path, held }: Context): Promise<ChildProcess> {
  const child = fork(script, [path]);
  held.push(child);
  assert.is(await new Promise((resolve) => child.once("message", resolve)), "locked");
  return child;
}

const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once("exit", resolve));

test("one holds it, the next gets it when it is released, and a second release releases nothing", async ({ path }) => {
  const first = await taken(path);
  assert.is((await take(path, SHORT_MS)).kind, "busy");
  const second = take(path);
  first.release();
  const locked = await second;
  assert.ok(locked.kind === "locked");
  first.release();
  assert.is((await take(path, SHORT_MS)).kind, "busy");
  locked.release();
});

test("a file is known by its number and its disk", () => {
  const mine = { ino: 7, dev: 1 };
  assert.ok(isSameFile(mine, { ...mine }));
  assert.not.ok(isSameFile(mine, { ino: 7, dev: 2 }));
  assert.not.ok(isSameFile(mine, { ino: 8, dev: 1 }));
});

test("a note takes the place of a longer one, so that each holder is known", async ({ path }) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${"an earlier note, ".repeat(20)}\n`);
  const locked = await taken(path);
  const note = readFileSync(path, "utf8");
  assert.match(note, /^\d+ \S+ \S+ [0-9a-f]+\n$/);
  assert.is(readNote(note)?.pid, process.pid);
  locked.release();
  assert.match(readFileSync(path, "utf8"), /^released [0-9a-f]+\n$/);
});

test("never two at once", async ({ path }) => {
  let inside = 0;
  const first = await taken(path);
  const turns = [1, 2, 3, 4, 5, 6, 7, 8].map(async () => {
    const locked = await taken(path);
    inside += 1;
    assert.is(inside, 1);
    await new Promise<void>((resolve) => clock.after(5, resolve));
    inside -= 1;
    locked.release();
  });
  first.release();
  await Promise.all(turns);
});

test("a live holder is named, and keeps it until it releases", async (context) => {
  const other = await holder(context);
  const busy = await take(context.path, SHORT_MS);
  assert.ok(busy.kind === "busy" && busy.holder?.isHere === true);
  assert.is(busy.holder?.pid, other.pid);
  const next = take(context.path);
  other.send("release");
  assert.is((await next).kind, "locked");
});

test("a process killed while it holds the lock blocks no other", async (context) => {
  const other = await holder(context);
  const next = take(context.path);
  const gone = ended(other);
  other.kill("SIGKILL");
  await gone;
  const locked = await next;
  assert.ok(locked.kind === "locked");
  locked.release();
});

test("stopped while it holds, it still holds, and goes on where it was", async (context) => {
  const other = await holder(context);
  stopProcess(other.pid ?? 0);
  assert.is((await take(context.path, SHORT_MS)).kind, "busy");
  other.kill("SIGCONT");
  const next = take(context.path);
  other.send("release");
  assert.is((await next).kind, "locked");
});

test("a process killed while it waits for the lock blocks no other", async (context) => {
  const first = await taken(context.path);
  const waiting = fork(script, [context.path]);
  context.held.push(waiting);
  await new Promise<void>((resolve) => clock.after(SHORT_MS, resolve));
  waiting.kill("SIGKILL");
  await ended(waiting);
  first.release();
  (await taken(context.path)).release();
});

test("a child of the holder does not hold it", async ({ path }) => {
  const first = await taken(path);
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  first.release();
  const next = await take(path);
  child.kill("SIGKILL");
  assert.is(next.kind, "locked");
});

test("a queue that moves is waited in, however long it is", async ({ path }) => {
  const patience = SHORT_MS * 5;
  const first = await taken(path);
  const patient = take(path, patience);
  // As the next in the queue do it, each of which holds the lock for less than that, and all of them for longer.
  for (let turn = 0; turn < 4; turn += 1) {
    await new Promise<void>((resolve) => clock.after(patience * 0.4, resolve));
    writeFileSync(path, ownNote());
  }
  first.release();
  assert.is((await patient).kind, "locked");
});

test("what an earlier version left is no obstacle, and is left alone", async ({ path }) => {
  mkdirSync(dirname(path));
  writeFileSync(join(dirname(path), `1.${process.pid}.1.abcdef`), "");
  (await taken(path)).release();
  assert.is(readdirSync(dirname(path)).length, 2);
});

test("a lock that was removed while one waited for it is not taken for the one that is there now", async ({ path }) => {
  const first = await taken(path);
  const waiting = take(path);
  await new Promise<void>((resolve) => clock.after(SHORT_MS, resolve));
  rmSync(dirname(path), { recursive: true });
  const second = await taken(path);
  first.release();
  let isServed = false;
  void waiting.then(() => {
    isServed = true;
  });
  await new Promise<void>((resolve) => clock.after(SHORT_MS, resolve));
  assert.is(isServed, false);
  second.release();
  assert.is((await waiting).kind, "locked");
});

test("what is no file is not taken for a lock, not waited for, and not written to", async ({ path }) => {
  const other = join(dirname(dirname(path)), "other");
  writeFileSync(other, "other");
  const ways: readonly (() => void)[] = [
    () => execFileSync("mkfifo", [path]),
    () => mkdirSync(path),
    () => symlinkSync(other, path),
    () => symlinkSync("/dev/zero", path),
  ];
  mkdirSync(dirname(path));
  for (const make of ways) {
    make();
    const locked = await take(path);
    golden(locked);
    rmSync(path, { recursive: true });
  }
  assert.is(readFileSync(other, "utf8"), "other");
});

for (const [name, end] of [
  ["released", (first: ChildProcess) => first.send("release")],
  ["was killed", (first: ChildProcess) => first.kill("SIGKILL")],
] as const) {
  test(`one that gets it while it is stopped holds it, and one that ${name} is not blamed for it`, async (context) => {
    const { path, held } = context;
    const first = await holder(context);
    const next = fork(script, [path]);
    held.push(next);
    const isWaiting = (): boolean => livingProcesses().some(({ parentPid }) => parentPid === next.pid);
    await until("it waits", isWaiting, LONG_MS);
    stopProcess(next.pid ?? 0);
    end(first);
    await until("the lock is its own", () => !isWaiting(), LONG_MS);
    assert.equal(await take(path, SHORT_MS), { kind: "busy", holder: undefined });
  });
}

test("where flock itself is killed, the holder is not blamed", async ({ path }) => {
  const first = await taken(path);
  const waiting = take(path);
  // Holders of earlier tests may still be ending.
  const isFlock = ({ parentPid, command }: ProcessRow): boolean =>
    parentPid === process.pid && /flock -x/.test(command);
  const helper = livingProcesses().find(isFlock);
  assert.ok(helper !== undefined);
  process.kill(helper.pid, "SIGKILL");
  golden(await waiting);
  first.release();
});

test("a note is read as it was written, and nothing else is one", () => {
  assert.is(readNote(ownNote())?.pid, process.pid);
  assert.is(readNote(ownNote())?.isHere, true);
  assert.is(readNote("12 web-1 pid:[1] 00ff\n")?.isHere, false);
  for (const content of ["", endNote(), "12", "12 web-1 pid:[1] 00ff", "x y z 00\n", "12 a b c d\n"])
    assert.is(readNote(content), undefined, content);
});

test.run();
