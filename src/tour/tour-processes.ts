// The child processes of the tour: the Market, and the instances that the tour started. Instances that the person started
// in another terminal appear in the Market's lines only, and only the person can pause and end them.

import { request } from "node:http";
import type { Clock } from "../clock.ts";
import { type Child, endAll, startChild } from "../program/processes.ts";
import type { Running } from "../program/program.ts";
import type { StopAction } from "./stop.ts";

export interface TourProcessesOptions {
  readonly marketScript: string;
  readonly ratingsScript: string;
  readonly clock: Clock;
  /** Called with every line, and the name of the program that printed it. */
  readonly onLine: (speaker: string, text: string) => void;
  readonly print: (sentence: string) => void;
}

export class TourProcesses {
  readonly #options: TourProcessesOptions;
  readonly #instances = new Map<number, Child>();
  #market: Child | undefined;
  #acting: Promise<void> = Promise.resolve();
  #running: Running | undefined;

  constructor(options: TourProcessesOptions) {
    this.#options = options;
  }

  /** @returns the addresses of page and board; undefined if the Market could not open and has printed the reason */
  async openMarket(): Promise<Running | undefined> {
    const { marketScript, onLine } = this.#options;
    this.#market = startChild({ script: marketScript, args: [], onLine: (text) => onLine("market", text) });
    this.#running = await this.#market.running;
    return this.#running;
  }

  /** Resolves when the Market has ended for any reason. */
  get marketEnded(): Promise<unknown> {
    return this.#market?.ended ?? Promise.resolve();
  }

  /** Runs after the actions before it: an instance that is still ending could not be started. */
  act(action: StopAction): Promise<void> {
    this.#acting = this.#acting.then(() => this.#act(action));
    return this.#acting;
  }

  async #act(action: StopAction): Promise<void> {
    switch (action.do) {
      case "load":
        return this.#load();
      case "start":
        return this.start(action.instances);
      case "end":
        return this.#end(action.instances);
      case "kill":
        return this.#kill(action.instance);
      default:
        return this.#each([action.instance], (child) => child[action.do]());
    }
  }

  /** Starts those that do not run yet. */
  async start(instances: readonly number[]): Promise<void> {
    const missing = instances.filter((instance) => !this.#instances.has(instance));
    await Promise.all(missing.map((instance) => this.#start(instance).running));
  }

  async close(): Promise<void> {
    const everyone = [...this.#instances.values(), ...(this.#market === undefined ? [] : [this.#market])];
    await endAll(everyone, this.#options.clock);
  }

  #start(instance: number): Child {
    const { ratingsScript, onLine } = this.#options;
    const args = ["--instance", String(instance)];
    const child = startChild({ script: ratingsScript, args, onLine: (text) => onLine(`ratings ${instance}`, text) });
    this.#instances.set(instance, child);
    void child.ended.then(() => this.#instances.delete(instance));
    return child;
  }

  /** Resolves when they have ended. An instance that has said goodbye and still runs cannot be started again. */
  async #end(instances: readonly number[]): Promise<void> {
    const children: Child[] = [];
    this.#each(instances, (child) => children.push(child));
    await endAll(children, this.#options.clock);
  }

  /** Resolves when the kernel has closed its socket: a call sent before that would go to a dead process. */
  async #kill(instance: number): Promise<void> {
    const child = this.#instances.get(instance);
    this.#each([instance], (one) => one.kill());
    await child?.ended;
  }

  #each(instances: readonly number[], act: (child: Child) => unknown): void {
    for (const instance of instances) {
      const child = this.#instances.get(instance);
      if (child === undefined)
        this.#options.print(`Instance ${instance} was started elsewhere: do it in the terminal where it runs.`);
      else act(child);
    }
  }

  /** Loads the page as a browser does. The response is discarded: the Market's lines show the result. */
  #load(): Promise<void> {
    return new Promise((resolve) => {
      const asked = request(new URL("/", this.#running?.at), (response) => response.resume().once("end", resolve));
      asked.once("error", () => resolve());
      asked.end();
    });
  }
}
