// P32 and P33: instances with a limit, and more calls than they can take: who is overloaded loses no turn for good, what going
// on adds is bounded, and nothing is begun for a caller that has given up.

import type { WireMessage } from "../../src/bus/nats-message.ts";
import { type AskOptions, type Client, openClient } from "../../src/service/client.ts";
import type { AttemptOutcome } from "../../src/service/client-options.ts";
import type { HandlerResult } from "../../src/service/core/handler.ts";
import { type Instance, startInstance } from "../../src/service/instance.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { DRILL, type Ground, ROUND_MS } from "./drill-ground.ts";
import { PHASES } from "./timeline.ts";

const CALLS = 150;
const FAIR_MS = 1_000;
/** What a client may add to its calls: a tenth, and so much at the start. */
const ADDED = { share: 0.1, atStart: 10 };
/** A message from one process to another. */
const HOP_MS = ROUND_MS / 2;
/** Longer than a call and its handler take. */
const END_MS = 3_000;

/**
 * The times of handlers. An instance begins what has waited only with two mean times left: a handler that takes longer
 * than that may still end too late for its caller, and is rightly blamed.
 */
const HANDLING_MS: readonly (readonly [least: number, most: number])[] = [
  [20, 40],
  [50, 90],
  [150, 270],
];

interface MadeCall {
  readonly id: number;
  readonly madeAt: number;
  readonly waitsMs: number;
  /** When the server got the cancel of its request. */
  cancelledAt: number | undefined;
  readonly begunAt: number[];
  outcome: Outcome | undefined;
}

export async function drillLimits(ground: Ground): Promise<void> {
  const drill = new LimitsDrill(ground);
  await drill.begin();
  await drill.call();
  await drill.end();
}

class LimitsDrill {
  readonly #ground: Ground;
  readonly #client: Client;
  readonly #instances: Instance[] = [];
  readonly #limit: { readonly concurrent: number; readonly queued: number };
  readonly #handlingMs: readonly [least: number, most: number];
  readonly #calls: MadeCall[] = [];
  /** By reply subject, the request that the server has carried last. */
  readonly #requests = new Map<string, MadeCall>();
  readonly #hedges: boolean;
  #sendings = 0;

  constructor(ground: Ground) {
    const { dice } = ground;
    this.#ground = ground;
    this.#limit = { concurrent: 1 + dice.below(3), queued: dice.below(10) };
    this.#handlingMs = dice.pick(HANDLING_MS);
    this.#hedges = dice.chance(0.4);
    ground.server.saw = (message) => this.#saw(message);
    for (const number of [1, 2]) this.#start(number);
    const { bus, host, dice: own } = ground.process("asker");
    this.#client = openClient({
      ...{ service: DRILL, bus, clock: host, random: own.random, hedge: this.#hedges, report: () => undefined },
      onAttempt: (ended) => this.#count(ended),
      onEvent: ({ kind }) => ground.holds("P32", `a caller of overloaded instances says ${kind}`, !isBlame(kind)),
    });
  }

  #start(number: number): void {
    const incarnation = `${number}-l`;
    const { bus, host, dice } = this.#ground.process(incarnation);
    const [least, most] = this.#handlingMs;
    let running = 0;
    const handle = (request: unknown): Promise<HandlerResult> => {
      running += 1;
      this.#begun(request, running);
      return new Promise((resolve) => {
        host.after(least + (most - least) * dice.random(), () => {
          running -= 1;
          resolve({ kind: "answer", body: request });
        });
      });
    };
    const starting = startInstance({
      ...{ service: DRILL, instance: number, incarnation, bus, clock: host, random: dice.random },
      ...{ handle, limit: this.#limit, report: () => undefined },
    });
    void starting.then((started) => started.kind === "started" && this.#instances.push(started.instance));
  }

  #begun(request: unknown, running: number): void {
    const ground = this.#ground;
    const { concurrent } = this.#limit;
    ground.holds("P33", `${running} handlers at once, with a limit of ${concurrent}`, running <= concurrent);
    const call = this.#calls[(Object(request) as { readonly id: number }).id];
    if (call === undefined) return;
    call.begunAt.push(ground.now);
    const { id, madeAt, waitsMs, cancelledAt = Number.POSITIVE_INFINITY } = call;
    const lateMs = ground.now - Math.min(madeAt + waitsMs, cancelledAt) - HOP_MS;
    ground.holds("P33", `call ${id} is begun ${lateMs} ms after its caller has given up`, lateMs <= 0);
  }

  #saw({ subject, reply, data }: WireMessage): void {
    const [service, operation] = subject.split(".");
    if (service !== DRILL) return;
    const body = Buffer.from(data).toString();
    if (operation === "_cancel") {
      const call = this.#requests.get(body);
      // A call with two sendings is cancelled at both, one after the other.
      if (call !== undefined && !this.#hedges) call.cancelledAt ??= this.#ground.now;
    } else if (reply !== undefined && operation === "get") {
      this.#sendings += 1;
      const call = this.#calls[(JSON.parse(body) as { readonly id: number }).id];
      if (call !== undefined) this.#requests.set(reply, call);
    }
  }

  #count(ended: AttemptOutcome): void {
    if (ended.kind !== "attempt") return;
    const { result, who } = ended;
    const isFine = result === "answered" || result === "overloaded";
    const isOver = result === "timeout" || result === "inconclusive";
    this.#ground.holds("P32", `an attempt at ${who.incarnation} counts as ${result}`, isFine || isOver);
  }

  async begin(): Promise<void> {
    await this.#ground.pass(2_000);
    this.#ground.same("P21", "the instances that have started", this.#instances.length, 2);
  }

  /** From half of what the instances can take up to four times as much. */
  async call(): Promise<void> {
    const ground = this.#ground;
    const [least, most] = this.#handlingMs;
    const everyMs = (least + most) / 2 / (2 * this.#limit.concurrent);
    const load = ground.dice.pick([0.5, 1, 2, 4]);
    for (let id = 0; id < CALLS && !ground.isBroken; id++) {
      this.#ask(id);
      await ground.pass((everyMs / load) * 2 * ground.dice.random());
    }
  }

  #ask(id: number): void {
    const { timeline, dice, now } = this.#ground;
    // A time that is no shorter than the rules': a handler that is slow for it would be blamed.
    const waitsMs = dice.chance(0.3) ? FAIR_MS + dice.below(1_000) : FAIR_MS;
    const aborter = dice.chance(0.2) ? new AbortController() : undefined;
    const idempotent = dice.chance(0.5);
    const call: MadeCall = { id, madeAt: now, waitsMs, cancelledAt: undefined, begunAt: [], outcome: undefined };
    this.#calls.push(call);
    const options: AskOptions = { idempotent, timeoutMs: waitsMs, signal: aborter?.signal };
    if (aborter !== undefined) timeline.at(now + dice.below(300), PHASES.timer, () => aborter.abort());
    void this.#client.ask({ id }, options).then((outcome) => {
      call.outcome = outcome;
    });
  }

  async end(): Promise<void> {
    const ground = this.#ground;
    if (ground.isBroken) return;
    await ground.pass(END_MS);
    const added = this.#sendings - this.#calls.length;
    const budget = this.#calls.length * ADDED.share + ADDED.atStart;
    ground.holds("P32", `${added} sendings beyond ${this.#calls.length} calls`, added <= budget);
    for (const { id, outcome, begunAt } of this.#calls) {
      if (outcome === undefined) ground.breaks("P15", `call ${id} has never ended`);
      else if (outcome.kind === "unanswered" && !outcome.mayHaveExecuted)
        ground.same("P29", `how often call ${id} was begun, which is said not to have been`, begunAt.length, 0);
    }
    const refused = this.#instances.reduce((sum, { counts }) => sum + counts.overloaded + counts.dropped, 0);
    const begun = this.#calls.reduce((sum, { begunAt }) => sum + begunAt.length, 0);
    ground.same(
      "P21",
      "what instances count as handled, refused and dropped",
      handled(this.#instances) + refused,
      this.#sendings,
    );
    ground.same("P21", "what instances count as handled", handled(this.#instances), begun);
    this.#client.close();
  }
}

const handled = (instances: readonly Instance[]): number =>
  instances.reduce((sum, { counts }) => sum + counts.requests, 0);

const isBlame = (kind: string): boolean => ["opened", "draining", "lost", "left"].includes(kind);
