// One thing to be fuzzed: where its inputs come from, and what must hold for each. Whatever the input, reading it never
// throws, is soon over, and gives a value or a problem in words.

import * as fc from "fast-check";

export interface Found {
  readonly target: string;
  /** Runs the failing input again. */
  readonly seed: number;
  readonly path: string;
  readonly input: string;
  readonly why: string;
}

export interface Target {
  readonly name: string;
  /** Tries `count` inputs; the same ones for the same seed. */
  try(count: number, seed: number, path?: string): Found | undefined;
}

/** Any input here is read in well under a millisecond; a hundred are a loop that grows with the square of it. */
const MAX_READ_MS = 100;
/** One slow reading is the machine's; the same input slow so often is ours. */
const READINGS = 3;
/** A failing input is made smaller for so long at most. */
const SHRINK_MS = 10_000;
const MAX_SHOWN = 2000;

/** @param holds reads one input, and throws where a rule does not hold */
export function target<T>(name: string, inputs: fc.Arbitrary<T>, holds: (input: T) => void): Target {
  const property = fc.property(inputs, (input) => {
    for (let reading = 1; ; reading++) {
      const startedAt = performance.now();
      holds(input);
      const tookMs = performance.now() - startedAt;
      if (tookMs <= MAX_READ_MS) return;
      if (reading === READINGS) throw new Error(`took ${Math.round(tookMs)} ms, ${READINGS} times in a row`);
    }
  });
  return {
    name,
    try: (count, seed, path) => {
      const run = fc.check(property, {
        ...{ numRuns: count, seed, interruptAfterTimeLimit: SHRINK_MS * 10 },
        ...(path !== undefined && { path }),
      });
      if (!run.failed) return undefined;
      const why = run.errorInstance instanceof Error ? (run.errorInstance.stack ?? "") : String(run.errorInstance);
      const input = fc.stringify(run.counterexample).slice(0, MAX_SHOWN);
      return { target: name, seed: run.seed, path: run.counterexamplePath ?? "", input, why };
    },
  };
}

export function must(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Error(`does not hold: ${rule}`);
}

/** A problem is a readable sentence: not empty, and not a screen full of the input. */
export function mustBeProblem(why: unknown, most = 500): void {
  must(typeof why === "string" && why.length >= 5, `a problem says what is wrong: ${String(why)}`);
  must(why.length <= most, `a problem is short, not ${why.length} characters`);
}

export function mustBeSame(one: unknown, other: unknown, what: string): void {
  const [first, second] = [JSON.stringify(one), JSON.stringify(other)];
  must(first === second, `${what}: ${first} against ${second}`);
}
