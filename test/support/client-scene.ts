// A client on a bus whose every call the test ends: which instance gets which message, and the events, settled calls and
// cancelled calls, in order.

import type { Bus, CallOptions, Message, Reply } from "../../src/bus/bus.ts";
import { headerBlock, NO_HEADERS, parseHeaders } from "../../src/bus/core/headers.ts";
import type { Heartbeat } from "../../src/health/heartbeat.ts";
import { type AskOptions, type Client, openClient } from "../../src/service/client.ts";
import type { AttemptOutcome, ClientOptions } from "../../src/service/client-options.ts";
import { deadlineOf } from "../../src/service/core/request-headers.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { beatOf } from "./health-harness.ts";

export const TIMEOUT_MS = 1_000;
export const RETEST_MS = 5_000;

interface SentCall {
  readonly instance: number;
  readonly deadline: number;
  readonly how: CallOptions;
  readonly end: (reply: Reply) => void;
}

const encoder = new TextEncoder();
export const answered = (value: unknown): Reply => ({ kind: "answered", body: encoder.encode(JSON.stringify(value)) });
export const [NO_RESPONDERS, TIMEOUT]: readonly [Reply, Reply] = [{ kind: "no-responders" }, { kind: "timeout" }];

const REST_OF_MESSAGE = {
  ...{ replyTo: undefined, headers: NO_HEADERS },
  ...{ answer: () => undefined, refuse: () => undefined },
};

export class ClientScene {
  readonly clock = new FakeClock();
  /** Calls that are out, and those that have ended. */
  readonly sent: SentCall[] = [];
  /** The replies to the messages that asked instances if they are there. */
  readonly questions: ((reply: Reply) => void)[] = [];
  /** Kinds of events, and what goes out beside calls, in order. */
  readonly acts: string[] = [];
  readonly ends: AttemptOutcome[] = [];
  /** The warnings that the client has published. */
  readonly warnings: object[] = [];
  readonly warningSubjects: string[] = [];
  readonly bus: Bus;
  readonly client: Client;
  readonly seqs: number[] = [];
  #receive: (message: Message) => void = () => undefined;
  #receiveWarning: ((message: Message) => void) | undefined;

  constructor(instances: number, options: Partial<ClientOptions> = {}, bus: Partial<Bus> = {}) {
    this.bus = { ...this.#bus(), ...bus };
    this.client = openClient({
      ...{ service: "ratings", bus: this.bus, clock: this.clock, random: () => 0 },
      rules: { requestTimeoutMs: TIMEOUT_MS, retestDelayMs: RETEST_MS },
      onEvent: ({ kind }) => this.acts.push(kind),
      onAttempt: (ended) => this.ends.push(ended),
      ...options,
    });
    for (let instance = 1; instance <= instances; instance++) this.beat(instance);
  }

  #bus(): Bus {
    const bus: Partial<Bus> = {
      status: "connected",
      call: (address, _body, how, end) => {
        const asked = /_cancel\.(\d+)-/.exec(address)?.[1];
        if (asked !== undefined) {
          this.acts.push(`ask ${asked}`);
          return `question-${this.questions.push(end)}`;
        }
        const instance = Number(/get\.(\d+)-/.exec(address)?.[1]);
        const deadline = deadlineOf(parseHeaders(headerBlock(how.lines ?? ""))?.fields ?? NO_HEADERS) ?? Number.NaN;
        return `reply-${this.sent.push({ instance, deadline, how, end })}`;
      },
      publish: (subject, body) =>
        subject.startsWith("warning.") ? this.#warn(subject, String(body)) : this.acts.push(`publish ${subject}`),
      cancel: (replyTo, subject) => this.acts.push(`cancel ${replyTo} at ${subject}`),
      giveUp: (address) => this.acts.push(`give up ${address}`),
      watch: () => () => undefined,
      subscribe: (subject, receive) => {
        if (subject.startsWith("warning.")) {
          this.#receiveWarning = receive;
          return { close: () => (this.#receiveWarning = undefined), drain: async () => undefined };
        }
        this.#receive = receive;
        return { close: () => this.acts.push("unsubscribe"), drain: async () => undefined };
      },
    };
    return bus as Bus;
  }

  #warn(subject: string, body: string): void {
    this.warningSubjects.push(subject);
    this.warnings.push(JSON.parse(body) as object);
  }

  get receivesWarnings(): boolean {
    return this.#receiveWarning !== undefined;
  }

  receiveWarning(sender: string, body: unknown): void {
    const message = { subject: `warning.ratings.${sender}`, body: encoder.encode(JSON.stringify(body)) };
    this.#receiveWarning?.({ ...message, ...REST_OF_MESSAGE });
  }

  beat(instance: number, over: Partial<Heartbeat> & { readonly faults?: readonly object[] } = {}): void {
    const seq = (this.seqs[instance] ?? 0) + 1;
    this.seqs[instance] = seq;
    const body = encoder.encode(JSON.stringify(beatOf(instance, { seq, ...over })));
    this.#receive({ subject: `health.ratings.${instance}-a`, body, ...REST_OF_MESSAGE });
  }

  /** Makes a call, which is out afterwards. */
  async ask(options: AskOptions = {}): Promise<{ readonly answer: Promise<Outcome> }> {
    await this.clock.advance(0);
    this.acts.length = 0;
    const answer = this.client.ask({}, options);
    await this.clock.advance(0);
    return { answer };
  }

  /** Ends the call that was sent last. */
  async end(reply: Reply): Promise<void> {
    this.sent.at(-1)?.end(reply);
    await this.clock.advance(0);
  }

  countOf(kind: string): number {
    return this.acts.filter((act) => act === kind).length;
  }
}
