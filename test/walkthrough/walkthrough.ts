// `make walkthrough`: the story of README, typed by machine in real windows and in real time, shown as it goes.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import { STEPS } from "./steps.ts";
import { REAL_PACE, Walk, type WindowName } from "./walk.ts";

const WIDEST = "WINDOW 1".length;
const TICK_MS = 1_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const styled = (style: "bold" | "dim" | "green" | "red", text: string): string =>
  process.stdout.isTTY ? styleText(style, text) : text;

let countdown: NodeJS.Timeout | undefined;

function show(window: WindowName | "page", line: string): void {
  clearInterval(countdown);
  print(`    ${styled("dim", `${window.padEnd(WIDEST)} |`)} ${line}`);
}

/** Prints the remaining time every few seconds, so that a wait does not look like a hang. */
function waiting(why: string, ms: number): void {
  const endsAt = performance.now() + ms;
  const say = (): void =>
    print(
      `    ${styled("dim", `waiting for ${why}: ${Math.max(0, Math.round((endsAt - performance.now()) / 1000))} s`)}`,
    );
  say();
  countdown = setInterval(say, process.stdout.isTTY ? TICK_MS : 5 * TICK_MS);
}

const stateDir = mkdtempSync(join(tmpdir(), "walkthrough-"));
const folder = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));
const startedAt = performance.now();
const walk = await Walk.start({ pace: REAL_PACE, folder, stateDir, show, waiting });
process.on("SIGINT", () => void end(130));

let done = 0;
try {
  for (const step of STEPS) {
    print(styled("bold", step.name));
    await step.run(walk);
    done += 1;
    print(`    ${styled("green", "as it should be")}`);
  }
} catch (error) {
  print(styled("red", error instanceof Error ? error.message : String(error)));
}
const seconds = Math.round((performance.now() - startedAt) / 1000);
print(`walkthrough: ${done} of ${STEPS.length} steps as they should be, in ${seconds} s`);
await end(done === STEPS.length ? 0 : 1);

async function end(code: number): Promise<never> {
  clearInterval(countdown);
  await walk.close();
  rmSync(stateDir, { recursive: true, force: true });
  process.exit(code);
}
