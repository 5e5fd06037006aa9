// Fixtures for the drill of faults: a process that can be paused or killed, and invalid commands.

import type { PauseHandle, ProcessControl } from "../../src/faults/process-control.ts";
import type { Process } from "./actors.ts";

const ARM_MS = 200;

/** The process of the instance, as far as a pause or a kill is concerned. */
export class Watched implements ProcessControl {
  readonly done: string[] = [];
  willArm = true;
  willBegin = true;
  readonly #process: Process;

  constructor(process: Process) {
    this.#process = process;
  }

  async preparePause({ instance, forMs }: { readonly instance: number; readonly forMs: number }): Promise<PauseHandle> {
    this.done.push(`arm ${instance} ${forMs}`);
    await new Promise<void>((resolve) => void this.#process.host.after(ARM_MS, resolve));
    if (!this.willArm) return { kind: "failed", why: "it has no watch" };
    const note = (what: string): void => void this.done.push(what);
    return {
      kind: "armed",
      begin: async () => this.willBegin,
      stop: () => note("stop"),
      release: () => note("release"),
    };
  }

  kill(): void {
    this.done.push("kill");
  }
}

/** Orders that are none. */
export const BAD_BODIES: readonly unknown[] = [
  ...[null, 3, "pause", [], {}, { fault: 7 }, { fault: "nap" }, { fault: "Slow", byMs: 5 }],
  ...[499, 600_001, 500.5, "1000", null, Number.MAX_VALUE].map((forMs) => ({ fault: "mute", forMs })),
  ...[0, 60_001, 1.5, "9", undefined, null].map((byMs) => ({ fault: "slow", byMs, forMs: 1_000 })),
  ...[0, 0.009, 1.01, "1", undefined, null].map((share) => ({ fault: "fail", share, forMs: 1_000 })),
];

/** Answers to a command, and the result that the caller reads. */
export const STRANGE_ANSWERS: readonly (readonly [answer: string, known: "done" | "unanswered"])[] = [
  ['{"instance":8,"incarnation":"8-l","faults":[]}', "done"],
  ["{", "unanswered"],
  ["null", "unanswered"],
  ['{"instance":8,"incarnation":"8-l"}', "unanswered"],
  ['{"instance":1.5,"incarnation":"8-l","faults":[]}', "unanswered"],
  ['{"instance":8,"incarnation":"a.b","faults":[]}', "unanswered"],
  ['{"instance":8,"incarnation":8,"faults":[]}', "unanswered"],
];
