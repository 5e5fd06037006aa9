// Many seeds on all cores: each thread takes every so-manieth.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Failure } from "./day.ts";
import type { Progress, Share } from "./worker.ts";

export interface Sum {
  days: number;
  calls: number;
  readonly failures: Failure[];
}

export interface Run {
  readonly from: number;
  readonly to: number;
  /** Where the compiled worker is: of this project, or of a copy with a defect. */
  readonly worker: URL;
  /** Each thread ends with the first of its days that breaks a property: the earliest day is among those. */
  readonly untilBroken: boolean;
  /** Called about once a second. */
  readonly progress: (sum: Sum) => void;
  /** How long a thread may be silent. */
  readonly stuckMs?: number;
}

const TELL_MS = 900;
/** A day takes milliseconds. One that never ends is a bug of the simulation, and is reported. */
const STUCK_MS = 60_000;
/** A day leaves little garbage, and most of it at once: with room for it the collector runs less often. */
const ROOM = { maxYoungGenerationSizeMb: 64 };

export async function runSeeds({ from, to, worker, untilBroken, progress, stuckMs = STUCK_MS }: Run): Promise<Sum> {
  const threads = Math.min(availableParallelism(), to - from + 1);
  const sum: Sum = { days: 0, calls: 0, failures: [] };
  const workers: Worker[] = [];
  const telling = setInterval(() => progress(sum), TELL_MS);
  const endAll = async (): Promise<void> => void (await Promise.all(workers.map((thread) => thread.terminate())));
  const runOne = (first: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const share: Share = { from: first, to, step: threads, untilBroken };
      const thread = new Worker(worker, { workerData: share, resourceLimits: ROOM });
      let reported = first;
      const giveUp = (): void =>
        reject(new Error(`a simulated day does not end: seed ${reported}, or a later one with a step of ${threads}`));
      const stuck = setTimeout(giveUp, stuckMs);
      workers.push(thread);
      thread.on("message", ({ days, calls, failures }: Progress) => {
        stuck.refresh();
        reported += days * threads;
        sum.days += days;
        sum.calls += calls;
        sum.failures.push(...failures);
      });
      thread.on("error", reject);
      thread.on("exit", () => {
        clearTimeout(stuck);
        resolve();
      });
    });
  try {
    await Promise.all(Array.from({ length: threads }, (_, place) => runOne(from + place)));
  } finally {
    clearInterval(telling);
    await endAll();
  }
  sum.failures.sort((a, b) => a.seed - b.seed);
  return sum;
}
