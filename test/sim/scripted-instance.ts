// A simulated instance that sends heartbeats and answers as the drill says, also in ways that no instance of ours
// would.

import type { Message } from "../../src/bus/bus.ts";
import type { Headers } from "../../src/bus/core/headers.ts";
import { cancelSubject } from "../../src/bus/core/subjects.ts";
import type { Process } from "./actors.ts";
import { DRILL } from "./drill-ground.ts";

/** Reaction to a request: an answer, a refusal with a code, or none; and its delay. */
export interface HandlerAction {
  readonly how: "answer" | "refuse" | "garbage" | "lie" | "nothing";
  readonly code?: number;
  readonly ms: number;
}

export class ScriptedInstance {
  readonly process: Process;
  readonly number: number;
  readonly incarnation: string;
  readonly address: string;
  action: HandlerAction = { how: "answer", ms: 0 };
  intervalMs = 30_000;
  seq = 0;
  /** Its requests, in order. */
  readonly asked: { readonly body: string; readonly headers: Headers }[] = [];

  readonly #service: string;

  constructor(process: Process, number: number, service: string = DRILL) {
    this.#service = service;
    this.process = process;
    this.number = number;
    this.incarnation = process.host.name;
    this.address = `${service}.get.${this.incarnation}`;
    process.bus.subscribe(this.address, (message) => this.#receive(message));
    // It promises so by `answersOnce`.
    process.bus.subscribe(cancelSubject(service, this.incarnation), () => undefined);
  }

  get who(): { service: string; instance: number; incarnation: string; address: string } {
    return { service: this.#service, instance: this.number, incarnation: this.incarnation, address: this.address };
  }

  beat(state = "up", other: object = {}): void {
    const { who, intervalMs } = this;
    const beat = { ...who, seq: this.seq, intervalMs, state, version: "1.0.0", answersOnce: true, ...other };
    this.seq += 1;
    this.process.bus.publish(`health.${this.#service}.${this.incarnation}`, JSON.stringify(beat));
  }

  /** Its answer to every question for all instances. */
  answersRollCall(body: string): void {
    this.process.bus.subscribe(`health.${this.#service}`, (message) => void message.answer(body));
  }

  /** Answers each order for a fault with this body. */
  answersOrders(body: string): void {
    this.process.bus.subscribe(`chaos.${this.#service}.${this.incarnation}`, (message) => void message.answer(body));
  }

  #receive(message: Message): void {
    this.asked.push({ body: Buffer.from(message.body).toString(), headers: message.headers });
    const { how, code = 500, ms } = this.action;
    if (how === "nothing") return;
    this.process.host.after(ms, () => {
      if (how === "refuse") message.refuse(code, `no ${code}`);
      else if (how === "garbage") message.answer("{");
      else message.answer(JSON.stringify({ by: this.number, isTrue: how === "answer" }));
    });
  }
}
