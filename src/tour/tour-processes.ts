// The child processes of the tour: the Market, and the instances that the tour started. Instances that the person started
// in another terminal appear in the Market's lines only, and only the person can pause and end them.

import { request } from "node:http";
import { activityIn } from "../activity/channel.ts";
import type { Activity } from "../activity/core/activity.ts";
import type { Clock } from "../clock.ts";
import { type Child, endAll, startChild } from "../program/processes.ts";
import type { Running } from "../program/program.ts";
import type { Owned, OwnedState, TourAction } from "./core/actions.ts";

export interface TourProcessesOptions {
  readonly marketScript: string;
  readonly ratingsScript: string;
  readonly clock: Clock;
  /** The programs print all of their lines. */
  readonly isVerbose: boolean;
  /** Called with every line, and the program that printed it: 0 is the Market, and else the number of the instance. */
  readonly onLine: (speaker: number, text: string) => void;
  readonly onActivity: (activity: Activity) => void;
  /** Called when an instance has changed by something else than `act`. */
  readonly onOwned: (owned: Owned) => void;
}

/** A page takes at most a few timeouts. A Market that is stopped never answers. */
const LOAD_TIMEOUT_MS = 10_000;

export class TourProcesses {
  readonly #options: TourProcessesOptions;
  readonly #instances = new Map<number, Child>();
  readonly #owned = new Map<number, OwnedState>();
  #market: Child | undefined;
  #acting: Promise<void> = Promise.resolve();
  #running: Running | undefined;

  constructor(options: TourProcessesOptions) {
    this.#options = options;
  }

  get owned(): Owned {
    return new Map(this.#owned);
  }

  /** @returns the addresses of page and board; undefined if the Market could not open and has printed the reason */
  async openMarket(): Promise<Running | undefined> {
    this.#market = this.#startProgram(0, this.#options.marketScript, ["--report"]);
    this.#running = await this.#market.running;
    return this.#running;
  }

  /** Resolves when the Market has ended for any reason. */
  get marketEnded(): Promise<unknown> {
    return this.#market?.ended ?? Promise.resolve();
  }

  /** Runs after the actions before it: an instance that is still ending could not be started. */
  act(action: TourAction): Promise<void> {
    this.#acting = this.#acting.then(() => this.#act(action));
    return this.#acting;
  }

  /** Continues every process: after a stop of the terminal's group all of them run. */
  resumeAll(): void {
    this.#market?.resume();
    for (const [instance, child] of this.#instances) {
      child.resume();
      this.#owned.set(instance, "running");
    }
    this.#options.onOwned(this.owned);
  }

  /** Another process has taken the number of an instance that was killed. */
  forgetKilled(instance: number): void {
    if (this.#owned.get(instance) !== "killed") return;
    this.#owned.delete(instance);
    this.#options.onOwned(this.owned);
  }

  async close(): Promise<void> {
    const everyone = [...this.#instances.values(), ...(this.#market === undefined ? [] : [this.#market])];
    await endAll(everyone, this.#options.clock);
  }

  #startProgram(speaker: number, script: string, args: readonly string[]): Child {
    const { isVerbose, onLine, onActivity } = this.#options;
    return startChild({
      script,
      args: isVerbose ? args : [...args, "--quiet"],
      onLine: (text) => onLine(speaker, text),
      onMessage: (message) => {
        const activity = activityIn(message);
        if (activity !== undefined) onActivity(activity);
      },
    });
  }

  async #act(action: TourAction): Promise<void> {
    switch (action.do) {
      case "load":
        return this.#load();
      case "start":
        return this.#start(action.instances);
      case "end":
        return this.#end(action.instances);
      case "kill":
        return this.#kill(action.instance);
      case "pause":
        this.#instances.get(action.instance)?.pause();
        return this.#mark(action.instance, "paused");
      case "resume":
        this.#instances.get(action.instance)?.resume();
        return this.#mark(action.instance, "running");
    }
  }

  #mark(instance: number, state: OwnedState): void {
    if (this.#instances.has(instance)) this.#owned.set(instance, state);
  }

  /** Starts those that do not run yet. Resolves when they run, or have refused to. */
  async #start(instances: readonly number[]): Promise<void> {
    const missing = instances.filter((instance) => !this.#instances.has(instance));
    await Promise.all(missing.map((instance) => this.#startOne(instance)));
  }

  async #startOne(instance: number): Promise<void> {
    const { ratingsScript, onOwned } = this.#options;
    const child = this.#startProgram(instance, ratingsScript, ["--instance", String(instance)]);
    this.#instances.set(instance, child);
    this.#owned.set(instance, "running");
    let hasRun = false;
    void child.ended.then(() => {
      this.#instances.delete(instance);
      // One that refused to start, as its number is taken, was never there.
      if (hasRun) this.#owned.set(instance, "killed");
      else this.#owned.delete(instance);
      onOwned(this.owned);
    });
    hasRun = (await child.running) !== undefined;
  }

  /** Resolves when they have ended. An instance that has said goodbye and still runs cannot be started again. */
  async #end(instances: readonly number[]): Promise<void> {
    const children = this.#childrenOf(instances);
    await endAll(children, this.#options.clock);
    for (const instance of instances) if (!this.#instances.has(instance)) this.#owned.delete(instance);
  }

  /** Resolves when the kernel has closed its socket: a call sent before that would go to a dead process. */
  async #kill(instance: number): Promise<void> {
    const [child] = this.#childrenOf([instance]);
    child?.kill();
    await child?.ended;
  }

  #childrenOf(instances: readonly number[]): readonly Child[] {
    return instances.flatMap((instance) => this.#instances.get(instance) ?? []);
  }

  /** Loads the page as a browser does. The response is discarded: the Market's lines show the result. */
  #load(): Promise<void> {
    return new Promise((resolve) => {
      const asked = request(new URL("/", this.#running?.at), (response) => {
        response
          .resume()
          .once("end", resolve)
          .once("error", () => resolve());
      });
      asked.once("error", () => resolve());
      asked.setTimeout(LOAD_TIMEOUT_MS, () => asked.destroy(new Error("the Market does not answer")));
      asked.end();
    });
  }
}
