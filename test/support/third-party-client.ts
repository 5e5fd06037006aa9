// An instance and a caller of another implementation, written after docs/protocol.md and nothing else. It must import
// no code of ours, or it would prove nothing.

import { randomUUID } from "node:crypto";
import { pause, until } from "./until.ts";
import type { Wire, WireMessage } from "./wire.ts";

export interface ThirdPartyReply {
  readonly body?: string;
  readonly code?: number;
  readonly error?: string;
}

export interface ThirdPartyOptions {
  readonly wire: Wire;
  readonly instance: number;
  readonly handle: (body: string) => ThirdPartyReply;
  readonly intervalMs?: number;
}

export class ThirdPartyInstance {
  readonly incarnation: string = randomUUID();
  readonly address: string = `ratings.get.${this.incarnation}`;
  /** The requests that came, in order. */
  readonly requests: WireMessage[] = [];
  handle: (body: string) => ThirdPartyReply;
  readonly #wire: Wire;
  readonly #instance: number;
  readonly #intervalMs: number;
  readonly #stops: (() => Promise<void>)[] = [];
  #seq = 0;
  #state = "up";

  constructor({ wire, instance, handle, intervalMs = 60_000 }: ThirdPartyOptions) {
    this.#wire = wire;
    this.#instance = instance;
    this.#intervalMs = intervalMs;
    this.handle = handle;
  }

  async start(): Promise<void> {
    const receive = (message: WireMessage): void => this.#receive(message);
    this.#stops.push(this.#wire.subscribe("ratings.get", receive, "ratings"));
    this.#stops.push(this.#wire.subscribe(this.address, receive));
    this.#stops.push(this.#wire.subscribe("health.ratings", ({ reply }) => this.beat(reply)));
    await this.#wire.flush();
    this.beat();
    await this.#wire.flush();
  }

  beat(reply?: string): void {
    const { incarnation, address } = this;
    const body = JSON.stringify({
      ...{ service: "ratings", instance: this.#instance, incarnation, address, seq: this.#seq },
      ...{ intervalMs: this.#intervalMs, state: this.#state, madeBy: "a third party" },
    });
    this.#seq += 1;
    this.#wire.send(`health.ratings.${incarnation}`, body);
    if (reply !== undefined) this.#wire.send(reply, body);
  }

  async goodbye(): Promise<void> {
    this.#state = "draining";
    this.beat();
    for (const stop of this.#stops) await stop();
    this.#state = "gone";
    this.beat();
    await this.#wire.flush();
  }

  #receive(request: WireMessage): void {
    const { body, reply } = request;
    this.requests.push(request);
    if (reply === undefined) return;
    const { body: answer = "", code, error = "" } = this.handle(body);
    const headers = { "nats-service-error-code": String(code), "nats-service-error": error };
    this.#wire.send(reply, answer, code === undefined ? {} : { headers });
  }
}

/** A request with an inbox of its own; undefined: no answer within the time. */
export async function ask(
  wire: Wire,
  subject: string,
  body: string,
  withinMs = 10_000,
): Promise<WireMessage | undefined> {
  const inbox = `_INBOX.${randomUUID()}`;
  let timer: NodeJS.Timeout | undefined;
  let stop: () => Promise<void> = async () => undefined;
  const answered = await new Promise<WireMessage | undefined>((resolve) => {
    stop = wire.subscribe(inbox, resolve);
    timer = setTimeout(() => resolve(undefined), withinMs);
    wire.send(subject, body, { reply: inbox });
  });
  clearTimeout(timer);
  await stop();
  return answered;
}

/** Waiting time for answers that must not come. */
const OTHERS_MS = 300;

/** The answers of so many, as late as they come, and of whatever else answers soon after. */
export async function askAll(wire: Wire, subject: string, count: number): Promise<readonly WireMessage[]> {
  const inbox = `_INBOX.${randomUUID()}`;
  const answers: WireMessage[] = [];
  const stop = wire.subscribe(inbox, (message) => answers.push(message));
  wire.send(subject, "", { reply: inbox });
  await until(`${count} answers on ${subject}`, () => answers.length >= count);
  await pause(OTHERS_MS);
  await stop();
  return answers;
}
