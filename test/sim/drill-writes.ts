// P16, P28 and P29: a fleet with several operations, one of which writes, under faults and with hedging. One of its
// instances is older. Each call has an id, so what was executed can be compared with the outcome that its caller got.

import { type AskOptions, type Client, openClient } from "../../src/service/client.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { DRILL, type Ground } from "./drill-ground.ts";
import { FleetFaults } from "./fleet-faults.ts";
import { type Execution, FleetInstance, OlderInstance, startFleet } from "./fleet-instance.ts";

/** A call every 10 to 90 ms. */
const CALLS = 200;
const CALL_EVERY_MS = { least: 10, most: 90 };
/** Longer than any handler takes, and any message waits. */
const END_MS = 12_000;
/** Retests are frequent, so that calls and retests meet. */
const RULES = { retestDelayMs: 1_000, retestDelayMaxMs: 4_000 };
const INVALID = { kind: "invalid", problems: ["isTrue: must be true"] } as const;

interface MadeCall {
  readonly id: number;
  readonly operation: string;
  readonly idempotent: boolean;
  outcome: Outcome | undefined;
}

export async function drillWrites(ground: Ground): Promise<void> {
  const drill = new WritesDrill(ground);
  await drill.begin();
  await drill.call();
  await drill.end();
}

class WritesDrill {
  readonly #ground: Ground;
  readonly #client: Client;
  readonly #faults: FleetFaults;
  readonly #calls: MadeCall[] = [];
  /** By the id of the call. */
  readonly #executions = new Map<number, Execution[]>();

  constructor(ground: Ground) {
    this.#ground = ground;
    const asker = ground.process("asker");
    const note = (execution: Execution): void => {
      const { id } = execution;
      this.#executions.set(id, [...(this.#executions.get(id) ?? []), execution]);
    };
    const start = (number: number): FleetInstance => new FleetInstance(ground, number, note);
    const older = new OlderInstance(ground, 4, note);
    this.#faults = new FleetFaults(ground, asker, older, start);
    ground.server.saw = ({ subject }) => this.#goesOnlyToWhoHasIt(subject, older.incarnation);
    const { bus, host, dice } = asker;
    this.#client = openClient({
      ...{ service: DRILL, bus, clock: host, random: dice.random, hedge: ground.dice.chance(0.7), rules: RULES },
      report: () => undefined,
    });
  }

  #goesOnlyToWhoHasIt(subject: string, older: string): void {
    const [service, operation = "", incarnation] = subject.split(".");
    if (service !== DRILL || incarnation !== older || operation.startsWith("_")) return;
    this.#ground.same("P28", "the operation of a call to an older instance", operation, "get");
  }

  async begin(): Promise<void> {
    await this.#ground.pass(50);
    await startFleet(this.#ground, this.#faults.instances);
  }

  async call(): Promise<void> {
    const ground = this.#ground;
    for (let id = 1; id <= CALLS && !ground.isBroken; id++) {
      this.#faults.act();
      this.#ask(id);
      await ground.pass(ground.between(CALL_EVERY_MS.least, CALL_EVERY_MS.most));
    }
  }

  #ask(id: number): void {
    const { dice, timeline } = this.#ground;
    const operation = dice.pick(["get", "list", "pay", "pay"]);
    // An operation of older instances may be a write as well.
    const idempotent = operation === "list" || (operation === "get" && dice.chance(0.5));
    const aborted = dice.chance(0.15) ? new AbortController() : undefined;
    const options: AskOptions = {
      ...{ operation, idempotent, signal: aborted?.signal },
      ...(dice.chance(0.3) ? { timeoutMs: timeoutFrom(dice.random()) } : {}),
      read: (value) => (Object(value).isTrue === true ? { kind: "valid", value } : INVALID),
    };
    const call: MadeCall = { id, operation, idempotent, outcome: undefined };
    this.#calls.push(call);
    if (aborted !== undefined) timeline.at(timeline.now + dice.below(800), 0, () => aborted.abort());
    void this.#client.ask({ id }, options).then((outcome) => {
      call.outcome = outcome;
      this.#isItsOwn(call, outcome);
    });
  }

  #isItsOwn({ id, operation }: MadeCall, outcome: Outcome): void {
    if (outcome.kind !== "ok") return;
    const value = Object(outcome.value) as { readonly id?: unknown; readonly operation?: unknown };
    this.#ground.same("P22", "the answer to a call", [value.id, value.operation], [id, operation]);
    const by = (this.#executions.get(id) ?? []).map(({ incarnation }) => incarnation);
    this.#ground.holds(
      "P22",
      `an answer of who has not executed call ${id}`,
      by.includes(outcome.instance.incarnation),
    );
  }

  /** Once nothing is on its way any more: an outcome must hold for all time. */
  async end(): Promise<void> {
    if (this.#ground.isBroken) return;
    this.#faults.healAll();
    await this.#ground.pass(END_MS);
    for (const call of this.#calls) this.#isExecutedAsTold(call);
    this.#client.close();
  }

  #isExecutedAsTold({ id, operation, idempotent, outcome }: MadeCall): void {
    const ground = this.#ground;
    const executed = this.#executions.get(id) ?? [];
    const by = executed.map(({ incarnation, atMs }) => `${incarnation} at ${atMs.toFixed(1)}`).join(", ");
    const what = `${operation} ${id}, executed by ${by}`;
    const others = executed.filter((execution) => execution.operation !== operation).length;
    ground.same("P28", `calls of ${what} that reached another operation`, others, 0);
    if (!idempotent) ground.holds("P16", `${what}, must not be repeated`, executed.length <= 1);
    if (outcome === undefined) ground.breaks("P15", `call ${id} has never ended`);
    else if (outcome.kind === "unanswered" && !outcome.mayHaveExecuted)
      ground.holds("P29", `${what}, is said not to have been: ${outcome.reason}`, executed.length === 0);
  }
}

/** From 40 to 1,500 ms. */
const timeoutFrom = (share: number): number => 40 + Math.floor(share * 1_460);
