// P37: several callers and an instance that hangs. The first caller that finds it late warns the others, and none of them
// sends it anything more while it hangs. Once it answers, all use it again.

import { type Client, openClient } from "../../src/service/client.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import type { Process } from "./actors.ts";
import { readTrue } from "./call-outcomes.ts";
import { DRILL, type Ground, ROUND_MS, Scene } from "./drill-ground.ts";
import { ScriptedInstance } from "./scripted-instance.ts";

const TIMEOUT_MS = 1_000;
/** Without known times a fifth of the timeout, a check that comes too late twice, and 100 ms by chance. */
const MAX_WARNED_MS = TIMEOUT_MS / 5 + 40 + 100;
/** Less than a lease, and longer than any call. */
const HANGS_MS = 5_000;
const ANSWER_MS = 2;

export async function drillWarnings(ground: Ground): Promise<void> {
  const drill = new WarningsDrill(ground);
  await drill.begin();
  await drill.hang();
  if (!ground.isBroken) await drill.goOn();
  drill.close();
}

class WarningsDrill extends Scene {
  readonly #puppets: readonly ScriptedInstance[];
  readonly #callers: readonly Client[];
  readonly #processes: readonly Process[];
  readonly #events: ClientEvent[] = [];
  /** When each warning was published. */
  readonly #warnedAt: number[] = [];
  readonly #everyMs: number;

  constructor(ground: Ground) {
    super(ground, "P37");
    this.#puppets = [1, 2, 3].map((number) => new ScriptedInstance(ground.process(`${number}-p`), number));
    this.#processes = Array.from({ length: this.dice.pick([2, 3, 6]) }, (_, place) => ground.process(`m${place + 1}`));
    this.#callers = this.#processes.map(({ bus, host, dice }) =>
      openClient({
        ...{ service: DRILL, bus, clock: host, random: dice.random, name: host.name },
        onEvent: (event) => void this.#events.push(event),
      }),
    );
    this.#everyMs = this.dice.pick([100, 400, 1_000]);
  }

  async begin(): Promise<void> {
    await this.pass(50);
    const listener = this.ground.process("listener");
    listener.bus.subscribe(`warning.${DRILL}.*.*`, ({ body }) => {
      if (Buffer.from(body).toString().includes('"late":true')) this.#warnedAt.push(this.now);
    });
    for (const puppet of this.#puppets) puppet.action = { how: "answer", ms: ANSWER_MS };
    await this.pass(ROUND_MS);
    for (const puppet of this.#puppets) puppet.beat();
    await this.pass(ROUND_MS);
    this.#events.splice(0);
  }

  /** Calls of all callers, each at its own times. */
  async #load(forMs: number): Promise<readonly Outcome[]> {
    const calls: Promise<Outcome>[] = [];
    const dueAt = this.#callers.map(() => this.now + this.dice.below(this.#everyMs));
    for (const end = this.now + forMs; this.now < end; ) {
      const place = dueAt.indexOf(Math.min(...dueAt));
      const at = dueAt[place] ?? end;
      await this.pass(Math.max(0, Math.min(at, end) - this.now));
      dueAt[place] = at + this.#everyMs;
      const caller = this.#callers[place];
      if (caller !== undefined && this.now < end) calls.push(caller.ask({}, { read: readTrue }));
    }
    return this.get(Promise.all(calls));
  }

  async hang(): Promise<void> {
    const hung = this.dice.pick(this.#puppets);
    const askedAt: number[] = [];
    const process = hung.process.bus;
    process.subscribe(hung.address, () => askedAt.push(this.now));
    hung.action = { how: "nothing", ms: 0 };
    await this.pass(ROUND_MS);
    askedAt.splice(0);
    const ends = await this.#load(HANGS_MS);
    const [first] = askedAt;
    const [warned] = this.#warnedAt;
    if (first === undefined) return;
    this.holds("an instance hangs, and no caller warns of it", warned !== undefined && warned <= first + MAX_WARNED_MS);
    const later = askedAt.filter((at) => warned !== undefined && at > warned + ROUND_MS);
    this.same("the calls that reach it after the warning", later.length, 0);
    this.same("the calls that failed", ends.filter(({ kind }) => kind !== "ok").length, askedAt.length);
    const opened = this.#events.filter((event) => event.kind === "opened").length;
    this.holds(`${opened} breakers opened by ${askedAt.length} calls`, opened <= askedAt.length);
  }

  async goOn(): Promise<void> {
    for (const puppet of this.#puppets) puppet.action = { how: "answer", ms: ANSWER_MS };
    // A heartbeat closes the breakers of those that lost a call. With their next answer they take their warnings back.
    for (const puppet of this.#puppets) puppet.beat();
    await this.#load(4 * this.#everyMs);
    await this.pass(2 * ROUND_MS);
    for (const puppet of this.#puppets) puppet.asked.splice(0);
    const ends = await this.#load(4 * this.#everyMs);
    this.same("the calls that failed afterwards", ends.filter(({ kind }) => kind !== "ok").length, 0);
    for (const { asked, number } of this.#puppets)
      this.holds(`instance ${number} got no call afterwards`, asked.length >= this.#callers.length);
  }

  close(): void {
    for (const caller of this.#callers) caller.close();
  }
}
