// Who acts in the tour: the Market and the instances that the tour has started itself, each a process of its own. What
// the person has started in another terminal is seen in the Market's lines only, and is the person's to pause and to end.

import { request } from "node:http";
import type { Clock } from "../clock.ts";
import { type Child, endAll, startChild } from "../program/processes.ts";
import type { Running } from "../program/program.ts";
import type { StopAction } from "./stop.ts";

export interface TroupeOptions {
  readonly marketScript: string;
  readonly ratingsScript: string;
  readonly clock: Clock;
  /** Gets every line: who printed it, and the line. */
  readonly onLine: (speaker: string, text: string) => void;
  readonly tell: (sentence: string) => void;
}

export class TourProcesses {
  readonly #options: TroupeOptions;
  readonly #instances = new Map<number, Child>();
  #market: Child | undefined;
  #acting: Promise<void> = Promise.resolve();
  #running: Running | undefined;

  constructor(options: TroupeOptions) {
    this.#options = options;
  }

  /** @returns where page and board are; undefined if the Market could not open, for which it has told the reason */
  async openMarket(): Promise<Running | undefined> {
    const { marketScript, onLine } = this.#options;
    this.#market = startChild({ script: marketScript, args: [], onLine: (text) => onLine("market", text) });
    this.#running = await this.#market.running;
    return this.#running;
  }

  /** Resolves when the Market has ended, for whatever reason. */
  get marketEnded(): Promise<unknown> {
    return this.#market?.ended ?? Promise.resolve();
  }

  /** After the actions before it: an instance that still ends could not be started. */
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

  /** Those that run already go on. */
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

  /** Until they have ended. An instance that has said goodbye and still runs cannot be started again. */
  async #end(instances: readonly number[]): Promise<void> {
    const children: Child[] = [];
    this.#each(instances, (child) => children.push(child));
    await endAll(children, this.#options.clock);
  }

  /** Until the system has taken its socket away: what is sent before that is in a dead process's hands. */
  async #kill(instance: number): Promise<void> {
    const child = this.#instances.get(instance);
    this.#each([instance], (one) => one.kill());
    await child?.ended;
  }

  #each(instances: readonly number[], act: (child: Child) => unknown): void {
    for (const instance of instances) {
      const child = this.#instances.get(instance);
      if (child === undefined)
        this.#options.tell(`Instance ${instance} is not one that I started: do it where it runs.`);
      else act(child);
    }
  }

  /** As a browser does it: what comes back is for nobody here, as its lines tell the story. */
  #load(): Promise<void> {
    return new Promise((resolve) => {
      const asked = request(new URL("/", this.#running?.at), (response) => response.resume().once("end", resolve));
      asked.once("error", () => resolve());
      asked.end();
    });
  }
}
