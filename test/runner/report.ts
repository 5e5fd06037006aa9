// Output of the runner. The last line stands alone and is the one that machines read.

import type { Verdict } from "./verdict.ts";

export interface Result {
  readonly name: string;
  readonly verdict: Verdict;
  readonly tookMs: number;
  /** Processor time; undefined for a file that shared its process with others. */
  readonly cpuMs?: number | undefined;
  readonly output: string;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** One line as a file ends. */
export function progressLine({ name, verdict, tookMs, cpuMs }: Result): string {
  const { passed, failed, skipped, why } = verdict;
  const counts = [`${passed} passed`];
  if (failed > 0) counts.push(`${failed} failed: ${why.join("; ")}`);
  if (skipped > 0) counts.push(`${skipped} skipped`);
  if (cpuMs !== undefined) counts.push(`${seconds(cpuMs)} of processor time`);
  return `${failed > 0 ? "FAIL" : "ok  "} ${seconds(tookMs).padStart(7)}  ${name}  (${counts.join(", ")})`;
}

/** The output of the files that failed, whole, and then the sum, alone on the last line. */
export function closing(results: readonly Result[]): string {
  const failing = results.filter(({ verdict }) => verdict.failed > 0);
  const sum = (key: "passed" | "failed" | "skipped"): number =>
    results.reduce((all, { verdict }) => all + verdict[key], 0);
  const skipped = sum("skipped");
  return [
    ...failing.map(({ name, output }) => `\n---- ${name}\n${output.trimEnd()}\n----`),
    ...(failing.length > 0 ? ["", ...failing.map(progressLine)] : []),
    `${sum("passed")} passed, ${sum("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
  ].join("\n");
}

/** How often each file passed that ran several times, the worst first. */
export function repeated(results: readonly Result[]): string {
  const names = [...new Set(results.map(({ name }) => name))];
  const rows = names.map((name) => {
    const own = results.filter((result) => result.name === name);
    const failed = own.filter(({ verdict }) => verdict.failed > 0).length;
    const slowest = Math.max(...own.map(({ tookMs }) => tookMs));
    return { failed, line: `${name}: ${failed} of ${own.length} runs failed, the slowest took ${seconds(slowest)}` };
  });
  return rows
    .sort((a, b) => b.failed - a.failed)
    .map(({ line }) => line)
    .join("\n");
}

/** Passed only if something did. */
export function exitCode(results: readonly Result[]): number {
  const failed = results.some(({ verdict }) => verdict.failed > 0);
  return !failed && results.some(({ verdict }) => verdict.passed > 0) ? 0 : 1;
}
