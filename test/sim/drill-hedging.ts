// P17 and P22: late calls, in a drill with HEDGE=1: when a call is sent once more and to which instance, which answer counts,
// and how often that is allowed.

import { isLate } from "../../src/health/member.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import type { AttemptOutcome, ClientEvent } from "../../src/service/client-options.ts";
import { deadlineOf } from "../../src/service/core/request-headers.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import type { Process } from "./actors.ts";
import { readTrue } from "./call-outcomes.ts";
import { DRILL, type Ground, ROUND_MS, Scene } from "./drill-ground.ts";
import { type HandlerAction, ScriptedInstance } from "./scripted-instance.ts";

/** A tenth of the timeout, while too few answers are known. */
const UNKNOWN_LATE_MS = 100;
const MIN_LATE_MS = 10;
const MIN_KNOWN = 20;
const RECKONED_EVERY = 8;
const REMEMBERED = 64;
const QUANTILE = 0.95;
const EARNED = 0.05;
const AT_START = 8;
const TIMEOUT_MS = 1_000;
/** Minimum distance of two ends whose order is compared. */
const APART_MS = 3 * ROUND_MS;

type Hedged = Extract<ClientEvent, { kind: "hedging" }>;

export async function drillHedging(ground: Ground): Promise<void> {
  const drill = new HedgingDrill(ground);
  await drill.begin();
  if (ground.dice.chance(0.4)) await drill.warmUp();
  for (let step = 0; step < 8 && !ground.isBroken; step++) await drill.call();
  if (!ground.isBroken) await drill.hang();
}

class HedgingDrill extends Scene {
  readonly #own: Process;
  readonly #puppets: readonly ScriptedInstance[];
  readonly #events: ClientEvent[] = [];
  readonly #counted: Extract<AttemptOutcome, { kind: "attempt" }>[] = [];
  /** Durations of each instance's answers, in order, and its threshold for a late call. */
  readonly #took = new Map<string, number[]>();
  readonly #lateMs = new Map<string, number>();
  readonly #client: Client;
  #allowance = AT_START;
  #isRepeatable = true;

  constructor(ground: Ground) {
    super(ground, "P17");
    this.#own = ground.process("asker");
    this.#puppets = [1, 2].map((number) => new ScriptedInstance(ground.process(`${number}-p`), number));
    const { bus, host, dice } = this.#own;
    this.#client = openClient({
      ...{ service: DRILL, bus, clock: host, random: dice.random, hedge: true },
      onEvent: (event) => void this.#events.push(event),
      onAttempt: (ended) => this.#count(ended),
    });
  }

  #count(ended: AttemptOutcome): void {
    if (ended.kind !== "attempt") return;
    this.#counted.push(ended);
    // Calls that are never sent twice add nothing to the threshold for a late call.
    if (ended.result !== "answered" || !this.#isRepeatable) return;
    const { incarnation } = ended.who;
    const took = [...(this.#took.get(incarnation) ?? []), ended.tookMs];
    this.#took.set(incarnation, took);
    if (took.length < MIN_KNOWN || (took.length > MIN_KNOWN && took.length % RECKONED_EVERY !== 0)) return;
    const sorted = took.slice(-REMEMBERED).sort((a, b) => a - b);
    this.#lateMs.set(incarnation, sorted[Math.ceil(sorted.length * QUANTILE) - 1] ?? 0);
  }

  async begin(): Promise<void> {
    await this.pass(50);
    for (const puppet of this.#puppets) puppet.beat();
    await this.pass(ROUND_MS);
    this.#events.splice(0);
  }

  /** Answers enough for each to have habits. */
  async warmUp(): Promise<void> {
    const ms = this.dice.pick([0, 5, 30, 60]);
    for (const puppet of this.#puppets) puppet.action = { how: "answer", ms };
    const calls = 2 * MIN_KNOWN + this.dice.below(40);
    for (let call = 0; call < calls; call++) {
      await this.get(this.#ask());
      if (this.#events.some(({ kind }) => kind === "hedging")) this.#allowance -= 1;
      this.#events.splice(0);
      // The second of a call that was late ends before the next one begins.
      await this.pass(2 * ROUND_MS);
    }
    await this.pass(TIMEOUT_MS);
    this.#forget();
  }

  #forget(): void {
    this.#events.splice(0);
    this.#counted.splice(0);
    for (const puppet of this.#puppets) puppet.asked.splice(0);
  }

  #ask(isRepeatable = true): Promise<Outcome> {
    this.#isRepeatable = isRepeatable;
    if (isRepeatable) this.#allowance += EARNED;
    return this.#client.ask({}, { idempotent: isRepeatable, read: readTrue });
  }

  #action(): HandlerAction {
    const { dice } = this;
    const how = dice.pick<HandlerAction["how"]>(["answer", "answer", "answer", "refuse", "lie", "garbage"]);
    return { how, code: dice.pick([404, 500]), ms: dice.pick([0, 0, 230, 300, 420, 560]) };
  }

  async call(): Promise<void> {
    for (const puppet of this.#puppets) puppet.action = this.#action();
    const isRepeatable = this.dice.chance(0.8);
    const at = this.now;
    const late = new Map(this.#lateMs);
    const answer = await this.get(this.#ask(isRepeatable));
    const tookMs = this.now - at;
    await this.pass(TIMEOUT_MS);
    const used = this.#events.find((event) => event.kind === "using");
    const first = this.#puppets.find(({ incarnation }) => incarnation === used?.who.incarnation);
    const second = this.#puppets.find((puppet) => puppet !== first);
    if (first === undefined || second === undefined) return this.same("a call", "to no instance", "to one");
    const lateMs = Math.max(late.get(first.incarnation) ?? UNKNOWN_LATE_MS, MIN_LATE_MS);
    const isLate = isRepeatable && first.action.ms > lateMs + 2 * ROUND_MS && this.#allowance >= 1;
    if (isLate) this.#allowance -= 1;
    // A few ms may decide which of the two ends first.
    const isClose = Math.abs(first.action.ms - lateMs) <= 2 * ROUND_MS;
    if (isClose && this.#hedged !== undefined && !isLate) this.#allowance -= 1;
    if (!isClose) this.#wasSentTwice(first, second, isLate, lateMs);
    if (!isClose && isLate) this.#endsAsTheFirstAnswer([first, second], lateMs, answer, tookMs);
    await this.#goOn();
  }

  get #late(): readonly string[] {
    return [...this.#client.tracker.all()].filter(isLate).map(({ who }) => who.incarnation);
  }

  get #hedged(): Hedged | undefined {
    return this.#events.find((event): event is Hedged => event.kind === "hedging");
  }

  #wasSentTwice(first: ScriptedInstance, second: ScriptedInstance, isLate: boolean, lateMs: number): void {
    const hedged = this.#hedged;
    this.same(`a second call beside one of ${first.action.ms} ms`, hedged !== undefined, isLate);
    if (hedged === undefined) return;
    this.same("who is late, and who helps", [hedged.late, hedged.who], [first.who, second.who]);
    const isThen = Math.abs(hedged.afterMs - lateMs) < 0.01;
    this.holds(`late after ${hedged.afterMs} ms, and it should have been ${lateMs}`, isThen);
    const [one, other] = [first, second].map(({ asked }) => asked[0] && deadlineOf(asked[0].headers));
    this.holds("the second call has another deadline", Math.abs((one ?? 0) - (other ?? 9)) <= 1);
  }

  #endsAsTheFirstAnswer(
    [first, second]: readonly [ScriptedInstance, ScriptedInstance],
    lateMs: number,
    answer: Outcome,
    tookMs: number,
  ): void {
    const [one, other] = [first.action, second.action];
    const isUseful = ({ how }: HandlerAction): boolean => how === "answer" || how === "refuse";
    const [oneMs, otherMs] = [one.ms, lateMs + other.ms];
    const sent = this.#counted.map(({ who, sentAs }) => `${sentAs} ${who.incarnation}`).sort();
    this.same("what is counted of a call that was late", sent, [
      `call ${first.incarnation}`,
      `hedge ${second.incarnation}`,
    ]);
    if (otherMs > TIMEOUT_MS - APART_MS) return;
    const invalid = this.#events.filter(({ kind }) => kind === "invalid-response").length;
    if (!isUseful(other)) this.ground.holds("P22", "an invalid answer that is not reported", invalid > 0);
    if (Math.abs(oneMs - otherMs) < APART_MS || !(isUseful(one) || isUseful(other))) return;
    const isSecond = isUseful(other) && (!isUseful(one) || otherMs < oneMs);
    const who = "instance" in answer ? answer.instance : undefined;
    this.same("the instance of the answer", who, (isSecond ? second : first).who);
    const knownMs =
      isSecond && !isUseful(one) ? Math.max(otherMs, Math.min(oneMs, otherMs)) : isSecond ? otherMs : oneMs;
    const isThen = tookMs >= knownMs - 1 && tookMs <= knownMs + 2 * ROUND_MS;
    this.holds(`an answer after ${knownMs} ms came to its caller after ${tookMs}`, isThen);
  }

  async #goOn(): Promise<void> {
    for (const puppet of this.#puppets) puppet.beat();
    await this.pass(ROUND_MS);
    this.same("who is spared once all has ended", this.#late, []);
    this.#forget();
  }

  /** One hangs: another helps out, it gets nothing new meanwhile, and is charged all the same. */
  async hang(): Promise<void> {
    if (this.#allowance < 1) return;
    for (const puppet of this.#puppets) puppet.action = { how: "answer", ms: 0 };
    const before = this.#own.host.now();
    const turn = this.#client.resolver.peek(before).call?.who.incarnation;
    const hung = this.#puppets.find(({ incarnation }) => incarnation === turn);
    const other = this.#puppets.find((puppet) => puppet !== hung);
    if (hung === undefined || other === undefined) return;
    hung.action = { how: "nothing", ms: 0 };
    const answer = await this.get(this.#ask());
    this.same("who helps out", "instance" in answer ? answer.instance : answer, other.who);
    for (let call = 0; call < 2; call++) await this.get(this.#ask());
    this.same("who is spared", this.#late, [hung.incarnation]);
    this.same("the calls to one that hangs", hung.asked.length, 1);
    await this.pass(TIMEOUT_MS + ROUND_MS);
    this.same("who is spared afterwards", this.#late, []);
    const opened = this.#events.filter(({ kind }) => kind === "opened").length;
    this.same("how often one that hangs is opened", opened, 1);
    this.#client.close();
  }
}
