// takes: 15 s
//
// The runner itself, over small files that do what no test file should. uvu is loaded from here, so that the fixtures
// can lie in a temporary folder.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { idleCores } from "../runner/idle-cores.ts";
import { type Found, LIMIT_MS, plan } from "../runner/plan.ts";
import { ProcessSharing, type Shared } from "../runner/shares-process.ts";
import { carries, livingProcesses, type ProcessRow, readProcess } from "../support/processes.ts";
import { repository } from "../support/repository.ts";
import { until } from "../support/until.ts";

const test = suite("the runner");
let folder: string;

test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-"));
});
test.after.each(() => rmSync(folder, { recursive: true, force: true }));

/** Known from every other sleep on this machine. */
const NAP = `300.${process.pid}`;
const isNapping = (): boolean => livingProcesses().some(({ command }) => command === `sleep ${NAP}`);
const UVU = JSON.stringify(import.meta.resolve("uvu"));
/** In the environment of all that a run under test starts: another run may be busy on this machine. */
const MARK = "RUN_UNDER_TEST";
const HEAD = `import { suite } from ${UVU}; import { spawn } from "node:child_process"; const test = suite("s");\n`;
const GOOD = 'test("a", () => {}); test("b", () => {}); test.run();';

function fixture(name: string, text: string): void {
  const path = join(folder, `${name}.test.js`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function start(
  words: readonly string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Run> } {
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const args = [join(repository, "dist/test/run.js"), "--root", folder, ...words];
  const child = spawn(process.execPath, args, { env: { ...process.env, [MARK]: folder, ...env } });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = new Promise<Run>((resolve) => {
    child.on("close", (code) => resolve({ code, said, last: said.trimEnd().split("\n").at(-1) ?? "" }));
  });
  return { child, ended };
}

interface Run {
  readonly code: number | null;
  readonly said: string;
  readonly last: string;
}
const run = (...words: string[]): Promise<Run> => start(words).ended;

test("what passes is counted, and the sum stands alone on the last line", async () => {
  fixture("one", HEAD + GOOD);
  fixture("deep/two", `${HEAD}test.skip("c", () => {}); ${GOOD}`);
  fixture("other", HEAD + GOOD);
  const { code, said, last } = await run("one", "two");
  assert.is(last, "4 passed, 0 failed, 1 skipped");
  assert.is(code, 0, said);
  assert.match(said, /^ok {2} +\d\.\d s {2}one {2}\(2 passed(, \d+\.\d s of processor time)?\)$/m);
});

/** What fails, by the name of its file. */
const BAD: Record<string, { body: string; why: RegExp }> = {
  "a test that fails": {
    body: 'test("a", () => {}); test("b", () => { throw new Error("on purpose"); }); test.run();',
    why: /exit code 1; 1 of 2 passed/,
  },
  "a before hook that throws": {
    body: `test.before(() => { throw new Error("hook"); }); ${GOOD}`,
    why: /0 of 2 passed: does a before hook throw\?/,
  },
  "a before-each hook of a later suite that throws": {
    body: `${GOOD} const late = suite("late"); late.before(() => { throw new Error("hook"); }); late("c", () => {}); late.run();`,
    why: /2 of 3 passed/,
  },
  "a forgotten run": { body: 'test("a", () => {});', why: /ran no test: does the file end with \.run\(\)\?/ },
  "only skipped tests": { body: 'test.skip("a", () => {}); test.run();', why: /ran no test: every one is skipped/ },
  "a file that does not load": { body: 'import "./nowhere.js";', why: /exit code 1/ },
  "an exit in the middle": { body: `test("a", () => process.exit(0)); test.run();`, why: /exit code 1|ran no test/ },
  "a file that is killed": {
    body: `test("a", () => process.kill(process.pid, "SIGKILL")); test.run();`,
    why: /killed by SIGKILL/,
  },
  "a child left behind": {
    body: `spawn("sleep", ["${NAP}"], { stdio: "inherit" }).unref(); ${GOOD}`,
    why: /left a process behind: \d+ sleep 300\.\d+/,
  },
  "a detached child left behind": {
    body: `spawn("sleep", ["${NAP}"], { detached: true, stdio: "ignore" }).unref(); ${GOOD}`,
    why: /left a process behind: \d+ sleep 300\.\d+/,
  },
};

test("what fails, or leaves a process behind, is named, and its output is shown", async () => {
  for (const [name, { body }] of Object.entries(BAD))
    fixture(name, `console.log("output of ${name}");\n${HEAD}${body}`);
  const { code, said } = await run();
  assert.is(code, 1);
  const lines = said.split("\n");
  for (const [name, { why }] of Object.entries(BAD)) {
    const line = lines.find((one) => one.startsWith("FAIL") && one.includes(` s  ${name}  (`)) ?? "";
    assert.match(line, /\(\d+ passed, [1-9] failed/, name);
    assert.match(line, why);
    if (name !== "a file that does not load") assert.match(said, `---- ${name}\noutput of ${name}`);
  }
  assert.not.ok(isNapping(), "no process is left");
});

test("a match that fails shows the value", async () => {
  const matches = `import * as assert from ${JSON.stringify(import.meta.resolve("uvu/assert"))};
    test("a", () => assert.match("seen\\nvalue", /other/)); test("b", () => assert.not.match("banned", /an/));
    test("c", () => assert.is("this", "that")); test.run();`;
  fixture("matches", HEAD + matches);
  const { said } = await run();
  for (const value of [/Value:\n +seen\n +value\n/, /Value:\n +banned\n/, /strictly equal[\s\S]*that[\s\S]*this/])
    assert.match(said, value);
});

test("a file that hangs is ended at its limit, with everything it started", async () => {
  const body = `const hung = spawn("sh", ["-c", "sleep ${NAP} & wait"]); console.log("hung", hung.pid); setInterval(() => {}, 1000);`;
  fixture("hangs", HEAD + body);
  const { code, said, last } = await run("--limit-ms", "700");
  assert.match(said, /still ran after 1 s and was ended/);
  assert.is(last, "0 passed, 1 failed");
  assert.is(code, 1);
  assert.not.ok(isNapping());
});

test("nothing run is not a success", async () => {
  const { code, said, last } = await run("nonesuch");
  assert.is(last, "0 passed, 0 failed");
  assert.is(code, 1, said);
});

test("a file gets a home, a state and a temporary folder of its own and none of the settings around it", async () => {
  const report =
    "process.env.HOME, process.env.DWC_STATE, process.env.TMPDIR, process.env.PORT, process.env.RETEST_DELAY_MS";
  fixture(
    "env",
    `import { writeFileSync } from "node:fs";\n${HEAD}
    writeFileSync(${JSON.stringify(join(folder, "report.json"))}, JSON.stringify([${report}])); ${GOOD}`,
  );
  const { code } = await start([], { PORT: "1", RETEST_DELAY_MS: "2", DWC_STATE: "/mine", NODE_OPTIONS: "" }).ended;
  assert.is(code, 0);
  const [home, state, temporary, port, delay] = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
  assert.equal([port, delay], [null, null]);
  for (const own of [home, state, temporary]) assert.not.ok(existsSync(own), `${own} is its own, and gone`);
});

test("a ^C takes the running files along and starts no other", async () => {
  fixture("first", `${HEAD}console.log("up"); setInterval(() => {}, 1000);`);
  fixture(
    "second",
    `${HEAD}import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(join(folder, "second"))}, ""); ${GOOD}`,
  );
  const { child, ended } = start([], { TEST_JOBS: "1" });
  const first = await new Promise<number>((resolve) => {
    const look = setInterval(() => {
      const found = livingProcesses().find(({ command }) => command.includes(join(folder, "first.test.js")));
      if (found === undefined) return;
      clearInterval(look);
      resolve(found.pid);
    }, 20);
  });
  child.kill("SIGINT");
  assert.is((await ended).code, 130);
  assert.is(readProcess(first), undefined);
  assert.not.ok(existsSync(join(folder, "second")));
});

const found = (name: string, text = "", shares?: Shared): Found => ({ file: name, name, text, shares });
const ALL = { words: [], long: "without", times: 1 } as const;

test("words choose files, by name or by path", () => {
  const files = [found("cart"), found("market/page"), found("other")];
  const names = (...words: string[]) => plan(files, { ...ALL, words }).jobs.map(({ name }) => name);
  assert.equal(names("cart"), ["cart"]);
  assert.equal(names("test/market/page.test.ts", "cart"), ["cart", "market/page"]);
});

test("the slowest start first, the lone ones come last, and a hint lengthens the limit", () => {
  const files = { quick: "", slow: "// takes: 70 s\n", lone: "// a\n// alone\n", late: `${"\n".repeat(30)}// alone\n` };
  const { jobs } = plan(
    Object.entries(files).map(([name, text]) => found(name, text)),
    ALL,
  );
  assert.equal(
    jobs.map(({ name, limitMs, alone }) => [name, limitMs, alone]),
    [
      ["slow", 350_000, false],
      ["late", LIMIT_MS, false],
      ["quick", LIMIT_MS, false],
      ["lone", LIMIT_MS, true],
    ],
  );
});

test("files that start no process share one, unless they measure time; files with a browser share another", () => {
  const pure = "no process";
  const files = [found("b", "", pure), found("a", "", pure), found("own"), found("lone", "// alone\n", pure)];
  const seen = [found("d", "// takes: 30 s\n", "a browser"), found("c", "// takes: 20 s\n", "a browser")];
  const { jobs } = plan([...files, found("slow", "// takes: 1 s\n", pure), ...seen], ALL);
  assert.equal(
    jobs.map(({ files: some }) => some.map(({ name }) => name)),
    [["c", "d"], ["a", "b"], ["slow"], ["own"], ["lone"]],
  );
  const named = ["z", "y"].map((name) => found(name, "// takes: 9 s\n// shares: bus\n"));
  const lots = plan([...files, ...named, found("alone", "// shares: bus\n// alone\n")], ALL);
  assert.equal(
    lots.jobs.map(({ files: some }) => some.map(({ name }) => name)),
    [["y", "z"], ["a", "b"], ["own"], ["alone"], ["lone"]],
  );
  assert.is(jobs[0]?.limitMs, 250_000, "a lot may take as long as its files together");
});

test("what a file may share follows from what it imports, at any depth", () => {
  writeFileSync(join(folder, "deep.js"), 'import "playwright-core"; import "node:child_process";');
  fixture("seen", 'import "./deep.js"');
  fixture("pure", 'import "node:path"');
  fixture("own", 'import "nats"');
  fixture("changes", 'import "./deep.js"; process.exitCode = 1;');
  const sharing = new ProcessSharing();
  assert.equal(
    ["seen", "pure", "own", "changes"].map((name) => sharing.of(join(folder, `${name}.test.js`))),
    ["a browser", "no process", undefined, undefined],
  );
});

test("a core is idle as far as the machine's processor time says so", () => {
  const core = (user: number, idle: number) => ({ times: { user, nice: 0, sys: 0, irq: 0, idle } });
  const before = [core(1_000, 1_000), core(5_000, 0)];
  assert.is(idleCores(before, [core(1_600, 1_000), core(5_600, 0)]), 0, "both are busy");
  assert.is(idleCores(before, [core(1_000, 1_600), core(5_300, 300)]), 1.5);
  assert.is(idleCores(before, before), 0, "nothing is known yet");
  assert.is(idleCores([], []), 0, "a machine that reports no times");
});

test("long files run with LONG only, or when a word names no other", () => {
  const files = [found("dwc/parse"), found("dwc/parallel.long"), found("sim/days.long")];
  const names = (words: readonly string[], long: "without" | "with" | "only"): readonly string[] =>
    plan(files, { words, long, times: 1 }).jobs.map(({ name }) => name);
  assert.equal(names([], "without"), ["dwc/parse"]);
  assert.equal(names([], "only"), ["dwc/parallel.long", "sim/days.long"]);
  assert.equal(names([], "with"), ["dwc/parallel.long", "dwc/parse", "sim/days.long"]);
  assert.equal(names(["dwc"], "without"), ["dwc/parse"]);
  assert.equal(names(["parallel"], "without"), ["dwc/parallel.long"]);
  assert.equal(plan(files, ALL).leftOut, ["dwc/parallel.long", "sim/days.long"]);
});

/** A file that the runner puts into a process with others: its imports start none. */
const sharing = (body: string): string => `import { suite } from ${UVU}; const test = suite("s");\n${body}`;

test("each file of a shared process is counted and judged by itself; a crash is blamed on its file, and the rest run", async () => {
  const itself = 'globalThis["pro" + "cess"]';
  fixture("a", sharing(`test("pid", () => console.log("process of a", ${itself}.pid)); ${GOOD}`));
  fixture("b", sharing('test("fails", () => { throw new Error("on purpose"); }); test("b", () => {}); test.run();'));
  fixture("c", sharing(`test("crash", () => { ${itself}.kill(${itself}.pid, "SIGKILL"); }); test.run();`));
  fixture("d", sharing(GOOD));
  const { code, said, last } = await run();
  assert.is(code, 1);
  assert.is(last, "6 passed, 2 failed", said);
  assert.match(said, /^FAIL +\d\.\d s {2}b {2}\(1 passed, 1 failed: exit code 1; 1 of 2 passed\)$/m);
  assert.match(said, /---- b\n[\s\S]*on purpose/);
  assert.match(said, /^FAIL.* c {2}\(0 passed, 1 failed: was killed by SIGKILL/m);
  assert.not.match(said, /process of a/);
});

test("a shared process that stays after its tests fails the run", async () => {
  fixture("a", sharing(`setInterval(() => {}, 1000); ${GOOD}`));
  fixture("b", sharing(GOOD));
  const { said, last } = await run("--limit-ms", "1500");
  assert.is(last, "4 passed, 1 failed", said);
  assert.match(said, /its tests were over, the process was not; still ran after \d+ s and was ended/);
});

test("--times repeats each file and counts its failures", async () => {
  fixture("twice", HEAD + GOOD);
  const { said, last } = await run("--times", "2", "--busy", "1");
  assert.is(last, "4 passed, 0 failed", said);
  assert.match(said, /^twice: 0 of 2 runs failed, the slowest took \d+\.\d s$/m);
  const isOurs = ({ pid, command }: ProcessRow): boolean =>
    command.endsWith("runner/busy.js") && carries(pid, `${MARK}=${folder}`);
  // Each ends once it notices that its parent has ended.
  await until("no busy process is left", () => !livingProcesses().some(isOurs));
});

test.run();
