// The runner behind `make test`. A file that starts processes has a process of its own. The others share one, and so do
// those that need a browser. Several processes run at a time, and the sum at the end counts a file as passed only when
// its tests ran and passed. uvu's own runner has no time limit and takes all files into one process, where one
// connection that stays open hangs them all.
//
//   node dist/test/run.js [WORD…]     runs the files whose name holds one of the words
//   --long with | only                the long files as well, or alone
//   --times N --busy 1                each file N times; with every core kept busy by other processes
//   TEST_JOBS=1                       how many processes at a time (one a core, and more while a core is idle)
//   --root FOLDER --limit-ms MS       for the runner's own test: other files, another limit

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { dirname, join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { idleCores } from "./runner/idle-cores.ts";
import { type Found, type Job, LIMIT_MS, plan } from "./runner/plan.ts";
import { closing, exitCode, progressLine, type Result, repeated } from "./runner/report.ts";
import { type Running, runJob } from "./runner/run-job.ts";
import { sections } from "./runner/sections.ts";
import { ProcessSharing } from "./runner/shares-process.ts";
import { type Ended, judge } from "./runner/verdict.ts";

/** Longer than all files together may take: a machine that waits for the runner must get an answer. */
const OVERALL_LIMIT_MS = 45 * 60_000;
/** With no file ended for this long, the files that still run are named. */
const STILL_MS = 10_000;
/** How often the runner looks for an idle core: a program that starts is busy for about as long. */
const LOOK_MS = 600;
/** Of one core. Many test files wait for most of their time. */
const ENOUGH_IDLE = 0.6;
const MAX_A_CORE = 3;
const INTERRUPTED = 130; // what a shell says of a program that ^C ended

const here = dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({
  options: {
    root: { type: "string", default: here },
    "limit-ms": { type: "string", default: String(LIMIT_MS) },
    long: { type: "string", default: "" },
    times: { type: "string", default: "" },
    busy: { type: "string", default: "" },
  },
  allowPositionals: true,
});
const project = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));

function find(root: string): readonly Found[] {
  const sharing = new ProcessSharing();
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".test.js"));
  return names.map((name) => {
    const file = join(root, name);
    return {
      file,
      name: name.slice(0, -".test.js".length),
      text: readFileSync(sourceOf(file), "utf8"),
      shares: sharing.of(file),
    };
  });
}

/** The compiler drops a comment that stands before an import it drops: hints are read from the source, if it is there. */
function sourceOf(file: string): string {
  const source = join(project, relative(join(project, "dist"), file)).replace(/\.js$/, ".ts");
  return existsSync(source) ? source : file;
}

const startedAt = performance.now();
const running = new Map<Job, Running>();
const results: Result[] = [];
let lastLineAt = startedAt;
let interrupted = false;

function print(line: string): void {
  lastLineAt = performance.now();
  console.log(line);
}

function report(result: Result): void {
  results.push(result);
  print(progressLine(result));
}

async function runOne(job: Job): Promise<void> {
  const jobStartedAt = performance.now();
  const leftMs = OVERALL_LIMIT_MS - (jobStartedAt - startedAt);
  if (leftMs <= 0) {
    for (const { name } of job.files) report(notRun(name));
    return;
  }
  const process = runJob({ ...job, limitMs: Math.min(job.limitMs, leftMs) }, project);
  running.set(job, process);
  const ended = await process.ended;
  running.delete(job);
  const { output, cpuMs } = ended;
  if (job.files.length > 1) {
    if (cpuMs !== undefined) print(`…    ${(cpuMs / 1000).toFixed(1)} s of processor time: ${job.name}`);
    return await reportShared(job, ended);
  }
  report({ name: job.name, tookMs: performance.now() - jobStartedAt, cpuMs, verdict: judge(ended), output });
}

/** One result a file. A file during which the process ended is blamed, and those after it run in another process. */
async function reportShared(job: Job, ended: Ended): Promise<void> {
  const ran = sections(ended.output);
  for (const [place, { output, end }] of ran.entries()) {
    const last = place === ran.length - 1;
    const own = end === undefined ? ended : { ...ended, code: end.code, signal: null, overLimitMs: undefined };
    const verdict = judge({ ...own, output, leftBehind: last ? ended.leftBehind : [] });
    report({ name: job.files[place]?.name ?? "", tookMs: end?.tookMs ?? 0, verdict, output });
  }
  const crashedAfterAll = ran.length === job.files.length && ran.at(-1)?.end !== undefined && !endedWell(ended);
  if (crashedAfterAll || ran.length === 0) return reportCrash(job, ended);
  const rest = job.files.slice(ran.length);
  if (rest.length > 0 && !interrupted) await runOne({ ...job, files: rest, name: rest[0]?.name ?? job.name });
}

const endedWell = ({ code, overLimitMs }: Ended): boolean => code === 0 && overLimitMs === undefined;

function reportCrash({ name }: Job, ended: Ended): void {
  const { why } = judge({ ...ended, output: "" });
  const verdict = { passed: 0, failed: 1, skipped: 0, why: ["its tests were over, the process was not", ...why] };
  report({ name, tookMs: 0, verdict, output: ended.output });
}

const notRun = (name: string): Result => ({
  name,
  tookMs: 0,
  verdict: { passed: 0, failed: 1, skipped: 0, why: ["not run: all files together took too long"] },
  output: "",
});

/** Runs so many at a time, and more of them while those that run only wait and leave a core idle. */
async function runAll(jobs: readonly Job[], { atATime, most }: Parallel): Promise<void> {
  const waiting = [...jobs];
  const working = new Set<Promise<void>>();
  const startNext = (): void => {
    const next = interrupted ? undefined : waiting.shift();
    if (next === undefined) return;
    const work = runOne(next).finally(() => working.delete(work));
    working.add(work);
  };
  let seen = cpus();
  while (waiting.length > 0 && !interrupted) {
    while (working.size < atATime && waiting.length > 0) startNext();
    // A timer that held no process open would end the run in the middle, where all files end during one look.
    const look = pause(LOOK_MS);
    await Promise.race([look, ...working]);
    if (working.size < atATime) continue;
    await look;
    const now = cpus();
    if (working.size < most && idleCores(seen, now) >= ENOUGH_IDLE) startNext();
    seen = now;
  }
  await Promise.all(working);
}

interface Parallel {
  readonly atATime: number;
  /** With idle cores. */
  readonly most: number;
}

const positive = (text: string | undefined, otherwise: number): number => {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : otherwise;
};

function longFrom(text: string): "without" | "with" | "only" {
  if (text === "") return "without";
  return text === "only" ? "only" : "with";
}

// Test files run in groups of their own, so a ^C reaches only the runner: it takes them along.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interrupted = true;
    for (const job of running.values()) job.kill();
  });
}
setInterval(() => {
  const names = [...running.keys()].map(({ name }) => name).join(", ");
  if (names !== "" && performance.now() - lastLineAt >= STILL_MS) print(`…    still running: ${names}`);
}, 1000).unref();

const busy = (): ChildProcess[] =>
  Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, [join(here, "runner", "busy.js")], { stdio: "ignore" }),
  );

const times = positive(values.times, 1);
const asked = positive(process.env["TEST_JOBS"], 0);
const atATime = asked || availableParallelism();
const most = asked || availableParallelism() * MAX_A_CORE;
const { jobs, leftOut } = plan(find(values.root), {
  words: positionals,
  long: longFrom(values.long),
  times,
  minLimitMs: Number(values["limit-ms"]),
});
const count = jobs.reduce((sum, { files }) => sum + files.length, 0) / times;
print(
  `running ${count} test files${times > 1 ? ` ${times} times` : ""}, ${atATime} processes at a time${most > atATime ? `, up to ${most} while they wait` : ""}`,
);
if (leftOut.length > 0 && longFrom(values.long) !== "only")
  print(`not run, as they take long: ${leftOut.join(", ")} (LONG=1 runs them)`);
const spinners = values.busy === "" ? [] : busy();
await runAll(
  jobs.filter(({ alone }) => !alone),
  { atATime, most },
);
await runAll(
  jobs.filter(({ alone }) => alone),
  { atATime: 1, most: 1 },
);
for (const spinner of spinners) spinner.kill("SIGKILL");
if (count === 0) console.log(`no test file's name holds ${positionals.join(" or ")}`);
if (times > 1) console.log(repeated(results));
console.log(closing(results));
process.exit(interrupted ? INTERRUPTED : exitCode(results));
