// takes: 60 s
// The walkthrough of README in real windows, at a faster pace.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import { STEPS, type Step } from "./steps.ts";
import { SHORT_PACE, Walk } from "./walk.ts";

const walkthrough = suite("the walkthrough");

walkthrough("every page and every line is as the story says", () => typeAll(STEPS));

walkthrough("an org is optional: the other steps are the same without one", () =>
  typeAll(STEPS.filter(({ isOptional }) => !isOptional)),
);

async function typeAll(steps: readonly Step[]): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), "walkthrough-"));
  const folder = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));
  const walk = await Walk.start({
    pace: SHORT_PACE,
    folder,
    stateDir,
    show: () => undefined,
    waiting: () => undefined,
  });
  try {
    for (const step of steps) {
      await step.run(walk).catch((error: unknown) => {
        throw new Error(`step "${step.name}": ${error instanceof Error ? error.message : error}`);
      });
    }
  } finally {
    await walk.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

walkthrough.run();
