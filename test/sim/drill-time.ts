// P30 and P31: the time of calls. Three services in a chain, each called within the request of the one before: what each
// learns of its caller's time, and when it is stopped. And two instances, one of which hangs, with callers that give up early.

import { type AskOptions, type Client, openClient } from "../../src/service/client.ts";
import type { AttemptOutcome } from "../../src/service/client-options.ts";
import type { HandlerResult } from "../../src/service/core/handler.ts";
import { timeoutOf } from "../../src/service/core/request-headers.ts";
import { startInstance } from "../../src/service/instance.ts";
import type { RequestContext } from "../../src/service/request-context.ts";
import type { Process } from "./actors.ts";
import { DRILL, type Ground, ROUND_MS } from "./drill-ground.ts";
import { WALL_START_MS } from "./host.ts";
import { PHASES } from "./timeline.ts";

/** That of the rules: how long an instance is given unless a call says otherwise. */
const FAIR_MS = 1_000;
/** No instance has failed sooner, however short the timeout of a call is. */
const MIN_FAIR_MS = 50;
/** A handler that stops after so long says so before the shortest fair time is over, by the slowest ways there and back. */
const MAX_SHORT_MS = 10;
/** An attempt with this share of it still counts. */
const FAIR_SHARE = 0.9;
/** An answer within that time, with the way there and back. */
const WORK_MS = [0, 5, 10] as const;
const SERVICES = ["orders", "inventory", "payments"] as const;
/** A message from one process to another, and a turn in which it is read. */
const HOP_MS = ROUND_MS / 2 + 1;
/** Times are sent as whole numbers, and rounded down. */
const ROUNDING_MS = 1;
/** Times of a caller are epoch ms at some places: a double has a quarter of a microsecond there, twice. */
const FLOAT_ERROR_MS = 0.001;

export async function drillTime(ground: Ground): Promise<void> {
  const chain = new ChainDrill(ground);
  await chain.begin();
  for (let step = 0; step < 6 && !ground.isBroken; step++) await chain.call();
  chain.end();
  if (!ground.isBroken) await new GivingUpDrill(ground).run();
}

/** What one service of the chain has noted of a request. */
interface Visit {
  readonly receivedAt: number;
  readonly statedMs: number;
  abortedAt: number | undefined;
  /** When it called the next service. */
  askedAt: number | undefined;
  endedAt: number | undefined;
}

/** What happens to one call of the chain. */
interface Plan {
  readonly timeoutMs: number | undefined;
  /** When the first caller gives up. */
  readonly cancelMs: number | undefined;
  /** How long each service works before it calls the next one; the last one before it answers. */
  readonly workMs: readonly number[];
  /** The process of this service is stopped in the midst of its work. */
  readonly stall: { readonly place: number; readonly ms: number } | undefined;
}

class ChainDrill {
  readonly #ground: Ground;
  readonly #processes: readonly Process[];
  readonly #clients: Client[] = [];
  readonly #visits: Visit[] = [];
  #plan: Plan = { timeoutMs: undefined, cancelMs: undefined, workMs: [0, 0, 0], stall: undefined };

  constructor(ground: Ground) {
    this.#ground = ground;
    const caller = ground.process("asker");
    this.#processes = SERVICES.map((name) => ground.process(`1-${name}`));
    for (const [place, process] of this.#processes.entries()) {
      // Each service is called by the process before it.
      this.#clients.push(this.#open(SERVICES[place] ?? "", this.#processes[place - 1] ?? caller));
      void startInstance({
        ...{ service: SERVICES[place] ?? "", instance: 1, incarnation: process.host.name, bus: process.bus },
        ...{ clock: process.host, random: process.dice.random, report: () => undefined },
        handle: (request, context) => this.#handle(place, process, request, context),
      });
    }
  }

  #open(service: string, { bus, host, dice }: Process): Client {
    const onAttempt = (ended: AttemptOutcome): void => judgedFairly(this.#ground, ended, this.#plan.timeoutMs);
    // No breaker opens: a time that a service cannot keep counts against it.
    const rules = { failureLimit: 100 };
    return openClient({ service, bus, clock: host, random: dice.random, rules, onAttempt, report: () => undefined });
  }

  #handle(place: number, { host }: Process, request: unknown, context: RequestContext): Promise<HandlerResult> {
    const { signal, headers } = context;
    const statedMs = timeoutOf(headers) ?? Number.POSITIVE_INFINITY;
    const visit: Visit = {
      receivedAt: this.#ground.now,
      statedMs,
      abortedAt: undefined,
      askedAt: undefined,
      endedAt: undefined,
    };
    this.#visits[place] = visit;
    signal.addEventListener("abort", () => {
      visit.abortedAt = this.#ground.now;
    });
    return new Promise((resolve) => {
      const end = (): void => {
        visit.endedAt = this.#ground.now;
        resolve({ kind: "answer", body: {} });
      };
      host.after(this.#plan.workMs[place] ?? 0, () => {
        const next = this.#clients[place + 1];
        visit.askedAt = this.#ground.now;
        if (next === undefined) end();
        else void next.ask(request, { within: context }).then(end);
      });
    });
  }

  async begin(): Promise<void> {
    await this.#ground.pass(2_000);
    await this.#isWell();
  }

  async call(): Promise<void> {
    const { dice } = this.#ground;
    const cancelMs = dice.chance(0.4) ? this.#ground.between(1, 400) : undefined;
    const isStalled = cancelMs === undefined && dice.chance(0.3);
    this.#plan = {
      cancelMs,
      timeoutMs: dice.chance(0.8) ? this.#ground.between(50, 600) : undefined,
      workMs: SERVICES.map(() => dice.pick([0, 2, 10, 60, 200, 1_500])),
      stall: isStalled ? { place: dice.below(2), ms: this.#ground.between(60, 500) } : undefined,
    };
    await this.#live();
    if (!this.#ground.isBroken) await this.#isWell();
  }

  async #live(): Promise<void> {
    const ground = this.#ground;
    const { timeoutMs, cancelMs } = this.#plan;
    this.#visits.splice(0);
    const aborter = new AbortController();
    const startedAt = ground.now;
    const options: AskOptions = { timeoutMs, ...(cancelMs === undefined ? {} : { signal: aborter.signal }) };
    let tookMs: number | undefined;
    void this.#clients[0]?.ask({}, options).then(() => {
      tookMs = ground.now - startedAt;
    });
    if (cancelMs !== undefined) ground.timeline.at(startedAt + cancelMs, PHASES.timer, () => aborter.abort());
    this.#stall(startedAt);
    await ground.pass(4_000);
    const limitMs = Math.min(timeoutMs ?? FAIR_MS, cancelMs ?? Number.POSITIVE_INFINITY);
    ground.holds("P15", `a call of ${limitMs} ms took ${tookMs}`, tookMs !== undefined && tookMs <= limitMs + 2);
    for (const [place, visit] of this.#visits.entries()) this.#isInTime(place, visit, startedAt);
  }

  #stall(startedAt: number): void {
    const { timeline } = this.#ground;
    const { stall } = this.#plan;
    const host = stall && this.#processes[stall.place]?.host;
    if (stall === undefined || host === undefined) return;
    const at = startedAt + this.#ground.between(10, 120);
    timeline.at(at, PHASES.timer, () => host.stall());
    timeline.at(at + stall.ms, PHASES.timer, () => host.goOn());
  }

  #isInTime(place: number, visit: Visit, startedAt: number): void {
    const ground = this.#ground;
    const { timeoutMs = FAIR_MS, cancelMs, stall } = this.#plan;
    const name = SERVICES[place];
    const before = this.#visits[place - 1];
    const atMost = before === undefined ? timeoutMs : before.statedMs - ((before.askedAt ?? 0) - before.receivedAt);
    ground.holds(
      "P30",
      `${name} learns of ${visit.statedMs} ms, and its caller has ${atMost}`,
      visit.statedMs <= atMost + FLOAT_ERROR_MS,
    );
    // While its process is stopped, nothing in it can be.
    if (stall !== undefined) return;
    const overAt = startedAt + Math.min(timeoutMs, cancelMs ?? Number.POSITIVE_INFINITY);
    const latest = overAt + (place + 1) * HOP_MS + ROUNDING_MS;
    const { endedAt = Number.POSITIVE_INFINITY, abortedAt = Number.POSITIVE_INFINITY } = visit;
    const isStopped = abortedAt <= latest || endedAt <= latest;
    const what = `${name} goes on ${Math.min(abortedAt, endedAt) - overAt} ms after its caller has given up`;
    ground.holds("P30", what, isStopped);
    const isEarly = abortedAt < Math.min(endedAt, overAt - ROUNDING_MS);
    ground.holds("P30", `${name} is stopped ${overAt - abortedAt} ms too early`, !isEarly);
  }

  /** A call with an answer: no breaker is open, and none of the calls that were cancelled counts any more. */
  async #isWell(): Promise<void> {
    this.#plan = { timeoutMs: undefined, cancelMs: undefined, workMs: [0, 0, 0], stall: undefined };
    const outcome = await this.#ground.get(this.#clients[0]?.ask({}) ?? Promise.reject(new Error("no client")));
    this.#ground.same("P5", "a call of a chain of services that are well", outcome.kind, "ok");
  }

  end(): void {
    for (const client of this.#clients) client.close();
  }
}

/** A timeout counts only after the time that the instance was given, which is never very short. */
function judgedFairly(ground: Ground, ended: AttemptOutcome, timeoutMs = FAIR_MS): void {
  if (ended.kind !== "attempt" || ended.result !== "timeout") return;
  const { who, tookMs } = ended;
  const fairMs = Math.max(timeoutMs, MIN_FAIR_MS) * FAIR_SHARE - ROUNDING_MS;
  ground.holds("P31", `${who.incarnation} has failed after ${tookMs} ms`, tookMs >= fairMs);
}

const CALL_EVERY_MS = 100;
/** One in four calls to an instance is left to its end, which takes the fair time; every second call goes there. */
const FOUND_OUT_MS = 8 * CALL_EVERY_MS + FAIR_MS + 4 * CALL_EVERY_MS + ROUND_MS;

/** How callers give up, in ms. */
type GivingUp =
  | { readonly by: "signal"; readonly ms: number }
  | { readonly by: "within"; readonly ms: number }
  /** Not given up, but a time of its own. */
  | { readonly by: "timeoutMs"; readonly ms: number };

class GivingUpDrill {
  readonly #ground: Ground;
  readonly #client: Client;
  readonly #opened: string[] = [];
  readonly #givingUp: GivingUp;
  /** Whether the handler that hangs stops when its signal is aborted. */
  readonly #stops: boolean;
  /** How long the instance that is well works on a request. */
  readonly #workMs: number;

  constructor(ground: Ground) {
    const { dice } = ground;
    this.#ground = ground;
    // Half of them give up before any answer can arrive.
    const ms = dice.chance(0.5) ? ground.between(1, 30) : ground.between(40, 300);
    const by = dice.pick(["signal", "within", "timeoutMs"] as const);
    // With a time of its own that is just below the shortest fair one, it is chance if the handler stops in time.
    const isClose = by === "timeoutMs" && ms < MIN_FAIR_MS;
    this.#givingUp = { by, ms: isClose ? Math.min(ms, MAX_SHORT_MS) : ms };
    this.#stops = dice.chance(0.5);
    this.#workMs = dice.pick(WORK_MS);
    const timeoutMs = this.#givingUp.by === "timeoutMs" ? this.#givingUp.ms : undefined;
    const { bus, host, dice: own } = ground.process("impatient");
    for (const number of [1, 2]) this.#start(number);
    this.#client = openClient({
      ...{ service: DRILL, bus, clock: host, random: own.random, report: () => undefined },
      onAttempt: (ended) => judgedFairly(ground, ended, timeoutMs),
      onEvent: (event) => event.kind === "opened" && this.#opened.push(event.who.incarnation),
    });
  }

  #start(number: number): void {
    const incarnation = `${number}-t`;
    const { bus, host, dice } = this.#ground.process(incarnation);
    const work = (): Promise<HandlerResult> =>
      new Promise((resolve) => host.after(this.#workMs, () => resolve({ kind: "answer", body: {} })));
    const hang = (_request: unknown, { signal }: RequestContext): Promise<HandlerResult> =>
      new Promise((_resolve, reject) => {
        if (this.#stops) signal.addEventListener("abort", () => reject(signal.reason));
      });
    void startInstance({
      ...{ service: DRILL, instance: number, incarnation, bus, clock: host, random: dice.random },
      ...{ handle: number === 1 ? hang : work, report: () => undefined },
    });
  }

  /**
   * It is found out, although no caller waits for it as long as it is given, and the other one is not blamed. But a handler
   * that stops in the time of its callers replies that it has stopped: whether it would have answered by its fair time is not
   * known.
   */
  async run(): Promise<void> {
    const ground = this.#ground;
    await ground.pass(2_000);
    const startedAt = ground.now;
    while (this.#opened.length === 0 && ground.now - startedAt <= FOUND_OUT_MS && !ground.isBroken) {
      this.#ask();
      await ground.pass(CALL_EVERY_MS);
    }
    await ground.pass(FAIR_MS + ROUND_MS);
    const { by, ms } = this.#givingUp;
    const how = `callers that give up by ${by} after ${ms} ms${this.#stops ? ", and a handler that stops" : ""}`;
    const hasItsTime = by === "signal" || (by === "timeoutMs" && ms >= MIN_FAIR_MS);
    const isFoundOut = !this.#stops || hasItsTime;
    ground.same("P31", `who is opened: ${how}`, [...new Set(this.#opened)], isFoundOut ? ["1-t"] : []);
    this.#client.close();
  }

  #ask(): void {
    const ground = this.#ground;
    const { by, ms } = this.#givingUp;
    const startedAt = ground.now;
    void this.#client.ask({}, this.#options()).then(() => {
      const tookMs = ground.now - startedAt;
      ground.holds("P15", `a call that is given up by ${by} after ${ms} ms took ${tookMs}`, tookMs <= ms + 2);
    });
  }

  #options(): AskOptions {
    const { by, ms } = this.#givingUp;
    if (by === "timeoutMs") return { timeoutMs: ms };
    const aborter = new AbortController();
    if (by === "signal") {
      const { timeline } = this.#ground;
      timeline.at(timeline.now + ms, PHASES.timer, () => aborter.abort());
      return { signal: aborter.signal };
    }
    const deadline = WALL_START_MS + this.#ground.now + ms;
    return { within: { deadline, signal: aborter.signal, metadata: {}, trace: undefined } };
  }
}
