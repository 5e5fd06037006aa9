// The hang-up of the terminal (SIGHUP), and the rule whether it ends this program. nohup and `trap '' HUP` start a program
// with SIGHUP ignored, and then it must go on. Node resets every ignored signal at its start, so a Node process cannot
// read its own setting. Two traces are left. The parent (make, a shell) passed the setting on and ignores SIGHUP itself.
// And nohup replaces a terminal as stdin by /dev/null, opened for writing only. Without /proc neither can be read, and
// SIGHUP ends the program.

import { readFileSync } from "node:fs";
import { isatty } from "node:tty";

/** The last digit of the mask of ignored signals holds the first four; SIGHUP is the first of all. */
const IGNORES_SIGHUP = /^SigIgn:\s*[0-9a-f]*[13579bdf]$/m;
/** The flags of open(2) in octal: O_WRONLY is 1. */
const WRITES_ONLY = /^flags:\s*[0-7]*1$/m;

let isIgnored: boolean | undefined;

/** Read once, at the start, as the parent may end before this process does. */
export function ignoresHangUp(): boolean {
  isIgnored ??= IGNORES_SIGHUP.test(contentOf(`/proc/${process.ppid}/status`)) || isStdinOfNohup();
  return isIgnored;
}

function isStdinOfNohup(): boolean {
  return WRITES_ONLY.test(contentOf("/proc/self/fdinfo/0"));
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

const STANDARD_STREAMS = [0, 1, 2];

/**
 * Ends this process by SIGHUP if its terminal was closed meanwhile. Node resets the terminal at its exit, and aborts
 * (SIGABRT, a core file) if the terminal is gone. Call it after the listeners that write the last lines at the exit.
 */
export function exitWithoutTerminal(): void {
  const terminals = STANDARD_STREAMS.filter((stream) => isatty(stream));
  process.on("exit", () => {
    if (terminals.every((stream) => isatty(stream))) return;
    process.removeAllListeners("SIGHUP");
    process.kill(process.pid, "SIGHUP");
  });
}
