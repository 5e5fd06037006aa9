// A thread of `make sim`: runs its seeds and reports the results several times a second.

import { parentPort, workerData } from "node:worker_threads";
import { type Failure, liveSeed } from "./day.ts";

/** Seeds of a thread: every `step`th one from `from` to `to`. */
export interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** Ends with the first day that breaks a property. */
  readonly untilBroken: boolean;
}

export interface Progress {
  readonly days: number;
  readonly calls: number;
  readonly failures: readonly Failure[];
}

const REPORT_MS = 250;

async function work({ from, to, step, untilBroken }: Share): Promise<void> {
  let report: { days: number; calls: number; failures: Failure[] } = { days: 0, calls: 0, failures: [] };
  let reportedAt = performance.now();
  for (let seed = from; seed <= to; seed += step) {
    const { failure, calls } = await liveSeed(seed);
    report.days += 1;
    report.calls += calls;
    if (failure !== undefined) report.failures.push(failure);
    const isLast = seed + step > to || (untilBroken && failure !== undefined);
    if (isLast || performance.now() - reportedAt >= REPORT_MS) {
      parentPort?.postMessage(report);
      report = { days: 0, calls: 0, failures: [] };
      reportedAt = performance.now();
      // Else a message from outside would never be read: a day runs in promises alone.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (isLast) return;
  }
}

await work(workerData as Share);
