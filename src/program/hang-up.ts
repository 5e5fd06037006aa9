// The hang-up of the terminal (SIGHUP), and the rule whether it ends this program. nohup and `trap '' HUP` start a program with SIGHUP ignored,
// and it is to go on. Node sets every ignored signal back when it starts, so that no process of Node can read this of
// itself. Two traces are left: the parent, which handed it down and ignores it too (make, a shell), and what nohup puts in
// the place of a terminal as stdin: /dev/null, opened for writing alone. Without /proc there are none, and SIGHUP ends.

import { readFileSync } from "node:fs";
import { isatty } from "node:tty";

/** The last digit of the mask of ignored signals holds the first four; SIGHUP is the first of all. */
const IGNORES_SIGHUP = /^SigIgn:\s*[0-9a-f]*[13579bdf]$/m;
/** Flags as open(2) has them, in octal: O_WRONLY is 1. */
const WRITES_ONLY = /^flags:\s*[0-7]*1$/m;

let isIgnored: boolean | undefined;

/** Read once, at the start: the parent may end before this process does. */
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
 * Ends this process by SIGHUP where its terminal was closed meanwhile. Node resets the terminal when it exits, and aborts
 * (SIGABRT, a core file) where there is none any more. To be called after what writes its last lines at the exit.
 */
export function exitWithoutTerminal(): void {
  const terminals = STANDARD_STREAMS.filter((stream) => isatty(stream));
  process.on("exit", () => {
    if (terminals.every((stream) => isatty(stream))) return;
    process.removeAllListeners("SIGHUP");
    process.kill(process.pid, "SIGHUP");
  });
}
