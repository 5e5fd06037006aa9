// Steps of the walkthrough, typed one after another in windows of their own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Step } from "./steps.ts";
import { SHORT_PACE, Walk } from "./walk.ts";

/** @throws an Error with the name of the step that failed */
export async function typeAll(steps: readonly Step[]): Promise<void> {
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
