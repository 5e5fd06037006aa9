// P20: fault injection. An instance that accepts faults is given commands, valid and invalid. Its answers to calls, its
// heartbeats and the end of each fault are compared with the commands.

import { chaosBroadcastSubject, chaosSubject, rollCallSubject } from "../../src/bus/core/subjects.ts";
import type { FaultCommand } from "../../src/faults/core/faults.ts";
import {
  broadcastFault,
  type FaultReceiver,
  type FaultReply,
  sendFaultCommand,
} from "../../src/faults/fault-client.ts";
import type { ProcessControl } from "../../src/faults/process-control.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { startInstance } from "../../src/service/instance.ts";
import type { InstanceEvent } from "../../src/service/instance-options.ts";
import type { Process } from "./actors.ts";
import { DRILL, type Ground, ROUND_MS, Scene } from "./drill-ground.ts";
import { type Fault, type On, OrderedFaults, randomFault } from "./ordered-faults.ts";
import { BAD_BODIES, STRANGE_ANSWERS, Watched } from "./process-watch.ts";
import { ScriptedInstance } from "./scripted-instance.ts";

const INTERVAL_MS = 1_000;
/** From the moment that something is ordered to the one in which it is done it takes less. */
const UNSURE_MS = 20;
const SAME_END_MS = 500;
const BAD = 400;
const FAILED = 500;

export async function drillOrders(ground: Ground): Promise<void> {
  const drill = new OrdersDrill(ground);
  await drill.begin();
  const steps = 2 + ground.dice.below(4);
  for (let step = 0; step < steps && !ground.isBroken; step++) await drill.step();
  if (!ground.isBroken) await drill.end();
}

class OrdersDrill extends Scene {
  readonly #asker: Process;
  readonly #taker: Process;
  readonly #watched: Watched;
  readonly #id = "2-a";
  readonly #events: InstanceEvent[] = [];
  readonly #clientEvents: ClientEvent[] = [];
  readonly #beats: { readonly at: number; readonly faults: unknown }[] = [];
  readonly #ordered: OrderedFaults;
  #chance = 0;
  #asked = 0;
  #handled = 0;
  #client: Client | undefined;
  #goodbye: () => Promise<void> = async () => undefined;

  constructor(ground: Ground) {
    super(ground, "P20");
    this.#asker = ground.process("asker");
    this.#taker = ground.process(this.#id);
    this.#watched = new Watched(this.#taker);
    this.#ordered = new OrderedFaults(() => ground.now);
    ground.server.saw = ({ subject, data }) => {
      if (subject !== `health.${DRILL}.${this.#id}`) return;
      const { faults, state } = JSON.parse(Buffer.from(data).toString()) as { faults: unknown; state: string };
      if (state === "up") this.#beats.push({ at: ground.now, faults });
    };
  }

  async begin(): Promise<void> {
    const { bus } = this.#asker;
    const early = await this.#ask({ kind: "list" });
    this.same("an order without a bus", early, { kind: "unanswered", why: "disconnected" });
    await this.#start(this.#taker, 2, this.#id, this.#watched);
    const other = this.ground.process("1-b");
    await this.#start(other, 1, "1-b", new Watched(other));
    this.#ordered.due = [{ kind: "takes faults" }, { kind: "up", address: `${DRILL}.get.${this.#id}` }];
    this.#client = openClient({
      ...{ service: DRILL, bus, clock: this.#asker.host, random: this.#asker.dice.random },
      onEvent: (event) => void this.#clientEvents.push(event),
    });
    await this.pass(300);
  }

  async #start(process: Process, instance: number, incarnation: string, chaos: ProcessControl): Promise<void> {
    const isTaker = process === this.#taker;
    const starting = startInstance({
      ...{ service: DRILL, instance, incarnation, chaos, bus: process.bus, clock: process.host },
      heartbeatIntervalMs: INTERVAL_MS,
      random: () => (isTaker ? this.#chance : 0.5),
      onEvent: (event) => void (isTaker && this.#events.push(event)),
      handle: (request) => {
        this.#handled += 1;
        return { kind: "answer", body: request as object };
      },
    });
    const started = await this.get(starting);
    if (started.kind === "started" && isTaker) this.#goodbye = () => started.instance.goodbye();
  }

  #ask(order: FaultCommand): Promise<FaultReply> {
    return this.get(sendFaultCommand(this.#asker.bus, DRILL, this.#id, order));
  }

  async step(): Promise<void> {
    const { dice } = this;
    const step = dice.pick([
      ...[() => this.#begin(), () => this.#begin(), () => this.#begin(), () => this.#held()],
      ...[() => this.#bad(), () => this.#reset(), () => this.#pause(), () => this.#asleep(), () => this.#unanswered()],
    ]);
    await step();
    if (this.ground.isBroken) return;
    await this.pass(dice.below(2_000));
    await this.#settled();
    await this.#probe();
    await this.#roll();
  }

  // Orders.

  async #begin(): Promise<void> {
    const { dice } = this;
    const fault = randomFault(this.ground);
    const isDefault = dice.chance(0.1);
    const forMs = isDefault ? 60_000 : dice.chance(0.05) ? 600_000 : this.ground.between(500, 6_000);
    const at = this.now;
    if (isDefault) {
      const { kind, ...amount } = fault;
      await this.#raw({ fault: kind, ...amount }, this.#id);
    } else this.#isDone(await this.#ask({ kind: "begin", fault, forMs }), fault, forMs);
    this.#ordered.begin(fault, at, forMs);
  }

  #isDone(asked: FaultReply, fault: Fault, forMs: number): void {
    if (asked.kind !== "done") {
      this.same("an order", asked, "done");
      return;
    }
    const last = asked.receiver.faults.at(-1);
    // The end less the beginning is not always the time between: these are no whole numbers.
    const isRoundedUp = last?.endsInMs === forMs + 1;
    this.same("what was begun", last, { ...fault, endsInMs: isRoundedUp ? forMs + 1 : forMs });
    this.#isTaker(asked.receiver, this.#id, 2);
  }

  #isTaker({ service, instance, incarnation }: FaultReceiver, id: string, number: number): void {
    const who = { service: DRILL, instance: number, incarnation: id };
    this.same("who takes faults", { service, instance, incarnation }, who);
  }

  async #raw(body: unknown, id: string | undefined): Promise<number> {
    const subject = id === undefined ? chaosBroadcastSubject(DRILL) : chaosSubject(DRILL, id);
    const reply = await this.get(this.#asker.bus.request(subject, JSON.stringify(body), { timeoutMs: 9_000 }));
    return reply.kind === "service-error" ? reply.code : 0;
  }

  async #bad(): Promise<void> {
    const { dice } = this;
    const body = dice.pick(BAD_BODIES);
    this.same(`the order ${JSON.stringify(body)}`, await this.#raw(body, this.#id), BAD);
    const ofOne = dice.pick([{ fault: "mute", forMs: 900 }, { fault: "kill" }, { fault: "pause", forMs: 900 }]);
    this.same("a fault of all at once", await this.#raw(ofOne, undefined), BAD);
  }

  async #reset(): Promise<void> {
    const isOfAll = this.dice.chance(0.5);
    await this.#sure();
    if (isOfAll) {
      const takers = await this.get(broadcastFault(this.#asker.bus, DRILL, "reset"));
      this.same(
        "who was reset",
        takers.map(({ instance, faults }) => [instance, faults]),
        [
          [1, []],
          [2, []],
        ],
      );
    } else {
      const asked = await this.#ask({ kind: "reset" });
      this.same("a reset", asked.kind === "done" && asked.receiver.faults, []);
    }
    this.#ordered.endAll("reset");
  }

  /** A call that is held back is answered at once when the fault ends by a reset. */
  async #held(): Promise<void> {
    await this.#reset();
    const fault: Fault = { kind: "slow", byMs: 5_000 };
    const at = this.now;
    this.#isDone(await this.#ask({ kind: "begin", fault, forMs: 9_000 }), fault, 9_000);
    this.#ordered.begin(fault, at, 9_000);
    const call = this.#request();
    await this.pass(100 + this.dice.below(1_000));
    const resetAt = this.now;
    await this.#reset();
    const { replied } = await this.get(call);
    this.holds(`held for ${replied - resetAt} ms after a reset`, replied - resetAt <= ROUND_MS);
    this.holds("answered before the reset", replied >= resetAt);
  }

  async #pause(): Promise<void> {
    const { dice } = this;
    await this.#reset();
    this.#watched.willArm = dice.chance(0.7);
    this.#watched.willBegin = dice.chance(0.5);
    this.#watched.done.splice(0);
    const order: FaultCommand = { kind: "begin", fault: { kind: "pause" }, forMs: 800 };
    const pausing = this.#asked1(order);
    await this.pass(UNSURE_MS);
    const between = await this.#ask({ kind: "begin", fault: { kind: "mute" }, forMs: 800 });
    this.same("an order before a pause", between.kind, "refused");
    const isReset = dice.chance(0.3);
    if (isReset) await this.#ask({ kind: "reset" });
    const asked = await this.get(pausing);
    const at = this.now;
    await this.pass(UNSURE_MS);
    this.#paused(asked, isReset);
    if (asked.kind === "done" && !this.#watched.willBegin)
      this.#ordered.on = [{ fault: { kind: "pause" }, until: at + 800 }];
  }

  async #asked1(order: FaultCommand): Promise<FaultReply> {
    return sendFaultCommand(this.#asker.bus, DRILL, this.#id, order);
  }

  #paused(asked: FaultReply, isReset: boolean): void {
    const { willArm, willBegin, done } = this.#watched;
    const fault: Fault = { kind: "pause" };
    const isDone = willArm && !isReset;
    this.same("a pause", asked.kind, isDone ? "done" : "refused");
    const after = isDone && willBegin ? ["stop"] : willArm ? ["release"] : [];
    this.same("what was done for a pause", done, ["arm 2 800", ...after]);
    if (isDone) this.#ordered.due.push({ kind: "fault begins", fault, forMs: 800 });
    if (isDone && willBegin) this.#ordered.due.push({ kind: "fault ended", fault, why: "continued early" });
  }

  /** A command that arrived during a stall does not begin at the wake-up: the caller has to send it again. */
  async #asleep(): Promise<void> {
    const { host } = this.#taker;
    await this.#reset();
    const stalledAt = this.now;
    host.stall();
    const fault: Fault = { kind: "fail", share: 1 };
    const asking = this.#asked1({ kind: "begin", fault, forMs: 3_000 });
    await this.pass(400 + this.dice.below(3_000));
    host.goOn();
    const at = this.now;
    const asked = await this.get(asking);
    if (asked.kind === "done") this.#ordered.begin(fault, at, 3_000);
    this.same("an order to one that slept", asked.kind, "done");
    await this.pass(UNSURE_MS);
    this.#resumed(at - stalledAt);
  }

  #resumed(ms: number): void {
    const place = this.#events.findIndex(({ kind }) => kind === "resumed");
    const [event] = this.#events.splice(place, 1);
    const isRight = event?.kind === "resumed" && Math.abs(event.pausedMs - ms) <= 60;
    this.ground.holds("P21", `an instance that stood still for ${ms} ms said ${JSON.stringify(event)}`, isRight);
  }

  async #unanswered(): Promise<void> {
    const name = `8-${this.ground.deal()}`.replace("--", "-");
    const liar = new ScriptedInstance(this.ground.process(name), 8);
    const [what, known] = this.dice.pick(STRANGE_ANSWERS);
    liar.answersOrders(what);
    await this.pass(2 * ROUND_MS);
    const strange = await this.get(sendFaultCommand(this.#asker.bus, DRILL, name, { kind: "list" }));
    this.same(`the answer ${what} to an order`, strange.kind, known);
    const asked = await this.get(sendFaultCommand(this.#asker.bus, DRILL, "9-z", { kind: "list" }));
    this.same("a command without an instance", asked, { kind: "unanswered", why: "no-responders" });
    this.same("an order to one that is not there", await this.#raw({ fault: "list" }, "9-z"), 0);
  }

  // Reports and effects.

  /** Waits until the active faults are certain. */
  async #sure(): Promise<void> {
    const isNear = ({ until }: On): boolean => Math.abs(until - this.now) <= 2 * ROUND_MS;
    while (this.#ordered.on.some(isNear)) await this.pass(ROUND_MS);
    this.#ordered.forgetOver();
  }

  async #settled(): Promise<void> {
    await this.#sure();
    const sorted = (events: readonly InstanceEvent[]): readonly string[] =>
      events.map((event) => JSON.stringify(event, (key, value) => (key === "until" ? undefined : value))).sort();
    this.same("the events of faults", sorted(this.#events.splice(0)), sorted(this.#ordered.due.splice(0)));
    const asked = await this.#ask({ kind: "list" });
    this.#saysWhatIsOn("its list", asked.kind === "done" ? asked.receiver.faults : [asked]);
    const event = this.#clientEvents.findLast((event) => event.kind === "faults" && event.who.incarnation === this.#id);
    const faults = event?.kind === "faults" ? event.faults : [];
    this.#beatsWell();
    // A mute instance sends no heartbeat that names its faults.
    if (this.#ordered.mutedAt !== undefined) return;
    this.#saysWhatIsOn(
      "its caller",
      faults.map(({ until, ...fault }) => ({ ...fault, endsInMs: until - this.#hostNow })),
    );
  }

  get #hostNow(): number {
    return this.#asker.host.now();
  }

  #saysWhatIsOn(who: string, notes: readonly object[]): void {
    const amounts = notes.map((note) => ({ ...note, endsInMs: undefined }));
    this.same(
      `the faults that ${who} says are on`,
      amounts,
      this.#ordered.on.map(({ fault }) => fault),
    );
    for (const [place, { until }] of this.#ordered.on.entries()) {
      const { endsInMs } = Object(notes[place]) as { endsInMs?: number };
      const offMs = Math.abs(until - this.now - (endsInMs ?? 0));
      // An end that has moved by less is not reported.
      const mostOffMs = who === "its list" ? 0 : SAME_END_MS;
      this.holds(`${who} says that a fault ends in ${endsInMs} ms`, offMs <= 2 * ROUND_MS + 1 + mostOffMs);
    }
  }

  /** At least one heartbeat in each interval, but none while it is mute. Each heartbeat lists the active faults. */
  #beatsWell(): void {
    const { now } = this;
    const last = this.#beats.at(-1);
    if (last === undefined) {
      this.ground.breaks("P20", "it never beats");
      return;
    }
    const muted = this.#ordered.mutedAt;
    if (muted !== undefined && last.at > muted + UNSURE_MS) this.ground.breaks("P20", "it is mute, and beats");
    if (muted === undefined && last.at < now - INTERVAL_MS - UNSURE_MS) this.ground.breaks("P20", "it does not beat");
    const said = (last.faults as { readonly fault: string }[]).map(({ fault }) => fault);
    if (muted === undefined)
      this.same(
        "the faults of its heartbeat",
        said,
        this.#ordered.on.map(({ fault }) => fault.kind),
      );
  }

  /** A roll call is answered, unless it is mute. */
  async #roll(): Promise<void> {
    await this.#sure();
    const answers = await this.get(this.#asker.bus.requestMany(rollCallSubject(DRILL), "", ROUND_MS));
    this.same("who answers a roll call", answers.length, this.#ordered.mutedAt === undefined ? 2 : 1);
  }

  async #request(): Promise<{ readonly code: number; readonly at: number; readonly replied: number }> {
    this.#asked += 1;
    const [at, subject] = [this.now, `${DRILL}.get.${this.#id}`];
    const reply = await this.#asker.bus.request(subject, `{"n":${this.#asked}}`, { timeoutMs: 70_000 });
    const code = reply.kind === "service-error" ? reply.code : reply.kind === "answered" ? 0 : Number.NaN;
    return { code, at, replied: this.now };
  }

  /** One call: as late, and as often an error, as was ordered. */
  async #probe(): Promise<void> {
    const chance = this.dice.pick([0, 0.009, 0.01, 0.24, 0.25, 0.5, 0.75, 0.999]);
    this.#chance = chance;
    this.#ordered.forgetOver();
    const [slow, fail] = (["slow", "fail"] as const).map((kind) =>
      this.#ordered.on.find(({ fault }) => fault.kind === kind),
    );
    const handledBefore = this.#handled;
    const { code, at, replied } = await this.get(this.#request());
    const byMs = slow?.fault.kind === "slow" ? Math.min(slow.fault.byMs, slow.until - at) : 0;
    const fails = fail?.fault.kind === "fail" && chance < fail.fault.share;
    this.same(`a call under ${JSON.stringify(this.#ordered.on)}`, code, fails ? FAILED : 0);
    this.same("the handler's calls", this.#handled - handledBefore, fails ? 0 : 1);
    const lateMs = replied - at - byMs;
    this.holds(`slow by ${byMs} ms and answered after ${replied - at}`, lateMs >= -ROUND_MS && lateMs <= 2 * ROUND_MS);
  }

  /** An instance that leaves ends all faults. One that is to be killed answers first. */
  async end(): Promise<void> {
    if (this.dice.chance(0.5)) await this.#kill();
    else {
      this.#ordered.forgetOver();
      this.#ordered.endAll("reset");
      await this.get(this.#goodbye());
      await this.pass(UNSURE_MS);
      const asked = await this.#ask({ kind: "list" });
      this.same("an order to one that has left", asked, { kind: "unanswered", why: "no-responders" });
      this.same("the events of a goodbye", this.#events.length, this.#ordered.due.length);
    }
    this.#client?.close();
  }

  async #kill(): Promise<void> {
    this.#watched.done.splice(0);
    const asked = await this.#ask({ kind: "kill" });
    await this.pass(UNSURE_MS);
    this.same("a kill", asked.kind, "done");
    this.same("what was done for a kill", this.#watched.done, ["kill"]);
    this.holds(
      "a kill is reported",
      this.#events.some(({ kind }) => kind === "killed"),
    );
  }
}
