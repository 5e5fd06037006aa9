// A real program of ours as a test sees it: a process with a pid, the lines it printed, and signals to send it.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readProcess, stopProcess } from "./processes.ts";
import { until } from "./until.ts";

export interface ProgramOptions {
  /** Of dist/bin, without ending. */
  readonly name: "market" | "ratings" | "shoppers" | "demo" | "tour" | "dwc" | "replay" | "another";
  /** Path of the program, for `another`. */
  readonly script?: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The most descriptors that the kernel lets it have. */
  readonly openFiles?: number;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How long a condition is waited for unless a test says otherwise: ages on an idle machine, enough on a busy one. */
export const DEFAULT_LIMIT_MS = 20_000;

/** To read the maps is a fifth of a start: with MAPS=1 the stack of a program's error names places in the sources. */
const MAPS: readonly string[] = process.env["MAPS"] ? ["--enable-source-maps"] : [];

const ownScript = (name: string): string => fileURLToPath(new URL(`../../bin/${name}.js`, import.meta.url));

export class Program {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  #end: Ended | undefined;

  constructor({ name, args = [], env, script = ownScript(name), openFiles }: ProgramOptions) {
    this.#name = name;
    const command = [process.execPath, ...MAPS, script, ...args];
    const limited = openFiles === undefined ? [] : ["sh", "-c", 'ulimit -n "$0" && exec "$@"', String(openFiles)];
    const [program = "", ...given] = [...limited, ...command];
    // Of our own environment only the variables that find programs: settings of the person who runs the tests must not
    // leak in.
    const { PATH = "", HOME = "" } = process.env;
    this.#child = spawn(program, given, {
      env: { PATH, HOME, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", (line) => this.#onLine(line));
    }
    this.ended = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        this.#end = { code, signal };
        resolve(this.#end);
        this.#wake();
      });
    });
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.#name} could not be started`);
    return pid;
  }

  /** Every line so far, from both outputs, in the order of reading. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** A place in the output: lines from here on are those that come after now. */
  mark(): number {
    return this.#lines.length;
  }

  since(mark: number): readonly string[] {
    return this.#lines.slice(mark);
  }

  count(pattern: RegExp, mark = 0): number {
    return this.since(mark).filter((line) => pattern.test(line)).length;
  }

  /** The first line from `mark` on that matches; fails with all that was printed when it does not come. */
  async waitFor(pattern: RegExp, { mark = 0, limitMs = DEFAULT_LIMIT_MS } = {}): Promise<RegExpMatchArray> {
    const find = (): RegExpMatchArray | null | undefined =>
      this.since(mark)
        .map((line) => line.match(pattern))
        .find((match) => match !== null);
    await this.#until(() => find() !== undefined || this.#end !== undefined, limitMs);
    const found = find();
    if (found) return found;
    throw new Error(
      `${this.#name} did not print ${pattern} within ${limitMs} ms; it printed:\n${this.since(mark).join("\n")}`,
    );
  }

  signal(signal: NodeJS.Signals): void {
    if (signal === "SIGSTOP") stopProcess(this.pid);
    else process.kill(this.pid, signal);
  }

  /** Pauses it as ^Z does, and waits until the kernel has done so: later messages find it stopped. */
  async stop(): Promise<void> {
    this.signal("SIGSTOP");
    await until("it is stopped", () => readProcess(this.pid)?.state === "T", DEFAULT_LIMIT_MS);
  }

  /** Ends it the polite way, or by force if it was stopped or takes too long. */
  async end(limitMs = 10_000): Promise<Ended> {
    if (this.#end !== undefined) return this.#end;
    this.signal("SIGTERM");
    this.signal("SIGCONT");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), limitMs);
    const ended = await this.ended;
    clearTimeout(timer);
    return ended;
  }

  #onLine(line: string): void {
    this.#lines.push(line);
    this.#wake();
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  async #until(isSo: () => boolean, limitMs: number): Promise<void> {
    if (isSo()) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (isSo()) done();
      };
      const timer = setTimeout(done, limitMs);
      this.#waiting.add(look);
    });
  }
}
