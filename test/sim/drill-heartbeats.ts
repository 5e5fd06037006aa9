// P22: the caller's handling of heartbeats, in a drill: valid and invalid ones, in and out of order, until they stop.
// Also a bus that goes away, and heartbeats that are interrupted.

import { type Client, openClient } from "../../src/service/client.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import type { Process } from "./actors.ts";
import { DRILL, type Ground, ROUND_MS, Scene } from "./drill-ground.ts";
import { ScriptedInstance } from "./scripted-instance.ts";

const INTERVAL_MS = 700;
const LEASE_MS = 2 * INTERVAL_MS;
/** Losses are noticed by a tick. */
const TICK_MS = 200;

/** Fields of a heartbeat that a caller rejects, and others that it accepts. */
const BAD: readonly object[] = [
  ...[{ service: "other" }, { incarnation: "9-z" }, { address: "drill.get.other" }, { state: "off" }, { state: null }],
  ...[{ instance: 0 }, { instance: 1_000_000 }, { instance: 1.5 }, { instance: "1" }, { instance: undefined }],
  ...[{ seq: -1 }, { seq: 0.5 }, { seq: 2 ** 53 }, { seq: "0" }],
  ...[{ intervalMs: 9 }, { intervalMs: 300_001 }, { intervalMs: 10.5 }, { intervalMs: undefined }],
  ...[{ pad: "x".repeat(4_096) }],
];
const GOOD: readonly object[] = [
  ...[{}, { instance: 999_999 }, { instance: 1 }, { intervalMs: 300_000 }, { more: { of: "it" } }, { answersOnce: 7 }],
  ...[
    { version: undefined },
    { version: 7 },
    { version: "v".repeat(64) },
    { version: "v".repeat(65) },
    { seq: 2 ** 53 - 1 },
  ],
];

/** Faults in a heartbeat, and the ones that a caller accepts. */
const NOTES: readonly (readonly [said: unknown, believed: readonly object[] | undefined])[] = [
  [undefined, undefined],
  [7, undefined],
  [[], []],
  [[{ fault: "slow", byMs: 5, endsInMs: 900 }], [{ kind: "slow", byMs: 5 }]],
  [[{ fault: "fail", share: 1, endsInMs: 0 }], [{ kind: "fail", share: 1 }]],
  [
    [
      { fault: "mute", endsInMs: 86_400_000 },
      { fault: "pause", endsInMs: 5 },
    ],
    [{ kind: "mute" }, { kind: "pause" }],
  ],
  [[{ fault: "mute", endsInMs: 86_400_001 }, { fault: "fail", share: 1.01, endsInMs: 5 }, null], []],
  [
    [
      { fault: "slow", byMs: -1, endsInMs: 5 },
      { fault: "nap", endsInMs: 5 },
      { fault: "mute", endsInMs: -1 },
    ],
    [],
  ],
  [
    [
      { fault: "slow", endsInMs: 5 },
      { fault: "fail", endsInMs: 5 },
      { fault: "pause" },
      { fault: "mute", endsInMs: "5" },
    ],
    [],
  ],
  [[7, 7, 7, 7, { fault: "mute", endsInMs: 5 }], []],
];

export async function drillHeartbeats(ground: Ground): Promise<void> {
  const drill = new HearingDrill(ground);
  await drill.begin();
  const { dice } = ground;
  for (let step = 0; step < 6 && !ground.isBroken; step++)
    await dice.pick([
      ...[() => drill.bad(), () => drill.bad(), () => drill.good(), () => drill.faults(), () => drill.order()],
      ...[() => drill.silence(), () => drill.goodbye(), () => drill.clash(), () => drill.interrupted()],
    ])();
  if (!ground.isBroken) await drill.lostBus();
  if (!ground.isBroken) await drill.end();
}

class HearingDrill extends Scene {
  readonly #own: Process;
  /** Subscription to heartbeats: in some drills on a connection of its own. */
  readonly #ears: Process;
  readonly #events: ClientEvent[] = [];
  readonly #client: Client;
  #rolls = 0;
  #newcomers = 0;

  constructor(ground: Ground) {
    super(ground, "P22");
    this.#own = ground.process("asker");
    this.#ears = ground.dice.chance(0.5) ? ground.process("ears") : this.#own;
    const { bus, host, dice } = this.#own;
    ground.server.saw = ({ subject }) => {
      if (subject === `health.${DRILL}`) this.#rolls += 1;
    };
    this.#client = openClient({
      ...{ service: DRILL, bus, heartbeatBus: this.#ears.bus, clock: host, random: dice.random },
      onEvent: (event) => void this.#events.push(event),
    });
  }

  #newcomer(number: number = 10 + this.#newcomers): ScriptedInstance {
    this.#newcomers += 1;
    const puppet = new ScriptedInstance(this.ground.process(`${number}-s${this.#newcomers}`), number);
    puppet.intervalMs = INTERVAL_MS;
    return puppet;
  }

  async #connected(number?: number): Promise<ScriptedInstance> {
    const puppet = this.#newcomer(number);
    await this.pass(2 * ROUND_MS);
    this.#happened("a process that only connects", []);
    return puppet;
  }

  /** The events since are exactly those. */
  #happened(what: string, known: readonly string[]): void {
    const said = this.#events.splice(0).map((event) => {
      if (event.kind === "bus") return `bus ${event.status}`;
      return "who" in event ? `${event.kind} ${event.who.incarnation}` : event.kind;
    });
    this.same(`the events of ${what}`, said.sort(), [...known].sort());
  }

  /** The first call waits for a first heartbeat, but not for long. */
  async begin(): Promise<void> {
    await this.pass(2 * ROUND_MS);
    this.#happened("a bus that is there", ["bus connected"]);
    this.same("the roll calls of one that has connected", this.#rolls, 1);
    const at = this.now;
    const asking = this.#client.ask({});
    const beats = this.dice.chance(0.5);
    const puppet = this.#newcomer();
    await this.pass(2 * ROUND_MS);
    if (beats) puppet.beat();
    const { kind } = await this.get(asking);
    const tookMs = this.now - at;
    this.same("the first call", kind, beats ? "ok" : "unanswered");
    const isIn = beats ? tookMs <= 6 * ROUND_MS : tookMs >= 100 && tookMs <= 201;
    this.holds(`the first call took ${tookMs} ms`, isIn);
    await this.#leave(puppet);
  }

  /** It goes without a word to be remembered. */
  async #leave(puppet: ScriptedInstance): Promise<void> {
    puppet.beat("gone");
    await this.pass(ROUND_MS);
    this.#events.splice(0);
  }

  async bad(): Promise<void> {
    const puppet = await this.#connected();
    const known = this.#client.tracker.size;
    const bad = this.dice.pick([...BAD, "{", "7", "null", "latin"]);
    if (bad === "latin") {
      puppet.process.bus.encoding = "latin1";
      puppet.beat("up", { pad: "ÿ" });
    } else if (typeof bad === "object") puppet.beat("up", bad);
    else puppet.process.bus.publish(`health.${DRILL}.${puppet.incarnation}`, bad);
    puppet.process.bus.publish(`health.${DRILL}.ä`, "{}");
    await this.pass(ROUND_MS);
    const subjects = this.#events.flatMap((event) => (event.kind === "unreadable-heartbeat" ? [event.subject] : []));
    this.same("whose heartbeat is not readable", subjects, [
      `health.${DRILL}.${puppet.incarnation}`,
      `health.${DRILL}.?`,
    ]);
    this.#happened(`the heartbeat ${JSON.stringify(bad).slice(0, 60)}`, [
      "unreadable-heartbeat",
      "unreadable-heartbeat",
    ]);
    this.same("who is known by a heartbeat that is none", this.#client.tracker.size, known);
  }

  async good(): Promise<void> {
    const puppet = await this.#connected();
    const good = this.dice.pick(GOOD);
    puppet.beat("up", good);
    await this.pass(ROUND_MS);
    this.#happened(`the heartbeat ${JSON.stringify(good)}`, [`joined ${puppet.incarnation}`]);
    const { instance = puppet.number } = good as { readonly instance?: number };
    const who = this.#client.tracker
      .live(this.#own.host.now())
      .find((one) => one.who.incarnation === puppet.incarnation)?.who;
    this.same("who has joined", who, { ...puppet.who, instance });
    if ("seq" in good) puppet.seq = Number.MAX_SAFE_INTEGER;
    else await this.#leave(puppet);
    await this.pass(LEASE_MS + TICK_MS + ROUND_MS);
    this.#events.splice(0);
  }

  async faults(): Promise<void> {
    const puppet = await this.#connected();
    puppet.beat("up", {});
    await this.pass(ROUND_MS);
    this.#events.splice(0);
    const [said, believed] = this.dice.pick(NOTES);
    for (let beat = 0; beat < 2; beat++) {
      puppet.beat("up", { faults: said });
      await this.pass(ROUND_MS);
    }
    const reported = this.#events.flatMap((event) => (event.kind === "faults" ? [event] : []));
    const faults = reported.map((event) => event.faults.map(({ until: _until, ...fault }) => fault));
    this.same(`the faults of ${JSON.stringify(said)}`, faults, believed === undefined ? [] : [believed]);
    if (reported[0] !== undefined) this.same("the instance of the faults", reported[0].who, puppet.who);
    this.#happened("faults", believed === undefined ? [] : [`faults ${puppet.incarnation}`]);
    puppet.beat("draining", { faults: [{ fault: "mute", endsInMs: 99 }] });
    await this.pass(ROUND_MS);
    this.#happened("faults of one that leaves", [`draining ${puppet.incarnation}`]);
    await this.#leave(puppet);
  }

  /** A heartbeat older than the last one changes nothing. */
  async order(): Promise<void> {
    const puppet = await this.#connected();
    puppet.seq = 5;
    puppet.beat();
    await this.pass(ROUND_MS);
    this.#happened("a start", [`joined ${puppet.incarnation}`]);
    for (const seq of [3, 5]) puppet.beat(this.dice.pick(["draining", "gone"]), { seq });
    await this.pass(ROUND_MS);
    this.#happened("heartbeats that were overtaken", []);
    puppet.seq = 6;
    await this.#leave(puppet);
  }

  /** Two intervals after its last heartbeat it counts as lost; with the next one it is back. */
  async silence(): Promise<void> {
    const puppet = await this.#connected();
    puppet.beat();
    const at = this.now;
    await this.pass(LEASE_MS - 2 * ROUND_MS);
    this.#happened("one that is silent", [`joined ${puppet.incarnation}`]);
    await this.pass(TICK_MS + 4 * ROUND_MS);
    const lost = this.#events.find((event) => event.kind === "lost");
    const silentMs = lost?.silentMs ?? 0;
    const isRight = silentMs >= LEASE_MS && silentMs <= this.now - at;
    this.holds(`it was lost after ${silentMs} ms`, isRight);
    this.#happened("one that was silent", [`lost ${puppet.incarnation}`]);
    const isBack = this.dice.chance(0.6);
    puppet.beat(isBack ? "up" : "gone");
    await this.pass(ROUND_MS);
    this.#happened("one that was lost", [`${isBack ? "returned" : "left"} ${puppet.incarnation}`]);
    await this.#leave(puppet);
  }

  /** Goodbye is for good. */
  async goodbye(): Promise<void> {
    const puppet = await this.#connected();
    puppet.beat();
    await this.pass(ROUND_MS);
    this.#events.splice(0);
    const isDraining = this.dice.chance(0.7);
    if (isDraining) {
      puppet.beat("draining");
      puppet.beat("draining");
      await this.pass(ROUND_MS);
      this.#happened("one that leaves", [`draining ${puppet.incarnation}`]);
    }
    if (isDraining) puppet.beat("up");
    puppet.beat("gone");
    puppet.beat("gone");
    puppet.beat("up");
    await this.pass(ROUND_MS);
    this.#happened("one that is gone", [`left ${puppet.incarnation}`]);
    const { kind } = await this.get(this.#client.ask({}));
    this.same("a call while all are gone", kind, "unanswered");
    this.#events.splice(0);
  }

  /** Two instances of one number are reported once, when both have beaten. */
  async clash(): Promise<void> {
    const [one, two] = [await this.#connected(77), await this.#connected(77)];
    one.beat();
    await this.pass(ROUND_MS);
    two.beat();
    await this.pass(ROUND_MS);
    this.#happened("a second one of a number", [`joined ${one.incarnation}`, `joined ${two.incarnation}`]);
    for (const puppet of [one, two, one, two]) {
      puppet.beat();
      await this.pass(ROUND_MS);
    }
    this.#happened("two of one number", [`duplicate ${two.incarnation}`]);
    await this.#leave(one);
    await this.#leave(two);
  }

  /** Heartbeats are interrupted for a while, on a connection of their own. The caller reports that afterwards. */
  async interrupted(): Promise<void> {
    if (this.#ears === this.#own) return;
    const rolls = this.#rolls;
    const at = this.now;
    for (const connection of this.ground.server.of(this.#ears.host)) connection.drop("dropped");
    await this.pass(900);
    const event = this.#events.find((event) => event.kind === "heartbeats-interrupted");
    const interruptedMs = event?.interruptedMs ?? 0;
    this.holds(`interrupted for ${interruptedMs} ms`, interruptedMs >= 100 && interruptedMs <= this.now - at);
    this.#happened("interrupted heartbeats", ["heartbeats-interrupted"]);
    this.same("the roll calls after an interruption", this.#rolls, rolls + 1);
  }

  /** While the bus is away no instance can beat, and so none is lost. */
  async lostBus(): Promise<void> {
    const { server } = this.ground;
    const puppet = await this.#connected();
    puppet.beat();
    await this.pass(ROUND_MS);
    server.goDown();
    await this.pass(LEASE_MS + TICK_MS);
    this.#happened("a bus that goes away", [`joined ${puppet.incarnation}`, "bus disconnected"]);
    const { kind } = await this.get(this.#client.ask({}));
    this.same("a call without a bus", kind, "unanswered");
    server.comeUp();
    await this.pass(600);
    this.#happened("a bus that is back", ["bus connected"]);
    puppet.beat();
    await this.pass(ROUND_MS);
    this.#happened("one that has found back", []);
    await this.#leave(puppet);
  }

  /** Once it is closed it receives nothing. */
  async end(): Promise<void> {
    const puppet = await this.#connected();
    this.#client.close();
    puppet.beat();
    puppet.beat("up", { seq: -1 });
    await this.pass(LEASE_MS + TICK_MS);
    this.#happened("what comes after its end", []);
  }
}
