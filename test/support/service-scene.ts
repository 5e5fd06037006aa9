// Instances of one service and their client, on a bus in memory and a clock that the test advances.

import { type AskOptions, type Client, openClient } from "../../src/service/client.ts";
import type { AttemptOutcome, ClientEvent, ClientOptions } from "../../src/service/client-options.ts";
import { answer, type HandlerResult } from "../../src/service/core/handler.ts";
import { type Instance, startInstance } from "../../src/service/instance.ts";
import type { InstanceEvent, InstanceOptions } from "../../src/service/instance-options.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import type { RequestContext } from "../../src/service/request-context.ts";

import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";

/** The service of a scene. */
export const TEA = "tea";
export const TIMEOUT_MS = 1_000;
/** No call of a scene takes longer. */
const MAX_MS = 10 * TIMEOUT_MS;

type Handle = (request: unknown, instance: number, context: RequestContext) => HandlerResult | Promise<HandlerResult>;

export interface SceneOptions {
  /** How many instances there are: 1, 2 and so on, with the incarnations 1-a, 2-a. */
  readonly count?: number;
  readonly handle?: Handle;
  readonly instance?: Partial<InstanceOptions>;
  readonly client?: Partial<ClientOptions>;
  /** Returns the bus of an instance. */
  readonly busOf?: (bus: MemoryBus) => MemoryBus;
}

export class ServiceScene {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  /** The client's events and attempts, the instances' events, and the reports of both. */
  readonly events: ClientEvent[] = [];
  readonly ends: AttemptOutcome[] = [];
  readonly instanceEvents: InstanceEvent[] = [];
  readonly reports: string[] = [];
  /** Of the instances, in order. */
  readonly buses: MemoryBus[] = [];
  readonly instances: Instance[] = [];
  /** Of the client, and of a process that is neither. */
  readonly bus = this.network.bus();
  readonly caller = this.network.bus();
  readonly client: Client;

  readonly #options: SceneOptions;

  constructor(options: SceneOptions = {}) {
    const { clock, bus, events, ends, reports } = this;
    this.#options = options;
    this.client = openClient({
      ...{ service: TEA, bus, clock, random: () => 0, rules: { requestTimeoutMs: TIMEOUT_MS } },
      onEvent: (event) => events.push(event),
      onAttempt: (ended) => ends.push(ended),
      report: (sentence) => reports.push(sentence),
      ...options.client,
    });
  }

  /** Starts the instances; a second after that the client knows them. */
  async start(more: Partial<InstanceOptions> = {}): Promise<this> {
    const { count = 1, handle = () => answer({}), instance, busOf = (bus) => bus } = this.#options;
    const starting = Array.from({ length: count }, (_, place) => {
      const number = place + 1;
      const bus = this.network.bus();
      this.buses.push(bus);
      return startInstance({
        ...{ service: TEA, instance: number, incarnation: `${number}-a`, bus: busOf(bus), clock: this.clock },
        random: () => 0,
        onEvent: (event) => this.instanceEvents.push(event),
        report: (sentence) => this.reports.push(sentence),
        ...("operations" in { ...instance, ...more }
          ? {}
          : { handle: (request, context) => handle(request, number, context) }),
        ...instance,
        ...more,
      });
    });
    await this.clock.advance(TIMEOUT_MS);
    for (const started of await Promise.all(starting)) {
      if (started.kind === "taken") throw new Error("the number was taken");
      this.instances.push(started.instance);
    }
    return this;
  }

  get instance(): Instance {
    const [first] = this.instances;
    if (first === undefined) throw new Error("the scene has no instance");
    return first;
  }

  /** Asks, and advances the clock until the call has ended. */
  async ask(options: AskOptions = {}, request: object = {}): Promise<Outcome> {
    return (await this.timed(options, request)).answer;
  }

  async timed(
    options: AskOptions = {},
    request: object = {},
  ): Promise<{ readonly answer: Outcome; readonly tookMs: number }> {
    const askedAt = this.clock.now();
    const asked = await this.ended(this.client.ask(request, options));
    return { answer: asked, tookMs: this.clock.now() - askedAt };
  }

  /** The value of a promise, once the clock has advanced as far as it takes. */
  ended<T>(promise: Promise<T>): Promise<T> {
    return this.clock.run(promise, { limitMs: MAX_MS });
  }

  countEvents(kind: ClientEvent["kind"]): number {
    return this.events.filter((event) => event.kind === kind).length;
  }
}

/** Which instance answered, by number; else how the call has ended. */
export const answeredBy = (ended: Outcome): number | string =>
  ended.kind === "ok" ? ended.instance.instance : endOf(ended);

/** How a call has ended: "ok", the code of an error, or the reason why there is no answer. */
export function endOf(ended: Outcome): string {
  if (ended.kind === "ok") return "ok";
  return ended.kind === "error" ? String(ended.code) : ended.reason;
}

/** What failed on the caller's own side, without the error that it failed with. */
export const failedPart = (ended: Outcome): string | undefined =>
  ended.kind === "unanswered" && ended.reason === "failed" ? ended.detail?.split(":")[0] : undefined;
