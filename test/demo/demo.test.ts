// The start of the demo, with small programs in place of the Market and the instances: the instructions come once the
// Market has reported each instance that runs, or after a limit.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { loopTurn } from "../../src/clock.ts";
import { startDemo } from "../../src/demo/demo.ts";
import type { ShutdownHooks, StartResult } from "../../src/program/program.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { until } from "../support/until.ts";

interface Scene {
  folder: string;
  clock: FakeClock;
  lines: string[];
  closers: ShutdownHooks;
}

interface Start {
  /** What the start has returned. Rejects after a limit: a start may wait for ever. */
  readonly kind: () => Promise<StartResult["kind"]>;
}

const test = suite<Scene>("the start of the demo");

test.before.each((scene) => {
  scene.folder = mkdtempSync(join(tmpdir(), "demo-"));
  scene.clock = new FakeClock();
  scene.lines = [];
  scene.closers = [];
});
test.after.each(async ({ folder, closers }) => {
  for (const close of closers) await close();
  rmSync(folder, { recursive: true });
});

/** Four programs start, and a busy machine starts them slowly. */
const LIMIT_MS = 30_000;
const OPEN = "The Market is open";

/** A stand-in ends with the process that has started it. */
const ENDS = `for (const end of ["SIGTERM", "disconnect"]) process.on(end, () => process.exit());`;

/** Reports instances 1 and 3 at once, and instance 2 when the file `reported` is there. */
const marketScript = (folder: string): string => `import { existsSync } from "node:fs";
${ENDS}
const report = (instance) =>
  process.send({ activity: { at: 0, kind: "state", event: { kind: "joined", who: { instance } } } });
process.send({ running: "http://here" });
report(1);
report(3);
const look = setInterval(() => {
  if (!existsSync(${JSON.stringify(join(folder, "reported"))})) return;
  report(2);
  clearInterval(look);
}, 10);
setInterval(() => {}, 1000);`;

/** Runs, and sends a line over the same channel: with that line the start has been read. */
const RUNS = `${ENDS}
process.send({ running: "" });
const line = { level: "WARNING", logger: "ratings", text: "- instance " + process.argv[3] + " serves" };
process.send({ activity: { at: 0, kind: "line", line } });
setInterval(() => {}, 1000);`;
const REFUSES_2 = `if (process.argv[3] === "2") process.exit(1);\n${RUNS}`;

/** Resolves once the demo has read that the instances run. */
async function start({ folder, clock, lines, closers }: Scene, ratings: string): Promise<Start> {
  const scripts = { marketScript: join(folder, "market.mjs"), ratingsScript: join(folder, "ratings.mjs") };
  writeFileSync(scripts.marketScript, marketScript(folder));
  writeFileSync(scripts.ratingsScript, ratings);
  let result: StartResult | undefined;
  const started = startDemo(
    {
      ...{ ...scripts, clock, chaos: false, rate: 0, isVerbose: false, keys: undefined },
      look: () => ({ colour: false, columns: 80, timeOfDay: () => "12:00:00" }),
      print: (line) => void lines.push(line),
      over: () => undefined,
    },
    closers,
  );
  void started.then((value) => (result = value));
  const running = ratings === RUNS ? [1, 2, 3] : [1, 3];
  const isRead = (): boolean => running.every((instance) => isPrinted(lines, instance, "serves"));
  await until("each has sent its line", isRead, LIMIT_MS, () => lines.join("\n"));
  await loopTurn();
  const hasEnded = (): boolean => result !== undefined;
  return {
    kind: async () => {
      await until("the start has ended", hasEnded, LIMIT_MS, () => lines.join("\n"));
      return (await started).kind;
    },
  };
}

const isPrinted = (lines: readonly string[], instance: number, text: string): boolean =>
  lines.some((line) => line.endsWith(` instance ${instance}  ${text}`));
const isOpen = ({ lines }: Scene): boolean => lines.some((line) => line.startsWith(OPEN));

test("the instructions come after the Market's report of each instance, also where that is the last of all", async (scene) => {
  const { kind } = await start(scene, RUNS);
  assert.not.ok(isOpen(scene), "instance 2 is not reported yet");
  writeFileSync(join(scene.folder, "reported"), "");
  assert.is(await kind(), "running");
  const { lines } = scene;
  const at = lines.findIndex((line) => line.startsWith(OPEN));
  for (const instance of [1, 2, 3]) assert.ok(isPrinted(lines.slice(0, at), instance, "is up"), `instance ${instance}`);
});

test("an instance that has ended is not waited for", async (scene) => {
  const { kind } = await start(scene, REFUSES_2);
  assert.is(await kind(), "running");
  assert.ok(isOpen(scene));
  assert.not.ok(isPrinted(scene.lines, 2, "is up"));
});

test("a report that does not come holds the instructions up for a limited time", async (scene) => {
  const { kind } = await start(scene, RUNS);
  await scene.clock.advance(60_000);
  assert.is(await kind(), "running");
  assert.ok(isOpen(scene));
});

test("^C while a report is awaited ends all, and prints no instructions", async (scene) => {
  const { kind } = await start(scene, RUNS);
  for (const close of scene.closers.splice(0)) await close();
  assert.is(await kind(), "running");
  assert.not.ok(isOpen(scene));
  assert.is(scene.lines.at(-1), "demo: everything has ended");
});

test.run();
