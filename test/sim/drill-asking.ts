// P22: the answers, events and counts of a caller, in a drill: two instances that answer as ordered, and calls of all kinds.

import type { Headers } from "../../src/bus/core/headers.ts";
import { type AskOptions, type Client, openClient } from "../../src/service/client.ts";
import type { AttemptOutcome, ClientEvent } from "../../src/service/client-options.ts";
import { deadlineOf } from "../../src/service/core/request-headers.ts";
import { failedWhy, type Outcome, type Tried, type UnansweredReason } from "../../src/service/outcome.ts";
import type { Span, SpanSpec, Trace, TraceHeaders } from "../../src/trace/core/trace.ts";
import { endOf, failedPart } from "../support/service-scene.ts";
import type { Process } from "./actors.ts";
import { CARRIED, type Expected, expectedOf, REQUESTS, randomAction, readTrue } from "./call-outcomes.ts";
import { DRILL, type Ground, ROUND_MS, Scene } from "./drill-ground.ts";
import { WALL_START_MS } from "./host.ts";
import { ScriptedInstance } from "./scripted-instance.ts";
import { MAX_BODY_BYTES } from "./sim-bus.ts";

const TIMEOUT_MS = 1_000;
const RETEST_DELAY_MS = 30_000;
const TOO_LARGE = failedWhy("the request was not sent", `it is over the bus's limit of ${MAX_BODY_BYTES} bytes`);

/** The outcome of a call that no instance got. */
const unanswered = (reason: UnansweredReason): object => {
  const tried: readonly Tried[] = [];
  return { kind: "unanswered", reason, mayHaveExecuted: false, tried };
};

export async function drillAsking(ground: Ground): Promise<void> {
  const drill = new AskingDrill(ground);
  await drill.begin();
  for (let step = 0; step < 8 && !ground.isBroken; step++) {
    if (ground.dice.chance(0.7)) await drill.call();
    else await ground.dice.pick([() => drill.failing(), () => drill.signals(), () => drill.checks()])();
  }
  if (!ground.isBroken) await drill.end();
}

class AskingDrill extends Scene {
  readonly #own: Process;
  readonly #puppets: readonly ScriptedInstance[];
  readonly #events: ClientEvent[] = [];
  readonly #counted: AttemptOutcome[] = [];
  readonly #reports: string[] = [];
  /** The live instances of each "resolved" event. */
  readonly #live: (readonly string[])[] = [];
  readonly #spans: { readonly part: SpanSpec; readonly ended: (string | undefined)[] }[] = [];
  #client: Client;

  constructor(ground: Ground) {
    super(ground, "P22");
    this.#own = ground.process("asker");
    this.#puppets = [1, 2].map((number) => new ScriptedInstance(ground.process(`${number}-p`), number));
    const { bus, host, dice } = this.#own;
    this.#client = openClient({
      ...{ service: DRILL, bus, clock: host, random: dice.random },
      onEvent: (event) => {
        this.#events.push(event);
        if (event.kind === "resolved") this.#live.push(event.live().map(({ incarnation }) => incarnation));
      },
      onAttempt: (ended) => void this.#counted.push(ended),
      report: (sentence) => void this.#reports.push(sentence),
    });
  }

  async begin(): Promise<void> {
    const ask = (): Promise<Outcome> => this.get(this.#client.ask({}));
    this.same("a call before the first connection", await ask(), unanswered("no-instances"));
    const ready = this.#client.ready();
    await this.pass(50);
    await this.get(ready);
    this.same("a call without instances", await ask(), unanswered("no-instances"));
    this.same("what was counted of it", this.#counted.splice(0), [
      { kind: "short-circuited" },
      { kind: "short-circuited" },
    ]);
    for (const puppet of this.#puppets) puppet.beat();
    await this.pass(ROUND_MS);
    this.#live.splice(0);
    const kinds = this.#events.splice(0).map(({ kind }) => kind);
    const known = ["bus", "joined", "joined", "resolved", "resolved", "resolving", "resolving"];
    this.same("the events of the start", kinds.sort(), known);
  }

  // One call.

  async call(): Promise<void> {
    const { dice } = this;
    for (const puppet of this.#puppets) puppet.action = randomAction(dice);
    const [request, sent] = dice.pick(REQUESTS);
    const [given, carried] = dice.pick(CARRIED);
    const isTraced = dice.chance(0.6);
    const isRepeatable = dice.chance(0.6);
    const isChecked = dice.chance(0.6);
    const options: AskOptions = {
      ...(isRepeatable ? {} : { idempotent: false }),
      ...(dice.chance(0.2) ? { signal: null as never } : {}),
      ...(isChecked ? { read: dice.chance(0.3) ? async (body: unknown) => readTrue(body) : readTrue } : {}),
      ...(isTraced ? { trace: this.#trace(given as TraceHeaders | undefined) } : {}),
    };
    const at = this.now;
    const answer = await this.get(this.#client.ask(request, options));
    const tookMs = this.now - at;
    const way = this.#way(isRepeatable, isChecked);
    this.#isAnsweredRightly(answer, way);
    this.#areEventsRight(way);
    this.#isCounted(way, tookMs);
    this.#wasAsked(way, sent, isTraced ? carried : {}, at);
    this.#isTraced(isTraced ? way : []);
    await this.#goOn();
  }

  /** The instances that received the call, in order. Only turns say which was first. */
  #way(isRepeatable: boolean, isChecked: boolean): readonly (readonly [ScriptedInstance, Expected])[] {
    const used = this.#events.flatMap((event) => (event.kind === "using" ? [event.who.incarnation] : []));
    const first = this.#puppets.find(({ incarnation }) => incarnation === used[0]);
    if (first === undefined) {
      this.ground.breaks("P22", "a call went to no instance");
      return [];
    }
    const one = expectedOf(first, isRepeatable, isChecked);
    const [second] = this.#puppets.filter((puppet) => puppet !== first);
    if (!one.goesOn || second === undefined) return [[first, one]];
    return [
      [first, one],
      [second, expectedOf(second, isRepeatable, isChecked)],
    ];
  }

  #isAnsweredRightly(answer: Outcome, way: readonly (readonly [ScriptedInstance, Expected])[]): void {
    const last = way.at(-1)?.[1];
    const invalid = way.findLast(([, { result, goesOn }]) => result === "invalid" && goesOn)?.[1].outcome;
    // Both are leaving: no other answer sends a call on without one that is invalid.
    const noInstance = { kind: "unanswered", reason: "draining" } as const;
    const known = last?.goesOn === true ? (invalid ?? noInstance) : last?.outcome;
    const tried = way.map(([{ who }, { result }]) => ({ instance: who, result }));
    const mayHaveExecuted = way.some(([, end]) => end.mayHaveExecuted);
    const rest = known?.kind === "unanswered" ? { mayHaveExecuted, tried } : { attempts: way.length };
    this.same("the end of a call", sorted(answer), sorted({ ...known, ...rest }));
  }

  #areEventsRight(way: readonly (readonly [ScriptedInstance, Expected])[]): void {
    const reported = this.#events
      .splice(0)
      // P34 has these, with the times that an instance is allowed.
      .filter(({ kind }) => kind !== "late" && kind !== "on-time")
      .map((event) => ("who" in event ? `${event.kind} ${event.who.incarnation}` : event.kind));
    let live = this.#puppets.map(({ incarnation }) => incarnation);
    const knownLive = [live];
    const known: string[] = [];
    for (const [place, [{ incarnation }, { result, goesOn }]] of way.entries()) {
      known.push("resolving", "resolved", `using ${incarnation}`);
      if (result === "draining") known.push(`draining ${incarnation}`);
      if (result === "draining") live = live.filter((other) => other !== incarnation);
      if (goesOn) knownLive.push(live);
      if (result === "invalid") known.push(`invalid-response ${incarnation}`);
      if (goesOn && place === 1) known.push("resolving", "resolved");
    }
    this.same("the events of a caller", reported, known);
    this.same("the reported live instances", this.#live.splice(0), knownLive);
  }

  #isCounted(way: readonly (readonly [ScriptedInstance, Expected])[], tookMs: number): void {
    const counted = this.#counted.splice(0);
    const attempts = counted.filter((ended) => ended.kind === "attempt");
    const said = attempts.map(({ who, sentAs, result, isRefusal }) => ({ who, sentAs, result, isRefusal }));
    const known = way.map(([{ who, action }, { result }]) => {
      return { who, sentAs: "call", result, isRefusal: action.how === "refuse" && result === "answered" };
    });
    this.same("what a caller counts", said, known);
    const isUp = way.at(-1)?.[1].goesOn === true && way.every(([, { result }]) => result !== "invalid");
    this.same("what else a caller counts", counted.length - attempts.length, isUp ? 1 : 0);
    const timedMs = attempts.reduce((sum, attempt) => sum + attempt.tookMs, 0);
    this.holds(`a call of ${tookMs} ms is counted as ${timedMs}`, Math.abs(timedMs - tookMs) < 1e-6);
  }

  #wasAsked(way: readonly (readonly [ScriptedInstance, Expected])[], sent: unknown, carried: object, at: number): void {
    for (const puppet of this.#puppets) {
      const asked = puppet.asked.splice(0);
      const place = way.findIndex(([one]) => one === puppet);
      this.same(`the requests that ${puppet.incarnation} got`, asked.length, place === -1 ? 0 : 1);
      if (place === -1 || asked[0] === undefined) continue;
      const [{ body, headers }] = asked as [(typeof asked)[number]];
      this.same("what was asked", body, JSON.stringify(sent));
      this.same("the trace that was sent", tracedBy(headers), sorted(carried));
      const deadline = deadlineOf(headers) ?? Number.NaN;
      // The time that is left is that of the first attempt, at every later one as well.
      const isIts = Math.abs(deadline - (WALL_START_MS + at + TIMEOUT_MS)) <= 1;
      this.holds(`a deadline ${deadline - WALL_START_MS - at} ms after the call`, isIts);
    }
  }

  // Traces.

  #trace(carried: TraceHeaders | undefined): Trace {
    const begin = (part: SpanSpec): Span => {
      const ended: (string | undefined)[] = [];
      this.#spans.push({ part, ended });
      const end = (error?: string): void => void ended.push(error);
      return { traceId: "1", requestId: "1", carried, startSpan: undefined, end };
    };
    return { traceId: "1", requestId: "1", carried: undefined, startSpan: begin };
  }

  #isTraced(way: readonly (readonly [ScriptedInstance, Expected])[]): void {
    const rpc = { "rpc.system.name": "nats", "rpc.service": DRILL, "rpc.method": "get" };
    const known = way.map(([{ who, action }, { error }]) => {
      const { instance, incarnation, address } = who;
      const own = { "server.address": address, "dwc.instance": instance, "dwc.incarnation": incarnation };
      const attributes = { ...rpc, ...own, "dwc.copy": false };
      const end = action.how === "refuse" ? String(action.code) : error;
      return { part: { name: `${DRILL}/get`, kind: "client", attributes }, ended: [end ?? null] };
    });
    const said = this.#spans.splice(0).map(({ part, ended }) => ({ part, ended: ended.map((error) => error ?? null) }));
    this.same("the spans of a call", said, known);
  }

  /** An instance that has refused a call takes its turns again after its next heartbeat. */
  async #goOn(): Promise<void> {
    for (const puppet of this.#puppets) puppet.beat();
    await this.pass(ROUND_MS);
    const others = this.#events.splice(0).filter(({ kind }) => kind !== "returned");
    this.same("the events between two calls", others, []);
    this.same("who is live", this.#client.tracker.live(this.#own.host.now()).length, 2);
  }

  // Calls that fail on their own side, or are given up.

  async failing(): Promise<void> {
    const { dice } = this;
    const throws = (): never => {
      throw new Error("boom");
    };
    const cannot = "the request cannot be written as JSON";
    const [request, options, known] = dice.pick<readonly [unknown, AskOptions, ReturnType<typeof failedWhy>]>([
      [{ thingID: 1n }, {}, failedWhy(cannot, "Do not know how to serialize a BigInt")],
      [{ toJSON: throws }, {}, failedWhy(cannot, "boom")],
      [() => 7, {}, failedWhy(cannot, "a function cannot be written as JSON")],
      [{ pad: "x".repeat(MAX_BODY_BYTES) }, {}, TOO_LARGE],
      [{ pad: "€".repeat(MAX_BODY_BYTES / 3) }, {}, TOO_LARGE],
      [{}, { read: 7 as never }, failedWhy("the options of the call cannot be used", "read is no function")],
    ]);
    const answer = await this.get(this.#client.ask(request, options));
    const { reason, detail } = known;
    this.same("a call that cannot be made", sorted(answer), sorted({ ...unanswered(reason), detail }));
    this.same("what is counted of it", this.#counted.splice(0), [{ kind: "failed", detail }]);
    this.same("its events", this.#events.splice(0), []);
    this.#forget();
  }

  #forget(): void {
    for (const list of [this.#events, this.#counted, this.#reports, this.#spans, this.#live]) list.splice(0);
    for (const puppet of this.#puppets) puppet.asked.splice(0);
  }

  /** A caller gives up before, in the midst of, or after its call. */
  async signals(): Promise<void> {
    const { dice } = this;
    for (const puppet of this.#puppets) puppet.action = { how: "answer", ms: 300 };
    const listeners = new Set<() => void>();
    const signal = {
      aborted: dice.chance(0.3),
      addEventListener: (_kind: string, listener: () => void) => listeners.add(listener),
      removeEventListener: (_kind: string, listener: () => void) => listeners.delete(listener),
    };
    const at = this.now;
    const asking = this.#client.ask({}, { signal: signal as unknown as AbortSignal });
    const isGivenUp = dice.chance(0.5);
    await this.pass(100);
    const registered = [...listeners];
    if (isGivenUp) for (const listener of registered) listener();
    const answer = await this.get(asking);
    const tookMs = this.now - at;
    const gaveUp = "cancelled";
    const isAnswered = !signal.aborted && !isGivenUp;
    this.same("a call with a signal", endOf(answer), isAnswered ? "ok" : gaveUp);
    this.holds(`it took ${tookMs} ms`, isAnswered ? tookMs >= 300 : tookMs <= 100 + ROUND_MS);
    this.same("listeners that are left", listeners.size, 0);
    this.same("what is counted of it so far", this.#counted.length, isAnswered ? 1 : 0);
    for (const listener of registered) listener();
    await this.pass(300);
    const results = this.#counted.map((ended) => (ended.kind === "attempt" ? ended.result : ended.kind));
    this.same("what is counted of a call with a signal", results, signal.aborted ? [] : ["answered"]);
    this.#forget();
    await this.#goOn();
  }

  /** A check that throws, or answers later, is the caller's own bug: the call ends as failed, and no breaker opens. */
  async checks(): Promise<void> {
    const { dice } = this;
    for (const puppet of this.#puppets) puppet.action = { how: "answer", ms: 0 };
    const read = dice.pick<() => unknown>([
      () => Promise.reject(new Error("later")),
      () => Promise.resolve(true),
      () => {
        throw new Error("boom");
      },
    ]);
    const answer = await this.get(this.#client.ask({}, { read: read as never }));
    this.same("a check that fails", failedPart(answer), "the check of the answer failed");
    const results = this.#counted.map((ended) => (ended.kind === "attempt" ? ended.result : ended.kind));
    this.same("what is counted of a check that fails", results, ["unchecked"]);
    const kinds = this.#events.map(({ kind }) => kind);
    this.same("the events of a check that fails", kinds, ["resolving", "resolved", "using"]);
    this.#forget();
    await this.#goOn();
  }

  /** A retest goes on after the caller of its request has given up. */
  async #retest(): Promise<void> {
    await this.pass(RETEST_DELAY_MS + ROUND_MS);
    const asked = this.#puppets.map((puppet) => puppet.asked.splice(0).length);
    const hung = this.#puppets[asked[0] === 1 ? 0 : 1];
    for (const puppet of this.#puppets) puppet.action = { how: "answer", ms: puppet === hung ? 500 : 300 };
    this.#forget();
    const giveUp = new AbortController();
    const asking = this.#client.ask({}, { signal: giveUp.signal });
    await this.pass(100);
    giveUp.abort();
    this.same("a call that is given up", endOf(await this.get(asking)), "cancelled");
    await this.pass(TIMEOUT_MS);
    const ends = this.#counted.flatMap((ended) =>
      ended.kind === "attempt" ? [`${ended.sentAs} ${ended.result}`] : [],
    );
    this.same("what came of a retest", ends, ["call answered", "copy answered"]);
    const kinds = this.#events.splice(0).map(({ kind }) => kind);
    const ofRetest = kinds.filter((kind) => kind !== "late" && kind !== "on-time");
    this.same("the events of a retest", ofRetest, ["resolving", "resolved", "retesting", "using", "closed"]);
  }

  /** No instance answers in time, and then the client is closed. */
  async end(): Promise<void> {
    for (const puppet of this.#puppets) puppet.action = { how: "nothing", ms: 0 };
    if (this.dice.chance(0.5)) await this.#timeOut();
    else await this.#giveUpEarly();
    const kinds = this.#events.splice(0).map(({ kind }) => kind);
    this.same("its events", kinds, ["resolving", "resolved", "using", "late", "opened"]);
    if (this.dice.chance(0.3)) await this.#retest();
    this.#client.close();
    for (const puppet of this.#puppets) puppet.beat("gone");
    await this.pass(TIMEOUT_MS);
    this.same("the events after closing", this.#events, []);
  }

  async #timeOut(): Promise<void> {
    const at = this.now;
    const answer = await this.get(this.#client.ask({}));
    const tookMs = this.now - at;
    this.same("a call without an answer", endOf(answer), "timeout");
    this.holds(`it took ${tookMs} ms`, tookMs >= TIMEOUT_MS - 1 && tookMs <= TIMEOUT_MS + ROUND_MS);
  }

  /** The caller is gone long before the timeout, and the instance is charged for it all the same. */
  async #giveUpEarly(): Promise<void> {
    const giveUp = new AbortController();
    const asking = this.#client.ask({}, { signal: giveUp.signal });
    await this.pass(100);
    giveUp.abort();
    this.same("a call that is given up early", endOf(await this.get(asking)), "cancelled");
    this.same("what is counted of it before its timeout", this.#counted.length, 0);
    await this.pass(TIMEOUT_MS - 100 + ROUND_MS);
  }
}

const sorted = (fields: object): object => Object.fromEntries(Object.entries(fields).sort());
const tracedBy = (headers: Headers): object =>
  sorted(Object.fromEntries([...headers].filter(([name]) => name.startsWith("trace"))));
