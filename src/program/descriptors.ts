// The descriptors of this process, as the kernel counts them.

import { readdirSync, readFileSync } from "node:fs";

/** What most systems grant where none of them says how many. */
const DEFAULT_LIMIT = 1_024;
/** Opened by node before any of ours. */
const DEFAULT_IN_USE = 32;

/** The most that may be open at once, now: prlimit changes it while a program runs. */
export function descriptorLimit(): number {
  const limit = ofProc() ?? ofReport();
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit ?? DEFAULT_LIMIT) || DEFAULT_LIMIT;
}

/** Those that are open now. */
export function descriptorsInUse(): number {
  for (const folder of ["/proc/self/fd", "/dev/fd"]) {
    try {
      return readdirSync(folder).length;
    } catch {
      // Not on this system.
    }
  }
  return DEFAULT_IN_USE;
}

/** The soft limit on Linux, which is the one that counts. */
function ofProc(): string | undefined {
  try {
    return /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

/** Elsewhere node knows, at the price of a whole report. */
function ofReport(): string | number | undefined {
  const report = process.report?.getReport() as
    | { userLimits?: { open_files?: { soft?: string | number } } }
    | undefined;
  return report?.userLimits?.open_files?.soft;
}

/** Node opens the modules of a program many at a time: measured, the Market loads with 128, and not with 96. */
const FEWEST_TO_START = 128;

/** To be called before a program is loaded: afterwards it is too late for a sentence. */
export function endWithoutDescriptors(program: string): void {
  const limit = descriptorLimit();
  if (limit >= FEWEST_TO_START) return;
  process.stderr.write(
    `${program}: this process may open ${limit} files, and needs ${FEWEST_TO_START}: raise the limit where it is started (ulimit -n 1024, or LimitNOFILE=1024 in a systemd unit)\n`,
  );
  process.exit(1);
}
