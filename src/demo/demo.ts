// Everything in one terminal: the Market, which starts a bus if there is none, and three Ratings instances. Each is a
// process of its own. They report what happens, and the digest of it is printed; or, with VERBOSE=1, all of their lines,
// each after the name of its program.

import { styleText } from "node:util";
import { activityIn } from "../activity/channel.ts";
import type { Activity } from "../activity/core/activity.ts";
import {
  type DigestLine,
  type DigestStep,
  digest,
  FIRST_DIGEST,
  summarize,
  withTraffic,
} from "../activity/core/digest.ts";
import { type Look, shownLines } from "../activity/core/shown.ts";
import type { Clock } from "../clock.ts";
import { rateMessage, readTrafficMessage, type TrafficRate } from "../monitor/traffic.ts";
import { readEnter } from "../program/enter-key.ts";
import { type Child, type ChildEnd, endAll, startChild } from "../program/processes.ts";
import type { Running, ShutdownHooks, StartResult } from "../program/program.ts";
import { SECOND_MS } from "../util/format.ts";
import { type DemoInstance, instructions, nextRate, restartCommand } from "./core/instructions.ts";

export interface DemoOptions {
  /** Paths of the compiled programs. */
  readonly marketScript: string;
  readonly ratingsScript: string;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  /** The instances accept fault injection. The printed commands then need no pid. */
  readonly chaos: boolean;
  /** Pages a second that shoppers load at first. */
  readonly rate: TrafficRate;
  /** Prints every line of the programs in place of the digest. */
  readonly isVerbose: boolean;
  /** The person's terminal; undefined: there is none. */
  readonly keys: NodeJS.ReadStream | undefined;
  /** The terminal as it is now. */
  readonly look: () => Look;
  /** Called when the Market has ended. */
  readonly over: () => void;
}

const INSTANCES = [1, 2, 3] as const;
/** One colour a program, where the terminal has colours. Each line begins with the program's name in any case. */
const COLOURS = ["cyan", "green", "yellow", "magenta"] as const;
/** Typed before Enter. */
const TRAFFIC_KEY = "t";
const MAX_NAME_WIDTH = "ratings 3".length;
/**
 * The limit of the wait for the Market's report of the instances. Longer than the default interval of heartbeats, so that a
 * lost one is no reason to give up. A Market that receives none has a page and a board all the same.
 */
const REPORT_LIMIT_MS = 20 * SECOND_MS;

export async function startDemo(options: DemoOptions, closers: ShutdownHooks): Promise<StartResult> {
  const demo = new Demo(options);
  closers.push(() => demo.close());
  const running = await demo.open();
  if (running !== undefined) return { kind: "running", ...running };
  return {
    kind: "refused",
    why: ["demo: the Market could not open: correct the problem above, then type  make demo  again"],
  };
}

class Demo {
  readonly #options: DemoOptions;
  readonly #children: Child[] = [];
  readonly #instances = new Map<number, DemoInstance>();
  /** Instances that have not ended, and that the Market has not reported yet. */
  readonly #unreported = new Set<number>(INSTANCES);
  #onAllReported: () => void = () => undefined;
  #state = FIRST_DIGEST;
  #market: Child | undefined;
  #isClosing = false;
  readonly #stops: (() => void)[] = [];

  constructor(options: DemoOptions) {
    this.#options = options;
  }

  /** @returns undefined: the Market could not open, and has printed why */
  async open(): Promise<Running | undefined> {
    const { marketScript, rate, keys, clock, over } = this.#options;
    const market = this.#start("market", 0, marketScript, ["--report"]);
    this.#market = market;
    const running = await market.running;
    if (running === undefined) return undefined;
    void market.ended.then(() => (this.#isClosing ? undefined : over()));
    await Promise.all(INSTANCES.map((instance) => this.#startInstance(instance).running));
    await this.#untilReported();
    if (this.#isClosing) return running;
    this.#setTraffic(rate);
    this.#printInstructions(running);
    const onEnter = (typed: string): void => this.#onEnter(typed, running);
    if (keys !== undefined) this.#stops.push(readEnter({ input: keys, clock, onEnter }));
    this.#stops.push(clock.every(SECOND_MS, () => this.#follow(summarize(this.#state, clock.wall()))));
    return running;
  }

  /**
   * Resolves once the Market knows the instances, as the instructions say. An instance reports its start over a channel of
   * its own. The Market's report comes over another channel, and may be later.
   */
  #untilReported(): Promise<void> {
    if (this.#unreported.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(REPORT_LIMIT_MS, resolve);
      this.#onAllReported = () => {
        cancel();
        resolve();
      };
    });
  }

  #stopAwaiting(instance: number): void {
    if (this.#unreported.delete(instance) && this.#unreported.size === 0) this.#onAllReported();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    for (const stop of this.#stops) stop();
    await endAll(this.#children, this.#options.clock);
    this.#options.print("demo: everything has ended");
  }

  #start(name: string, place: number, script: string, args: readonly string[]): Child {
    const { isVerbose } = this.#options;
    const child = startChild({
      script,
      args: isVerbose ? args : [...args, "--quiet"],
      // A quiet program still prints why it could not start.
      onLine: isVerbose ? this.#speaker(name, place) : (line) => this.#say(subjectOf(name, place), line),
      onMessage: (message) => {
        const activity = activityIn(message);
        if (activity !== undefined) this.#onActivity(activity);
        const traffic = readTrafficMessage(message);
        if (traffic !== undefined) this.#state = withTraffic(this.#state, traffic, this.#options.clock.wall());
      },
    });
    this.#children.push(child);
    return child;
  }

  #startInstance(instance: number): Child {
    const { ratingsScript, isVerbose } = this.#options;
    const name = `ratings ${instance}`;
    const child = this.#start(name, instance, ratingsScript, ["--instance", String(instance)]);
    this.#instances.set(instance, { instance, pid: child.pid, state: "running" });
    void child.ended.then((end) => {
      this.#instances.set(instance, { instance, pid: child.pid, state: "ended" });
      this.#stopAwaiting(instance);
      if (isVerbose) this.#speaker(name, instance)(`(pid ${child.pid} ${howEnded(end)})`);
      else if (!this.#isClosing) this.#say(subjectOf(name, instance), this.#endText(instance, child, end));
    });
    return child;
  }

  #endText(instance: number, { pid }: Child, end: ChildEnd): string {
    return `process ${pid} ${howEnded(end)}; to start it again, in another terminal:  ${restartCommand(instance, this.#options.chaos)}`;
  }

  #onActivity(activity: Activity): void {
    if (activity.kind === "state" && activity.event.kind === "joined") this.#onJoined(activity.event.who.instance);
    // Pages of shoppers print no lines of their own, so they are summed up with VERBOSE=1 as well.
    const isDigested = !this.#options.isVerbose || (activity.kind === "page" && activity.page.visitor === "shopper");
    if (isDigested && !this.#isClosing) this.#follow(digest(this.#state, activity));
  }

  #onEnter(typed: string, running: Running): void {
    const { traffic } = this.#state;
    if (typed.toLowerCase() === TRAFFIC_KEY && traffic !== undefined) this.#setTraffic(nextRate(traffic.rate));
    else this.#printInstructions(running);
  }

  /** The Market answers with what it has set. A Market without the switch has sent no traffic. */
  #setTraffic(rate: TrafficRate): void {
    const { traffic } = this.#state;
    if (traffic === undefined || traffic.rate === rate) return;
    this.#market?.send(rateMessage(rate));
    this.#state = withTraffic(this.#state, { rate, shoppers: null }, this.#options.clock.wall());
  }

  #onJoined(instance: number): void {
    this.#stopAwaiting(instance);
    // The person has started one that had ended.
    const known = this.#instances.get(instance);
    if (known?.state === "ended") this.#instances.set(instance, { ...known, state: "elsewhere" });
  }

  #follow({ state, lines }: DigestStep): void {
    this.#state = state;
    for (const line of lines) this.#printLine(line);
  }

  #say(subject: string, text: string): void {
    this.#printLine({ at: this.#options.clock.wall(), subject, text, tone: "warning" });
  }

  #printLine(line: DigestLine): void {
    const { look, print } = this.#options;
    for (const shown of shownLines(line, look())) print(shown);
  }

  #printInstructions(running: Running): void {
    const { chaos, keys, look, print } = this.#options;
    const instances = [...this.#instances.values()];
    const scene = { running, instances, chaos, rate: this.#state.traffic?.rate, hasKeys: keys !== undefined };
    for (const line of instructions(scene, look().columns)) print(line);
  }

  #speaker(name: string, place: number): (line: string) => void {
    const { print, look } = this.#options;
    const label = `${name.padEnd(MAX_NAME_WIDTH)} |`;
    const colour = COLOURS[place % COLOURS.length] ?? "cyan";
    const coloured = look().colour ? styleText(colour, label, { validateStream: false }) : label;
    return (line) => print(`${coloured} ${line}`);
  }
}

const subjectOf = (name: string, instance: number): string => (instance === 0 ? name : `instance ${instance}`);

function howEnded({ code, signal }: ChildEnd): string {
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}
