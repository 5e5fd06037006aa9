// Programs on the hosts of the network, each in its namespace. The kernel ends them when this process ends for any
// reason. Their lines are passed on as they come, and kept in a file.

import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

export interface HostPlan {
  readonly namespace: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly onLine: (line: string) => void;
}

/** How long a program may take over its goodbye before it is ended by force. */
const END_TIMEOUT_MS = 5_000;

export class HostProcess {
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;

  constructor({ namespace, command, env, logFile, onLine: onEvent }: HostPlan) {
    // `ip` and `setpriv` become the program, so the signals sent to the child reach it.
    const words = ["netns", "exec", namespace, "setpriv", "--pdeathsig", "KILL", "--", ...command];
    // A session of its own: ^C reaches this process alone, which then ends the others in order.
    this.#child = spawn("ip", words, { env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    const log = createWriteStream(logFile, { flags: "a" });
    this.#child.once("close", () => log.end());
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        log.write(`${new Date().toISOString()} ${line}\n`);
        onEvent(line);
      });
    }
    this.#child.stdin?.on("error", () => undefined); // it ended: `ended` reports that
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("close", () => resolve());
      this.#child.once("error", reject);
    });
    this.ended.catch(() => undefined);
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error("hosts: a program could not be started");
    return pid;
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** As with kill -9. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  async end(): Promise<void> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_TIMEOUT_MS);
    await this.ended.catch(() => undefined);
    clearTimeout(timer);
  }
}
