// A window for the tests: an interactive bash with job control in a terminal of its own. ^C and ^Z work as for a person:
// a key, the terminal's driver, a signal to the whole foreground group. script(1) of util-linux makes the terminal: a
// pseudo-terminal would otherwise need a native package.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { escapeRegExp } from "./escape-regexp.ts";
import { carries, livingProcesses, type ProcessRow, send } from "./processes.ts";

export interface WindowOptions {
  /** Stands in the prompt, `name$ `, so that a transcript of several windows can be read. */
  readonly name: string;
  readonly cwd?: string;
  /** The whole environment; this process's own when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Window {
  /** Sends keys as they are: a command needs its "\n". What is typed is echoed, so a pattern may match the echo. */
  type(text: string): void;
  ctrlC(): void;
  ctrlZ(): void;
  /** All that was shown so far, without carriage returns and escape sequences. */
  output(): string;
  /** The same as the terminal receives it, with every escape sequence. */
  raw(): string;
  /** A place in the output, for `waitFor` to look behind. */
  mark(): number;
  /** The first match behind `from`; rejects with the end of the output after `limitMs`, or when the window has ended. */
  waitFor(pattern: RegExp | string, limitMs: number, from?: number): Promise<RegExpExecArray>;
  /** Takes the terminal away, as when its window is closed or the line is lost: the kernel sends the hang-up. */
  hangUp(): void;
  /** Ends everything that was started here, stopped jobs too, and resolves once all of it is gone. */
  close(): Promise<void>;
}

/** Time for a program to leave in order when its window closes: as after a ^C. */
const HANGUP_MS = 3_000;
const KILL_MS = 5_000;
/** A shell is there in a moment, on a busy machine in a few. */
const OPEN_MS = 10_000;
const POLL_MS = 20;
/** How much of the output an error shows: a screenful. */
const SHOWN_CHARACTERS = 2_500;
/** Every process started in a window finds this in its environment: that is how the window finds its processes. */
const MARK = "TEST_WINDOW";

/** Opens a window and waits until its prompt stands there. */
export async function openWindow({ name, cwd, env }: WindowOptions): Promise<Window> {
  const id = randomUUID();
  // The shell that script(1) starts first is not interactive and forgets PS1: it is set behind it.
  const shell = 'exec env PS1="$WINDOW_PROMPT" bash --norc --noprofile --noediting -i';
  const script = spawn("script", ["-qfc", shell, "/dev/null"], {
    cwd,
    env: { ...(env ?? process.env), ...quietShell(name), [MARK]: id },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let raw = "";
  let ended: string | undefined;
  const wakeUps = new Set<() => void>();
  const wake = (): void => wakeUps.forEach((wakeUp) => void wakeUp());
  const onText = (text: string): void => {
    raw += text;
    wake();
  };
  script.stdout.setEncoding("utf8").on("data", onText);
  script.stderr.setEncoding("utf8").on("data", onText);
  // Keys sent to a window that has just ended are lost; waitFor reports its end.
  script.stdin.on("error", () => {});
  script.on("error", (error) => {
    ended = `script(1) of util-linux does not start (${error.message}): type  sudo apt-get install -y util-linux`;
    wake();
  });
  script.on("exit", () => {
    ended ??= "the window has ended";
    wake();
  });

  const output = (): string => plain(raw);
  const window: Window = {
    type: (text) => void script.stdin.write(text),
    ctrlC: () => void script.stdin.write("\x03"),
    ctrlZ: () => void script.stdin.write("\x1a"),
    hangUp: () => void script.kill("SIGKILL"),
    output,
    raw: () => raw,
    mark: () => output().length,
    waitFor: (pattern, limitMs, from = 0) =>
      waitFor({ name, pattern, limitMs, from, output, ended: () => ended, wakeUps }),
    close: () => closeAll(id),
  };
  try {
    await window.waitFor(`${name}$ `, OPEN_MS);
    // Wide enough that no line of ours is broken in two.
    window.type("stty cols 250 rows 50\n");
    await window.waitFor(/rows 50\n.*\$ /, OPEN_MS);
  } catch (error) {
    await window.close();
    throw error;
  }
  return window;
}

/** A shell without distracting output: a fixed prompt, no history, no rc files, no colours, no mail. */
const quietShell = (name: string): Record<string, string> => ({
  WINDOW_PROMPT: `${name}$ `,
  PROMPT_COMMAND: "",
  HISTFILE: "",
  TERM: "dumb",
  MAILCHECK: "",
  BASH_SILENCE_DEPRECATION_WARNING: "1",
});

/** The visible text: without escape sequences (also a partial one at the end), bells and carriage returns. */
export function plain(raw: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out here
  return raw.replace(/\x1b(?:\[[0-?]*[ -/]*(?:[@-~]|$)|\][^\x07\x1b]*(?:\x07|\x1b\\|$)|[@-Z\\^_]|$)|[\r\x07]/g, "");
}

interface Wait {
  readonly name: string;
  readonly pattern: RegExp | string;
  readonly limitMs: number;
  readonly from: number;
  readonly output: () => string;
  readonly ended: () => string | undefined;
  readonly wakeUps: Set<() => void>;
}

function waitFor(wait: Wait): Promise<RegExpExecArray> {
  const pattern = typeof wait.pattern === "string" ? new RegExp(escapeRegExp(wait.pattern)) : wait.pattern;
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(limit);
      wait.wakeUps.delete(look);
      finish();
    };
    const giveUp = (why: string): void => {
      const shown = wait.output().slice(wait.from).slice(-SHOWN_CHARACTERS);
      settle(() => reject(new Error(`window ${wait.name}: ${why} while waiting for ${pattern}; it shows:\n${shown}`)));
    };
    const look = (): void => {
      // A pattern with the g flag keeps its position: every search starts at the mark.
      pattern.lastIndex = 0;
      const match = pattern.exec(wait.output().slice(wait.from));
      const ended = wait.ended();
      if (match !== null) settle(() => resolve(match));
      else if (ended !== undefined) giveUp(ended);
    };
    const limit = setTimeout(() => giveUp(`${wait.limitMs} ms went by`), wait.limitMs);
    wait.wakeUps.add(look);
    look();
  });
}

/** Closes the window as a terminal does: hangs up and continues stopped processes. Any that is left is killed. */
async function closeAll(id: string): Promise<void> {
  // A process that is ending has no environment any more, and is there for a moment yet.
  const known = new Set<number>();
  const mine = (): readonly ProcessRow[] => {
    const rows = livingProcesses().filter(({ pid }) => known.has(pid) || carries(pid, id));
    for (const { pid } of rows) known.add(pid);
    return rows;
  };
  const all = (signal: NodeJS.Signals): void => mine().forEach((row) => void send(row.pid, signal));
  all("SIGHUP");
  all("SIGCONT");
  if (await goneWithin(mine, HANGUP_MS)) return;
  all("SIGKILL");
  if (await goneWithin(mine, KILL_MS)) return;
  throw new Error(
    `still there after SIGKILL: ${mine()
      .map((row) => `${row.pid} ${row.command}`)
      .join(", ")}`,
  );
}

async function goneWithin(mine: () => readonly ProcessRow[], limitMs: number): Promise<boolean> {
  const until = performance.now() + limitMs;
  while (mine().length > 0) {
    if (performance.now() > until) return false;
    await pause(POLL_MS);
  }
  return true;
}
