// The command `dwc`: reads the arguments, runs the command, and ends with its exit code.

import { systemClock } from "../../src/clock.ts";
import { complete } from "../../src/dwc/cli/complete.ts";
import type { CommandContext } from "../../src/dwc/cli/core/command.ts";
import { canReplaceLines, earlyLine } from "../../src/dwc/cli/core/early-line.ts";
import { Interruption, Output, write } from "../../src/dwc/cli/main.ts";
import { ShownLines } from "../../src/dwc/cli/shown-lines.ts";
import { COMPLETE } from "../../src/dwc/commands/completion.ts";
import { COMMANDS } from "../../src/dwc/commands/table.ts";
import { exitWithoutTerminal, ignoresHangUp } from "../../src/program/hang-up.ts";
import { openContext, runWith } from "../dwc-run.ts";

// `nohup bin/dwc events > FILE &` goes on.
if (ignoresHangUp()) process.on("SIGHUP", () => undefined);
exitWithoutTerminal();
const interruption = new Interruption();
const { env, stdin, stdout, stderr } = process;
const output = new Output(stdout);
// stderr may have lost its reader as well, also while a command runs.
stderr.on("error", () => undefined);
const typed = process.argv.slice(2);
const canReplace = canReplaceLines(stdout.isTTY, env["TERM"]);
const shown = new ShownLines(stdout, canReplace, earlyLine(typed) === undefined ? 0 : 1);
const around = { env, stdin, stdout, stderr, interruption, shown };

const [first, ...words] = typed;
if (first === COMPLETE) {
  const open = (): CommandContext | undefined => {
    const context = openContext(undefined, around);
    return "kind" in context ? undefined : context;
  };
  await write({ stdout: await complete(words, COMMANDS, open, systemClock()), stderr: "", exitCode: 0 }, output);
  // Queries without an answer must not delay the completion.
  process.exit();
} else {
  const result = await runWith(typed, around);
  // The result takes the place of what was shown meanwhile.
  shown.replace([]);
  await write(result, output);
  interruption.end();
}
