// Three instances, each a process, and what goes wrong with them.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("instance.js", import.meta.url));

export class Fleet {
  readonly #ledger: string;
  readonly #processes = new Map<number, ChildProcess>();

  constructor(ledger: string) {
    this.#ledger = ledger;
  }

  async start(...numbers: number[]): Promise<void> {
    await Promise.all(numbers.map((number) => this.#start(number)));
  }

  async #start(number: number): Promise<void> {
    const child = fork(SCRIPT, [this.#ledger, `${number}`]);
    this.#processes.set(number, child);
    await once(child, "message");
    console.log(`instance ${number} is up: pid ${child.pid}`);
  }

  /** As a crash: no goodbye, and what it works on is lost. */
  async kill(...numbers: number[]): Promise<void> {
    console.log(`instance ${numbers.join(", ")} killed`);
    await Promise.all(numbers.map((number) => this.#end(number, "SIGKILL")));
  }

  /** It answers nothing, and executes later what has reached it. */
  async hang(number: number, ms: number): Promise<void> {
    console.log(`instance ${number} hangs for ${ms} ms`);
    this.#processes.get(number)?.kill("SIGSTOP");
    await sleep(ms);
    this.#processes.get(number)?.kill("SIGCONT");
  }

  /** In order: each finishes what it has begun. */
  async stop(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((number) => this.#end(number, "SIGTERM")));
  }

  async #end(number: number, signal: NodeJS.Signals): Promise<void> {
    const child = this.#processes.get(number);
    this.#processes.delete(number);
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
