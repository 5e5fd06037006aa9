// The number of idle cores between two readings of the machine's processor time.

import type { CpuInfo } from "node:os";

type Times = readonly Pick<CpuInfo, "times">[];

/** Both in the form of os.cpus(). A machine that reports no times has no idle cores. */
export function idleCores(before: Times, now: Times): number {
  const spentMs = sum(now, allOf) - sum(before, allOf);
  const idleMs = sum(now, ({ times }) => times.idle) - sum(before, ({ times }) => times.idle);
  return spentMs > 0 ? (idleMs / spentMs) * now.length : 0;
}

const allOf = ({ times }: Times[number]): number => Object.values(times).reduce((all, ms) => all + ms, 0);
const sum = (cores: Times, part: (core: Times[number]) => number): number =>
  cores.reduce((all, core) => all + part(core), 0);
