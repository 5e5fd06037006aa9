// The runner behind `make test`: every test file in a process of its own, several at a time, and a sum at the end that
// no green nothing can slip into. uvu's own runner has no time limit and takes all files into one process, where one
// forgotten connection hangs the lot.
//
//   node dist/test/run.js [WORD…]     runs the files whose name holds one of the words
//   TEST_JOBS=1                       how many at a time (the number of cores)
//   --root FOLDER --limit-ms MS       for the runner's own test: other files, another limit

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Found, LIMIT_MS, type Planned, plan } from "./runner/plan.ts";
import { closing, exitCode, progressLine, type Result } from "./runner/report.ts";
import { type Running, runFile } from "./runner/run-file.ts";
import { judge, type Verdict } from "./runner/verdict.ts";

/** Longer than all files together may take: a machine that waits for the runner must get an answer. */
const OVERALL_LIMIT_MS = 45 * 60_000;
/** Nothing is silent for long: who is still running is told this often when nobody ends. */
const STILL_MS = 10_000;
const INTERRUPTED = 130; // what a shell says of a program that ^C ended

const here = dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({
  options: { root: { type: "string", default: here }, "limit-ms": { type: "string", default: String(LIMIT_MS) } },
  allowPositionals: true,
});
const project = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));

function find(root: string): readonly Found[] {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".test.js"));
  return names.map((name) => {
    const file = join(root, name);
    return { file, name: name.slice(0, -".test.js".length), text: readFileSync(sourceOf(file), "utf8") };
  });
}

/** The compiler drops a comment that stands before an import it drops: hints are read from the source, if it is there. */
function sourceOf(file: string): string {
  const source = join(project, relative(join(project, "dist"), file)).replace(/\.js$/, ".ts");
  return existsSync(source) ? source : file;
}

const startedAt = performance.now();
const running = new Map<Planned, Running>();
const results: Result[] = [];
let lastLineAt = startedAt;
let interrupted = false;

function print(line: string): void {
  lastLineAt = performance.now();
  console.log(line);
}

async function runOne(planned: Planned): Promise<void> {
  const fileStartedAt = performance.now();
  const leftMs = OVERALL_LIMIT_MS - (fileStartedAt - startedAt);
  const result = leftMs > 0 ? await runWithin(planned, leftMs) : { verdict: notRun(), output: "" };
  const told = { name: planned.name, tookMs: performance.now() - fileStartedAt, ...result };
  results.push(told);
  print(progressLine(told));
}

async function runWithin(planned: Planned, leftMs: number): Promise<{ verdict: Verdict; output: string }> {
  const file = runFile({ ...planned, limitMs: Math.min(planned.limitMs, leftMs) }, project);
  running.set(planned, file);
  const ended = await file.ended;
  running.delete(planned);
  return { verdict: judge(ended), output: ended.output };
}

const notRun = (): Verdict => ({
  passed: 0,
  failed: 1,
  skipped: 0,
  why: ["not run: all files together took too long"],
});

async function runAll(files: readonly Planned[], jobs: number): Promise<void> {
  const waiting = [...files];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !interrupted; next = waiting.shift()) await runOne(next);
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

function jobsFrom(text: string | undefined): number {
  const jobs = Number(text);
  return Number.isInteger(jobs) && jobs > 0 ? jobs : availableParallelism();
}

// Test files run in groups of their own, so a ^C reaches only the runner: it takes them along.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interrupted = true;
    for (const file of running.values()) file.kill();
  });
}
setInterval(() => {
  const names = [...running.keys()].map(({ name }) => name).join(", ");
  if (names !== "" && performance.now() - lastLineAt >= STILL_MS) print(`…    still running: ${names}`);
}, 1000).unref();

const jobs = jobsFrom(process.env["TEST_JOBS"]);
const files = plan(find(values.root), positionals, Number(values["limit-ms"]));
print(`running ${files.length} test files, ${jobs} at a time`);
await runAll(
  files.filter(({ alone }) => !alone),
  jobs,
);
await runAll(
  files.filter(({ alone }) => alone),
  1,
);
if (files.length === 0) console.log(`no test file's name holds ${positionals.join(" or ")}`);
console.log(closing(results));
process.exit(interrupted ? INTERRUPTED : exitCode(results));
