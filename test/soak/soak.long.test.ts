// takes: 25 s
// alone
// A very short soak, of twelve seconds: it runs, passes, and leaves no process behind. The long one is `make soak`.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soak } from "./run-soak.ts";

const test = suite("a soak");

const SOAK_MS = 12_000;
const SEED = 3;

test("through pauses, kills, restarts and a bus that goes away every page is answered, and memory is flat", async () => {
  const lines: string[] = [];
  const judged = await soak({ soakMs: SOAK_MS, seed: SEED, print: (line) => lines.push(line), isEnough: () => false });
  assert.ok(judged.good, [...lines, ...judged.lines].join("\n"));
  assert.ok(lines.some((line) => /\d+ pages\/s, 0 failures {2}Market: RSS .* heap .* handles/.test(line)));
  assert.match(lines.at(-1) ?? "", /^faults: /);
});

test.run();
