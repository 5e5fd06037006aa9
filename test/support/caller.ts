// A caller in the test's own process, over a real bus. Records the result of each call.

import { connectNatsBus, type NatsBus } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { eventLine } from "../../src/monitor/events.ts";
import { asText } from "../../src/program/log.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { type HealthRules, readSettings } from "../../src/settings.ts";
import { pause, until } from "./world.ts";

/** The default rules, with a test's changes. */
export function rulesWith(changes: Partial<HealthRules> = {}): HealthRules {
  const read = readSettings({ HOME: "/nowhere" });
  if (read.kind === "refused") throw new Error(read.problems.join("; "));
  return { ...read.settings.health, ...changes };
}

export interface Call {
  /** When it was sent and when it ended, in ms of this process. */
  readonly sentAt: number;
  readonly endedAt: number;
  readonly answer: Outcome;
}

export class Caller {
  readonly bus: NatsBus;
  readonly client: Client;
  /** The lines that a Market would have logged. */
  readonly lines: string[] = [];
  readonly #loads: Load[] = [];

  constructor(natsUrl: string, rules: HealthRules = rulesWith(), service = "ratings") {
    const clock = systemClock();
    this.bus = connectNatsBus({ urls: [natsUrl], name: "caller", clock, report: (line) => this.lines.push(line) });
    this.client = openClient({
      service,
      bus: this.bus,
      clock,
      rules,
      random: Math.random,
      onEvent: (event) => this.lines.push(asText(eventLine(service, event))),
    });
  }

  async untilKnown(count: number): Promise<void> {
    await until(`${count} instances known`, () => this.live() === count, 10_000);
  }

  live(): number {
    return [...this.client.tracker.all()].filter((member) => member.membership.kind === "up").length;
  }

  count(pattern: RegExp, mark = 0): number {
    return this.lines.slice(mark).filter((line) => pattern.test(line)).length;
  }

  async call(thingID = "camera"): Promise<Call> {
    const sentAt = performance.now();
    const answer = await this.client.ask({ thingID });
    return { sentAt, endedAt: performance.now(), answer };
  }

  /** Sends `perSecond` calls a second, each at its time whatever became of those before, until stopped. */
  load(perSecond: number): Load {
    const load = new Load(() => this.call(), perSecond);
    this.#loads.push(load);
    return load;
  }

  /** A load that a failed test has left running would keep its process. */
  async close(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.stop()));
    this.client.close();
    await this.bus.close();
  }
}

/** An open load: it does not slow down because answers are late, as shoppers do not. */
export class Load {
  readonly #calls: Promise<Call>[] = [];
  readonly #done: Call[] = [];
  readonly #sending: Promise<void>;
  #stopped = false;

  constructor(call: () => Promise<Call>, perSecond: number) {
    this.#sending = this.#send(call, 1000 / perSecond);
  }

  /** The calls that have ended so far. */
  get ended(): readonly Call[] {
    return this.#done;
  }

  get sent(): number {
    return this.#calls.length;
  }

  /** Waits until `count` more calls have been sent from now on. */
  async more(count: number): Promise<void> {
    const target = this.sent + count;
    await until(`${count} more calls`, () => this.sent >= target, 60_000);
  }

  async stop(): Promise<readonly Call[]> {
    this.#stopped = true;
    await this.#sending;
    return Promise.all(this.#calls);
  }

  async #send(call: () => Promise<Call>, everyMs: number): Promise<void> {
    let nextAt = performance.now();
    while (!this.#stopped) {
      const sent = call();
      this.#calls.push(sent);
      void sent.then((ended) => this.#done.push(ended));
      nextAt += everyMs;
      await pause(Math.max(0, nextAt - performance.now()));
    }
  }
}

export const failures = (calls: readonly Call[]): readonly Call[] => calls.filter(({ answer }) => answer.kind !== "ok");

/** Which instance answered each call, by number. */
export const answeredBy = (calls: readonly Call[]): readonly number[] =>
  calls.flatMap(({ answer }) => (answer.kind === "ok" ? [answer.instance.instance] : []));
