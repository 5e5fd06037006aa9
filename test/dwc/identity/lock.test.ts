// takes: 10 s
// One at a time, among processes that may be killed.

import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../../src/clock.ts";
import { isServedBefore, type Locked, lock } from "../../../src/dwc/identity/lock.ts";
import { until } from "../../support/nats-server.ts";

interface Context {
  folder: string;
  held: ChildProcess[];
}

const test = suite<Context>("lock");
const clock = systemClock();
const script = fileURLToPath(new URL("../../support/hold-lock.js", import.meta.url));
/** Long enough for a busy machine, where the lock must come; a moment, where it must not. */
const LONG_MS = 10_000;
const SHORT_MS = 200;

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "lock-test-"));
  context.held = [];
});
test.after.each(({ folder, held }) => {
  for (const child of held) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const take = (folder: string, withinMs = LONG_MS): Promise<Locked> => lock({ folder, clock, withinMs });

async function taken(folder: string): Promise<Extract<Locked, { kind: "locked" }>> {
  const locked = await take(folder);
  assert.ok(locked.kind === "locked", JSON.stringify(locked));
  return locked;
}

/** Another process, which holds the lock from when this resolves. */
async function holder({ folder, held }: Context): Promise<ChildProcess> {
  const child = fork(script, [folder]);
  held.push(child);
  assert.is(await new Promise((resolve) => child.once("message", resolve)), "locked");
  return child;
}

const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once("exit", resolve));

/** The ticket of a process; `began`: what /proc says of when that was, or anything else for one that is no more. */
const ticket = (number: number, pid: number, began: string): string => `${number}.${pid}.${began}.abcdef`;

function beganAt(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

test("one holds it, the next gets it when it is released, and nothing is left", async ({ folder }) => {
  const first = await taken(folder);
  assert.is((await take(folder, SHORT_MS)).kind, "busy");
  const second = take(folder);
  first.release();
  const locked = await second;
  assert.ok(locked.kind === "locked");
  locked.release();
  assert.equal(readdirSync(folder), []);
});

test("in the order in which they came, and never two at once", async ({ folder }) => {
  const order: number[] = [];
  let inside = 0;
  const first = await taken(folder);
  const turns = [1, 2, 3, 4, 5].map(async (turn) => {
    const locked = await taken(folder);
    inside += 1;
    assert.is(inside, 1);
    order.push(turn);
    await new Promise<void>((resolve) => clock.after(5, resolve));
    inside -= 1;
    locked.release();
  });
  first.release();
  await Promise.all(turns);
  assert.equal(order, [1, 2, 3, 4, 5]);
});

test("a live holder is named, and keeps it", async (context) => {
  const other = await holder(context);
  const busy = await take(context.folder, SHORT_MS);
  assert.equal(busy, { kind: "busy", pid: other.pid });
  assert.is(readdirSync(context.folder).length, 1, "who gave up leaves no ticket");
  const next = take(context.folder);
  other.send("release");
  assert.is((await next).kind, "locked");
});

test("killed while it holds, it is in nobody's way", async (context) => {
  const other = await holder(context);
  const next = take(context.folder);
  const gone = ended(other);
  other.kill("SIGKILL");
  await gone;
  const locked = await next;
  assert.ok(locked.kind === "locked");
  locked.release();
  assert.equal(readdirSync(context.folder), []);
});

test("stopped while it holds, it still holds", async (context) => {
  const other = await holder(context);
  other.kill("SIGSTOP");
  assert.is((await take(context.folder, SHORT_MS)).kind, "busy");
  other.kill("SIGCONT");
});

test("tickets of the dead count for nothing: of a process that is no more, or whose number is another's now", async ({
  folder,
}) => {
  // A process id above the system's highest; our own id, at another time; one that died while it drew.
  for (const name of [ticket(1, 4_194_305, "1"), ticket(1, process.pid, "1"), ticket(0, 4_194_305, "1")]) {
    if (name.includes(`.${process.pid}.`) && process.platform !== "linux") continue;
    writeFileSync(join(folder, name), "");
    const locked = await take(folder, LONG_MS);
    assert.is(locked.kind, "locked", name);
    if (locked.kind === "locked") locked.release();
    assert.equal(readdirSync(folder), [], name);
  }
});

test("one that has died and whom nobody has collected yet is dead", async ({ folder, held }) => {
  if (process.platform !== "linux") return;
  const parent = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  held.push(parent);
  const pid = Number(await new Promise((resolve) => parent.stdout.once("data", resolve)));
  await until("a zombie", () => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1")));
  writeFileSync(join(folder, ticket(1, pid, beganAt(pid))), "");
  (await taken(folder)).release();
});

test("whoever lives and is drawing is waited for, as that number may be lower", async ({ folder }) => {
  if (process.platform !== "linux") return;
  const drawing = join(folder, ticket(0, process.ppid, beganAt(process.ppid)));
  writeFileSync(drawing, "");
  assert.equal(await take(folder, SHORT_MS), { kind: "busy", pid: process.ppid });
  rmSync(drawing);
  assert.is((await take(folder)).kind, "locked");
});

test("a queue that moves is waited in, however long it is", async ({ folder }) => {
  const first = await taken(folder);
  const second = take(folder);
  const patient = take(folder, SHORT_MS * 2);
  await new Promise<void>((resolve) => clock.after(SHORT_MS, resolve));
  first.release();
  const next = await second;
  await new Promise<void>((resolve) => clock.after(SHORT_MS + SHORT_MS / 2, resolve));
  if (next.kind === "locked") next.release();
  assert.is((await patient).kind, "locked");
});

test("what is no ticket is left alone", async ({ folder }) => {
  for (const name of ["README", "1.2.3", "x.1.2.ab", "1.2.3.xyz"]) writeFileSync(join(folder, name), "");
  (await taken(folder)).release();
  assert.is(readdirSync(folder).length, 4);
});

test("the lower number is served first, of equals one, and whoever draws before all", () => {
  const one = (number: number, word: string) => ({ name: `${number}.1.1.${word}`, number, pid: 1, began: "1" });
  assert.ok(isServedBefore(one(1, "b"), one(2, "a")));
  assert.not.ok(isServedBefore(one(2, "a"), one(1, "b")));
  assert.ok(isServedBefore(one(1, "a"), one(1, "b")) && !isServedBefore(one(1, "b"), one(1, "a")));
  assert.ok(isServedBefore(one(0, "z"), one(1, "a")));
  assert.not.ok(isServedBefore(one(1, "a"), one(1, "a")), "not oneself");
});

test.run();
