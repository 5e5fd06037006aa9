// The instances of a fleet in a drill: real ones, with several operations, and an older one. All of them note what they
// execute.

import type { Message } from "../../src/bus/bus.ts";
import type { HandlerResult } from "../../src/service/core/handler.ts";
import { type Instance, startInstance } from "../../src/service/instance.ts";
import type { Process } from "./actors.ts";
import { DRILL, type Ground, ROUND_MS } from "./drill-ground.ts";

/** A handler has begun a request. */
export interface Execution {
  readonly id: number;
  readonly operation: string;
  readonly incarnation: string;
  readonly atMs: number;
}
export type NoteExecution = (execution: Execution) => void;

/** How a handler behaves. */
export type Mood = "well" | "slow" | "late" | "hang" | "throw" | "lie";
export const MOODS: readonly Mood[] = ["well", "slow", "late", "hang", "throw", "lie"];
/** How long handlers take, in ms: at least, and at most. */
const TIMES: Readonly<Record<Mood, readonly [number, number]>> = {
  ...{ well: [0, 6], slow: [100, 550], late: [900, 2_500], hang: [0, 0], throw: [0, 6], lie: [0, 6] },
};
const OPERATIONS = ["get", "list", "pay"] as const;
const INTERVAL_MS = 1_000;

export class FleetInstance {
  readonly process: Process;
  readonly number: number;
  readonly incarnation: string;
  mood: Mood = "well";
  running: Instance | undefined;

  constructor(ground: Ground, number: number, note: NoteExecution) {
    const incarnation = `${number}-f${ground.deal()}`;
    this.number = number;
    this.incarnation = incarnation;
    this.process = ground.process(incarnation);
    const { bus, host, dice } = this.process;
    const handle = (operation: string, request: unknown): Promise<HandlerResult> => {
      const { id } = Object(request) as { readonly id: number };
      note({ id, operation, incarnation, atMs: ground.now });
      return this.#answer({ id, operation, isTrue: this.mood !== "lie" });
    };
    const handlers = OPERATIONS.map((operation) => [operation, (request: unknown) => handle(operation, request)]);
    const starting = startInstance({
      ...{ service: DRILL, instance: number, incarnation, bus, clock: host, random: dice.random },
      ...{ operations: Object.fromEntries(handlers), heartbeatIntervalMs: INTERVAL_MS, report: () => undefined },
    });
    void starting.then((started) => {
      if (started.kind === "started") this.running = started.instance;
    });
  }

  #answer(body: object): Promise<HandlerResult> {
    const { mood } = this;
    const { host, dice } = this.process;
    const [least, most] = TIMES[mood];
    return new Promise((resolve, reject) => {
      if (mood === "hang") return;
      host.after(least + (most - least) * dice.random(), () => {
        if (mood === "throw") reject(new Error("this instance throws"));
        else resolve({ kind: "answer", body });
      });
    });
  }
}

/** Waits until all of them are up. */
export async function startFleet(ground: Ground, instances: readonly FleetInstance[]): Promise<void> {
  for (let waitedMs = 0; instances.some(({ running }) => running === undefined); waitedMs += ROUND_MS) {
    if (waitedMs > 5_000) throw new Error("a fleet does not start");
    await ground.pass(ROUND_MS);
  }
}

/**
 * An instance from before there were operations, limits and one answer for each request. Its heartbeats name none of
 * that. It has `get` alone, and now and then answers twice.
 */
export class OlderInstance {
  readonly process: Process;
  readonly incarnation: string;
  mood: Mood = "well";
  readonly #number: number;
  readonly #note: NoteExecution;
  readonly #ground: Ground;
  #seq = 0;

  constructor(ground: Ground, number: number, note: NoteExecution) {
    this.#ground = ground;
    this.#number = number;
    this.#note = note;
    this.incarnation = `${number}-older`;
    this.process = ground.process(this.incarnation);
    const { bus, host } = this.process;
    bus.subscribe(`${DRILL}.get.${this.incarnation}`, (message) => this.#receive(message));
    host.every(INTERVAL_MS, () => this.#beat());
    bus.watch((status) => status === "connected" && this.#beat());
  }

  #beat(): void {
    const { incarnation } = this;
    const address = `${DRILL}.get.${incarnation}`;
    const beat = { service: DRILL, instance: this.#number, incarnation, address, seq: this.#seq, state: "up" };
    this.#seq += 1;
    this.process.bus.publish(
      `health.${DRILL}.${incarnation}`,
      JSON.stringify({ ...beat, intervalMs: INTERVAL_MS, version: "0.9.0" }),
    );
  }

  #receive(message: Message): void {
    const { mood, incarnation } = this;
    const { host, dice } = this.process;
    const { id } = JSON.parse(Buffer.from(message.body).toString()) as { readonly id: number };
    this.#note({ id, operation: "get", incarnation, atMs: this.#ground.now });
    if (mood === "hang") return;
    const [least, most] = TIMES[mood];
    const answer = (): void => {
      if (mood === "throw") message.refuse(500, "internal error");
      else message.answer(JSON.stringify({ id, operation: "get", isTrue: mood !== "lie" }));
    };
    host.after(least + (most - least) * dice.random(), answer);
    if (dice.chance(0.2)) host.after(most + dice.below(200), answer);
  }
}
