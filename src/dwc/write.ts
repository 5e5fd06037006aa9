// Writes what a command has to tell, and sets the exit code. `dwc status | head` is no error; a full disk is.

import type { Rendered } from "./core/outcome.ts";

export function write({ stdout, stderr, exitCode }: Rendered): void {
  process.exitCode = exitCode;
  // Whoever read has gone, so there is nobody left to tell.
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    process.stderr.write(`dwc: the result could not be written (${error.code ?? error.message})\n`);
    process.exitCode = 1;
  });
  if (stdout !== "") process.stdout.write(stdout);
  if (stderr !== "") process.stderr.write(stderr);
}
