// P21: an instance's answers, counters, heartbeats and goodbye, in a drill: requests of every kind, a stall, $SRV
// queries, more of them than a tool needs, and a goodbye during calls.

import { rollCallSubject, serviceVerbSubjects } from "../../src/bus/core/subjects.ts";
import { type Instance, startInstance } from "../../src/service/instance.ts";
import type { InstanceEvent } from "../../src/service/instance-options.ts";
import type { Process } from "./actors.ts";
import { DRILL, type Ground, ROUND_MS, Scene } from "./drill-ground.ts";
import { WALL_START_MS } from "./host.ts";
import { bodyOf, type Code, codeOf, handleWanted, linesOf, randomWanted, type Wanted } from "./wanted-requests.ts";

const ID = "3-q";
const ADDRESS = `${DRILL}.get.${ID}`;
const VERSION = "1.2.3-beta.1";
const INTERVAL_MS = 4_000;
/** As many questions are answered at once, and as many in each second after that. */
const ANSWERED_AT_ONCE = 100;
/** Roll calls that get a beat of their own: each beat goes to all callers. */
const BEATS_AT_ONCE = 5;
const LATE_BEAT_MS = 100;
const MARGIN_MS = 120;

export async function drillQuestions(ground: Ground): Promise<void> {
  const drill = new QuestionsDrill(ground);
  await drill.begin();
  const { dice } = ground;
  for (let step = 0; step < 8 && !ground.isBroken; step++) await drill.request();
  if (dice.chance(0.4)) await drill.sleep();
  if (dice.chance(0.3)) await drill.loseBus();
  if (dice.chance(0.15)) await drill.flood();
  if (!ground.isBroken) await drill.questions();
  if (!ground.isBroken) await drill.leave();
}

class QuestionsDrill extends Scene {
  readonly #asker: Process;
  readonly #own: Process;
  readonly #events: InstanceEvent[] = [];
  readonly #states: string[] = [];
  readonly #replies = new Map<string, number>();
  #beatAt = 0;
  #seq = -1;
  /** Messages that it sends while the bus is away are lost. */
  #backAt = Number.NEGATIVE_INFINITY;
  /** Replies have numbers as well, and of a flood only a few are published. */
  #floodUntil = Number.NEGATIVE_INFINITY;
  #instance: Instance | undefined;
  #startedBetween: readonly [number, number] = [0, 0];
  #counts = { requests: 0, errors: 0, lastError: "", processingMs: 0, dropped: 0, overloaded: 0 };
  /** Of the same requests. The drill takes less than a minute. */
  #lastMinute = { callerErrors: 0, lastError: "" };

  constructor(ground: Ground) {
    super(ground, "P21");
    this.#asker = ground.process("asker");
    this.#own = ground.process(ID);
    ground.server.saw = ({ subject, reply, data }) => {
      if (subject === `health.${DRILL}.${ID}`) this.#saw(Buffer.from(data).toString());
      if (reply !== undefined) this.#replies.set(reply, 0);
      else if (this.#replies.has(subject)) this.#replied(subject);
    };
  }

  #replied(subject: string): void {
    const count = (this.#replies.get(subject) ?? 0) + 1;
    this.#replies.set(subject, count);
    if (subject.includes(DRILL) && count > 1 && this.#wasRequest.has(subject))
      this.ground.breaks("P18", `${subject} was answered ${count} times`);
  }

  readonly #wasRequest = new Set<string>();

  #saw(body: string): void {
    const { seq, state, ...rest } = JSON.parse(body) as { readonly seq: number; readonly state: string };
    const mayMiss = this.now < this.#backAt + INTERVAL_MS || this.now < this.#floodUntil;
    const isNext = seq === this.#seq + 1 || (seq > this.#seq && mayMiss);
    this.holds(`heartbeat ${seq} came after ${this.#seq}`, isNext);
    this.#seq = seq;
    this.#states.push(state);
    this.#beatAt = this.now;
    const said = { service: DRILL, instance: 3, incarnation: ID, address: ADDRESS, version: VERSION };
    this.same("a heartbeat", rest, { ...said, intervalMs: INTERVAL_MS, answersOnce: true });
  }

  async begin(): Promise<void> {
    const { bus, host, dice } = this.#own;
    await this.pass(this.dice.below(2) * 100);
    const before = this.now;
    const starting = startInstance({
      ...{ service: DRILL, instance: 3, incarnation: ID, version: VERSION, bus, clock: host, random: dice.random },
      heartbeatIntervalMs: INTERVAL_MS,
      handle: (request) => handleWanted(Object(request) as Wanted, host),
      onEvent: (event) => void this.#events.push(event),
    });
    const started = await this.get(starting);
    if (started.kind === "started") this.#instance = started.instance;
    this.#startedBetween = [before, this.now];
    await this.pass(ROUND_MS);
    this.#happened("a start", [{ kind: "up", address: ADDRESS }]);
    this.same("the beats of a start", this.#states, ["up"]);
  }

  #happened(what: string, known: readonly InstanceEvent[]): void {
    const said = this.#events.splice(0).map((event) => JSON.stringify(event));
    this.same(`the events of ${what}`, said.sort(), known.map((event) => JSON.stringify(event)).sort());
  }

  // Requests.

  async #send(wanted: Wanted | undefined, timeoutMs = 8_000): Promise<Code> {
    const { bus } = this.#asker;
    bus.encoding = wanted?.how === "latin" ? "latin1" : "utf8";
    const subject = this.dice.chance(0.2) ? `${DRILL}.get` : ADDRESS;
    const code = new Promise<Code>((resolve) =>
      bus.call(subject, bodyOf(wanted), { timeoutMs, lines: linesOf(wanted) }, (reply) => {
        if (reply.kind === "answered") resolve(0);
        else resolve(reply.kind === "service-error" ? reply.code : undefined);
      }),
    );
    bus.encoding = "utf8";
    if (bus.nextReplyTo !== undefined) this.#wasRequest.add(bus.nextReplyTo);
    return code;
  }

  /** One request of any kind: its answer, the instance's counts and its events. */
  async request(): Promise<void> {
    const wanted = randomWanted(this.dice);
    const code = codeOf(wanted);
    this.same(`the answer to ${JSON.stringify(wanted)}`, await this.get(this.#send(wanted)), code);
    this.#count(code, wanted?.ms ?? 0);
    const fails = ["throw", "reject", "nothing"].includes(wanted?.how ?? "");
    const events = this.#events.map(({ kind }) => kind);
    this.same(`the events of ${wanted?.how}`, events, fails ? ["failed"] : []);
    this.#events.splice(0);
    this.#isCounted(wanted?.how === "refuse" ? `${code}:no more` : `${code}:`);
    const isCallers = code >= 400 && code < 500;
    if (isCallers) this.#lastMinute.callerErrors += 1;
    else if (code !== 0) this.#lastMinute.lastError = this.#instance?.counts.lastError ?? "";
  }

  #count(code: number, ms: number): void {
    const { requests, errors, processingMs } = this.#counts;
    this.#counts = { ...this.#counts, requests: requests + 1, processingMs: processingMs + ms };
    if (code !== 0) this.#counts = { ...this.#counts, errors: errors + 1, lastError: `${code}:` };
  }

  #isCounted(lastError: string): void {
    const { counts } = this.#instance ?? {};
    if (counts === undefined) return;
    const isLast = counts.lastError.startsWith(this.#counts.lastError);
    if (this.#counts.lastError === lastError.slice(0, 4) && lastError.length > 4)
      this.same("the last error", counts.lastError, lastError);
    this.holds(`its last error is ${counts.lastError}, not ${this.#counts.lastError}`, isLast);
    const rounded = { ...counts, processingMs: Math.round(counts.processingMs * 1e6) / 1e6, lastError: "" };
    this.same("its counts", rounded, { ...this.#counts, lastError: "" });
  }

  /** During a stall a request whose caller has given up is dropped at the wake-up, counted and reported. */
  async sleep(): Promise<void> {
    const { dice } = this;
    const { host } = this.#own;
    const ms = 1_000 + dice.below(3_000);
    const wakesAt = this.now + WALL_START_MS + ms;
    host.stall();
    const lates = Array.from({ length: 1 + dice.below(4) }, () =>
      dice.pick([1, MARGIN_MS, ms - 2 * MARGIN_MS, ms + MARGIN_MS, -500]),
    );
    const calls = [undefined, ...lates].map((late) =>
      this.#send({ how: "answer", ...(late === undefined ? {} : { deadline: wakesAt - late }) }),
    );
    await this.pass(ms);
    host.goOn();
    const codes = await this.get(Promise.all(calls));
    const isDropped = (late: number | undefined): boolean => late !== undefined && late > 0 && late < ms;
    const known = [undefined, ...lates].map((late) => (isDropped(late) ? null : 0));
    this.same(
      `a stall of ${ms} ms, calls late by ${lates}`,
      codes.map((code) => code ?? null),
      known,
    );
    const dropped = lates.filter(isDropped).length;
    for (const code of known) if (code !== null) this.#count(code, 0);
    this.#counts = { ...this.#counts, dropped: this.#counts.dropped + dropped };
    this.#isCounted("");
    this.#woke(ms, dropped);
    await this.#isOverAfterwards();
  }

  #woke(ms: number, dropped: number): void {
    const [resumed, ...others] = this.#events.splice(0);
    const isRight = resumed?.kind === "resumed" && Math.abs(resumed.pausedMs - ms) <= 60;
    this.holds(`after a stall of ${ms} ms it said ${JSON.stringify(resumed)}`, isRight);
    this.same("after a stall", others, dropped === 0 ? [] : [{ kind: "dropped", count: dropped }]);
  }

  /** With its backlog behind it, it goes by no deadline: clocks differ. */
  async #isOverAfterwards(): Promise<void> {
    const late = this.#send({ how: "answer", deadline: this.#own.host.wall() - 200 });
    this.same("a late call after the backlog", await this.get(late), 0);
    this.#count(0, 0);
  }

  async loseBus(): Promise<void> {
    const { server } = this.ground;
    server.goDown();
    await this.pass(300);
    const before = this.#states.length;
    server.comeUp();
    this.#backAt = this.now;
    await this.pass(900);
    this.#happened("a lost bus", [{ kind: "disconnected" }, { kind: "reconnected" }]);
    this.holds("it is back, and does not beat", this.#states.length > before);
  }

  // Questions.

  async questions(): Promise<void> {
    await this.#verb("PING", {});
    const own = { name: "get", subject: `${DRILL}.get`, queue_group: DRILL };
    const description = `instance 3 of ${DRILL}`;
    await this.#verb("INFO", { description, endpoints: [{ ...own, metadata: { address: ADDRESS } }] });
    const { requests, errors, lastError, processingMs, dropped } = this.#instance?.counts ?? this.#counts;
    const ns = Math.round(processingMs * 1_000_000);
    const { callerErrors, lastError: last_error } = this.#lastMinute;
    const lastMinute = { num_requests: requests, num_errors: errors, caller_errors: callerErrors, last_error };
    const data = { dropped_expired: dropped, overloaded: 0, last_minute: lastMinute };
    const stats = {
      ...{ ...own, num_requests: requests, num_errors: errors, last_error: lastError, processing_time: ns },
      ...{ average_processing_time: Math.round(ns / requests), data },
    };
    await this.#verb("STATS", { endpoints: [stats] });
    const before = this.#states.length;
    const [beat] = await this.get(this.#asker.bus.requestMany(rollCallSubject(DRILL), "", ROUND_MS));
    this.holds("a roll call brings no heartbeat", this.#states.length > before);
    this.holds("a roll call is answered with a heartbeat", Object(beat).length > 0);
    const at = this.now;
    this.#instance?.resumed();
    await this.pass(ROUND_MS);
    this.holds("one that is continued does not beat at once", this.#beatAt >= at);
    await this.pass(INTERVAL_MS);
    this.holds("it does not beat in its interval", this.#beatAt > at + ROUND_MS);
  }

  async #verb(verb: "PING" | "INFO" | "STATS", body: object): Promise<void> {
    const who = { name: DRILL, id: ID, version: VERSION, metadata: { instance: "3", address: ADDRESS } };
    const type = `io.nats.micro.v1.${verb.toLowerCase()}_response`;
    for (const subject of serviceVerbSubjects(verb, DRILL, ID)) {
      const answers = await this.get(this.#asker.bus.requestMany(subject, "", ROUND_MS));
      const [said] = answers.map((bytes) => JSON.parse(Buffer.from(bytes).toString()) as { readonly started?: string });
      const { started, ...rest } = said ?? {};
      this.same(`the answer to ${subject}`, rest, { type, ...who, ...body });
      if (verb === "STATS") this.#startedThen(started);
    }
  }

  #startedThen(started: string | undefined): void {
    const [from, to] = this.#startedBetween;
    const at = Date.parse(started ?? "") - WALL_START_MS;
    this.holds(`it says that it was started at ${started}`, at >= from - 1 && at <= to + 1);
  }

  /** More questions than a tool needs: so many are answered, and all roll calls beyond that get one late beat. */
  async flood(): Promise<void> {
    const asked = ANSWERED_AT_ONCE + 30;
    const count = async (subject: string): Promise<number> => {
      const ask = (): Promise<{ readonly kind: string }> => this.#asker.bus.request(subject, "", { timeoutMs: 300 });
      const replies = await this.get(Promise.all(Array.from({ length: asked }, ask)));
      return replies.filter(({ kind }) => kind === "answered").length;
    };
    const isRight = (answered: number): boolean => answered >= ANSWERED_AT_ONCE && answered <= ANSWERED_AT_ONCE + 4;
    const pings = await count(`$SRV.PING.${DRILL}.${ID}`);
    this.holds(`of ${asked} PINGs at once ${pings} were answered`, isRight(pings));
    const [before, at] = [this.#states.length, this.now];
    this.#floodUntil = at + INTERVAL_MS + 1_500;
    const rolls = await count(rollCallSubject(DRILL));
    this.holds(`of ${asked} roll calls at once ${rolls} were answered`, isRight(rolls));
    const beats = this.#states.length - before - BEATS_AT_ONCE;
    this.holds(`beats beside the first ${BEATS_AT_ONCE}: ${beats}`, beats >= 1 && beats <= 2);
    const lateMs = this.#beatAt - at;
    this.holds(`the beat for all others came ${lateMs} ms later`, lateMs >= LATE_BEAT_MS);
    await this.pass(1_500);
  }

  // Goodbye.

  /** Announces that it leaves, finishes or rejects its calls, and then announces that it is gone. */
  async leave(): Promise<void> {
    const { dice } = this;
    const limitMs = 200 + dice.below(800);
    const lasts = Array.from({ length: dice.below(4) }, () => dice.pick([20, 120, limitMs + 100, 2_000]));
    const calls = lasts.map((ms) => this.#send({ how: dice.pick(["later", "reject"]), ms }));
    await this.pass(ROUND_MS);
    this.#states.splice(0);
    const before = this.#states;
    this.ground.server.saw = this.#sawLeaving();
    const at = this.now;
    const leaving = this.#instance?.goodbye(limitMs);
    await this.pass(ROUND_MS);
    this.ground.same("P10", "what it says first when it leaves", before[0], "draining");
    this.ground.same("P10", "a call to one that leaves", (await this.get(this.#send({ how: "answer" }))) ?? null, null);
    if (leaving !== undefined) await this.get(leaving);
    const tookMs = this.now - at;
    await this.get(this.#codesOfTheLast(calls, lasts, limitMs));
    const underway = Math.max(0, ...lasts.map((ms) => ms - ROUND_MS));
    const known = Math.min(limitMs, underway);
    this.ground.holds(
      "P10",
      `a goodbye with calls of ${lasts} ms took ${tookMs} ms, with a limit of ${limitMs}`,
      tookMs <= known + 3 * ROUND_MS && tookMs >= known - ROUND_MS,
    );
    await this.pass(2_000);
    this.#instance?.resumed();
    void this.#instance?.goodbye(limitMs);
    this.ground.same("P10", "what it says when it leaves", before, ["draining", "gone"]);
    const answers = await this.get(this.#asker.bus.requestMany("$SRV.PING", "", ROUND_MS));
    this.ground.same("P10", "who answers after its goodbye", answers.length, 0);
  }

  #sawLeaving(): (message: { readonly subject: string; readonly data: Uint8Array }) => void {
    return ({ subject, data }) => {
      if (subject === `health.${DRILL}.${ID}`)
        this.#states.push((JSON.parse(Buffer.from(data).toString()) as { readonly state: string }).state);
      else if (this.#wasRequest.has(subject)) this.#replied(subject);
    };
  }

  /** Calls that end within the limit are answered. Each other one is rejected as unfinished, once. */
  async #codesOfTheLast(calls: readonly Promise<Code>[], lasts: readonly number[], limitMs: number): Promise<void> {
    const codes = await Promise.all(calls);
    for (const [place, code] of codes.entries()) {
      const ms = lasts[place] ?? 0;
      const isIn = ms < limitMs;
      const isRight = isIn ? code === 0 || code === 500 : code === 504;
      this.ground.holds("P10", `a call of ${ms} ms ended with ${code}, with a limit of ${limitMs} ms`, isRight);
    }
  }
}
