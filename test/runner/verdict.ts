// The verdict on a finished test file. uvu prints "0 of 2 passed" in green and exits 0 when a `before` hook throws. It
// prints nothing and exits 0 when a file forgets `.run()`. A file therefore counts as passed only with a summary that
// adds up, an exit code of 0 and no process left behind.

export interface Ended {
  readonly output: string;
  readonly code: number | null;
  readonly signal: string | null;
  /** Set when the file ran longer than this and was ended. */
  readonly overLimitMs: number | undefined;
  /** Processor time of the process and of its descendants that were waited for; undefined where the system has no /proc. */
  readonly cpuMs?: number | undefined;
  /** Processes that outlived the file, as `pid command`. */
  readonly leftBehind: readonly string[];
}

export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Why it failed; empty when it did not. */
  readonly why: readonly string[];
}

const SUMMARY = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm;

export function judge(ended: Ended): Verdict {
  const summary = [...withoutColours(ended.output).matchAll(SUMMARY)].at(-1);
  const [total, passed, skipped] = (summary ?? []).slice(1).map(Number);
  const why = [
    ...endTroubles(ended),
    ...summaryTroubles(total, passed, ended),
    ...ended.leftBehind.map((one) => `left a process behind: ${one}`),
  ];
  const unpassed = (total ?? 0) - (passed ?? 0);
  // A file that fails for a reason of its own counts as one failure, so that no failure can vanish from the sum.
  return { passed: passed ?? 0, failed: why.length === 0 ? 0 : Math.max(1, unpassed), skipped: skipped ?? 0, why };
}

function endTroubles({ overLimitMs, code, signal }: Ended): string[] {
  if (overLimitMs !== undefined) return [`still ran after ${Math.round(overLimitMs / 1000)} s and was ended`];
  if (signal !== null) return [`was killed by ${signal}`];
  return code === 0 ? [] : [`exit code ${code}`];
}

function summaryTroubles(total: number | undefined, passed: number | undefined, ended: Ended): string[] {
  const endedByForce = ended.overLimitMs !== undefined || ended.signal !== null;
  if (total === undefined) return endedByForce ? [] : ["ran no test: does the file end with .run()?"];
  if (total === 0) return ["ran no test: every one is skipped"];
  if (passed === total) return [];
  return [`${passed} of ${total} passed${ended.code === 0 ? ": does a before hook throw?" : ""}`];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out here
const withoutColours = (text: string): string => text.replace(/\x1b\[[0-9;]*m/g, "");
