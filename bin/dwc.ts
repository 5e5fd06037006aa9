// Loads the program bin/main/dwc.ts. That takes longer than the start of Node itself: a command that waits for answers
// says so first, where it can be replaced by them.

import { canReplaceLines, earlyLine } from "../src/dwc/cli/core/early-line.ts";

const { argv, env, stdout } = process;
const line = canReplaceLines(stdout.isTTY, env["TERM"]) ? earlyLine(argv.slice(2)) : undefined;
if (line !== undefined) stdout.write(`${line}\n`);
await import("./main/dwc.ts");
