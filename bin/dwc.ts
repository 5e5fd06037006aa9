// The command `dwc`: reads the arguments, runs the command, and ends with its exit code.

import { systemClock } from "../src/clock.ts";
import { complete } from "../src/dwc/cli/complete.ts";
import type { CommandContext } from "../src/dwc/cli/core/command.ts";
import { Interruption, Output, write } from "../src/dwc/cli/main.ts";
import { COMPLETE } from "../src/dwc/commands/completion.ts";
import { COMMANDS } from "../src/dwc/commands/table.ts";
import { exitWithoutTerminal, ignoresHangUp } from "../src/program/hang-up.ts";
import { openContext, runWith } from "./dwc-run.ts";

// `nohup bin/dwc events > FILE &` goes on.
if (ignoresHangUp()) process.on("SIGHUP", () => undefined);
exitWithoutTerminal();
const interruption = new Interruption();
const { env, stdin, stdout, stderr } = process;
const output = new Output(stdout);
// stderr may have lost its reader as well, also while a command runs.
stderr.on("error", () => undefined);
const around = { env, stdin, stdout, stderr, interruption };

const [first, ...words] = process.argv.slice(2);
if (first === COMPLETE) {
  const open = (): CommandContext | undefined => {
    const context = openContext(undefined, around);
    return "kind" in context ? undefined : context;
  };
  await write({ stdout: await complete(words, COMMANDS, open, systemClock()), stderr: "", exitCode: 0 }, output);
  // Queries without an answer must not delay the completion.
  process.exit();
} else {
  await write(await runWith(process.argv.slice(2), around), output);
  interruption.end();
}
