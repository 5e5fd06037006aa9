// P21: the start of an instance, in a drill: with valid and invalid identities, with a number that is taken, and before
// there is a bus.

import { type Instance, type Started, startInstance } from "../../src/service/instance.ts";
import type { InstanceEvent, InstanceOptions } from "../../src/service/instance-options.ts";
import type { Process } from "./actors.ts";
import { DRILL, type Ground, ROUND_MS } from "./drill-ground.ts";
import { ScriptedInstance } from "./scripted-instance.ts";

type Value = readonly [
  name: "service" | "instance" | "incarnation" | "version" | "heartbeatIntervalMs",
  value: unknown,
];

const long = (length: number): string => "a".repeat(length);
const GOOD: readonly Value[] = [
  ...["a", "a9_-", long(64), "ratings"].map((value): Value => ["service", value]),
  ...[1, 2, 999_999].map((value): Value => ["instance", value]),
  ...["A", "z", "0", "a-b_C9", long(64)].map((value): Value => ["incarnation", value]),
  ...["0.0.0", "1.2.3", "10.20.30", "1.0.0-a", "1.0.0-0", "1.0.0-a.1.b-c", "1.0.0-0a", "1.0.0--"].map(
    (value): Value => ["version", value],
  ),
  ...["1.0.0+b", "1.0.0+001.a", "1.0.0-x.y+b.c", `1.0.0-${long(58)}`, undefined].map(
    (value): Value => ["version", value],
  ),
  ...[10, 300_000, 4_000].map((value): Value => ["heartbeatIntervalMs", value]),
];
const BAD: readonly Value[] = [
  ...["", "A", "9a", "-a", "a.b", "a b", "a*", "get", "health", long(65), 7, null].map(
    (value): Value => ["service", value],
  ),
  ...[0, -1, 1.5, 1_000_000, "1", null, Number.NaN].map((value): Value => ["instance", value]),
  ...["", "a.b", "a b", "ä", "a*", long(65), 7].map((value): Value => ["incarnation", value]),
  ...["", "1", "1.2", "1.2.3.4", "01.2.3", "1.02.3", "1.2.03", "v1.2.3", "1.2.3-", "1.2.3-01"].map(
    (value): Value => ["version", value],
  ),
  ...["1.2.3+", "1.2.3-a..b", "1.2.3+a..b", "1.2.3 ", " 1.2.3", "1.2.3-a_b", "a.b.c", `1.0.0-${long(59)}`, 7].map(
    (value): Value => ["version", value],
  ),
  ...[9, 300_001, 10.5, "1000"].map((value): Value => ["heartbeatIntervalMs", value]),
];

export async function drillIdentity(ground: Ground): Promise<void> {
  const { dice } = ground;
  for (let count = 0; count < 6; count++) await isRefused(ground, dice.pick(BAD));
  await isTaken(ground, dice.pick(GOOD));
  await waits(ground);
}

const start = (process: Process, other: Partial<InstanceOptions>): Promise<Started> =>
  startInstance({
    ...{ service: DRILL, instance: 1, incarnation: process.host.name, bus: process.bus, clock: process.host },
    ...{ random: process.dice.random, handle: () => ({ kind: "answer", body: {} }) },
    ...other,
  });

const given = ([name, value]: Value): Partial<InstanceOptions> => ({ [name]: value }) as Partial<InstanceOptions>;

async function isRefused(ground: Ground, bad: Value): Promise<void> {
  const process = ground.process("bad");
  const starting = start(process, given(bad)).then(
    () => "started",
    (error: unknown) => (error instanceof Error && error.message !== "" ? "refused" : String(error)),
  );
  ground.same("P21", `a start with the ${bad[0]} ${String(bad[1])}`, await ground.get(starting), "refused");
}

/** A good one starts; no second of its number may, unless the first is leaving or cannot answer. */
async function isTaken(ground: Ground, good: Value): Promise<void> {
  const [service, instance] = (["service", "instance"] as const).map((name) =>
    good[0] === name ? good[1] : undefined,
  );
  const one = ground.process("one");
  const own = { service: (service as string) ?? DRILL, instance: (instance as number) ?? 1 };
  const first = await ground.get(start(one, { ...own, ...given(good) }));
  ground.same("P21", `a start with the ${good[0]} ${String(good[1])}`, first.kind, "started");
  if (first.kind !== "started") return;
  const again = async (name: string, number: number): Promise<string> =>
    (await ground.get(start(ground.process(name), { ...own, instance: number }))).kind;
  const number = own.instance;
  ground.same("P21", "a start under a number that is taken", await again("two", number), "taken");
  const other = number === 1 ? 2 : number - 1;
  ground.same("P21", "a start under another number", await again("three", other), "started");
  await namesakes(ground, one, first.instance, () => again("four", number));
}

async function namesakes(ground: Ground, one: Process, first: Instance, again: () => Promise<string>): Promise<void> {
  if (ground.dice.chance(0.5)) {
    one.host.stall();
    ground.same("P21", "a start under the number of one that stands still", await again(), "started");
    one.host.goOn();
  } else {
    await ground.get(first.goodbye());
    ground.same("P21", "a start under the number of one that left", await again(), "started");
  }
}

/**
 * Before there is a bus it waits, reports that, and starts as soon as there is one. A reply that no instance of ours
 * would send takes no number.
 */
async function waits(ground: Ground): Promise<void> {
  const { server, dice } = ground;
  server.goDown();
  const process = ground.process("late");
  const events: InstanceEvent[] = [];
  let started: Started | undefined;
  const starting = start(process, { service: `${DRILL}-late`, onEvent: (event) => void events.push(event) });
  void starting.then((ended) => {
    started = ended;
  });
  const waitsMs = dice.pick([300, 900, 2_000]);
  await ground.pass(waitsMs);
  const kinds = (): readonly string[] => events.map(({ kind }) => kind);
  ground.same("P21", `the events of ${waitsMs} ms without a bus`, kinds(), waitsMs < 500 ? [] : ["waiting"]);
  server.comeUp();
  const liar = new ScriptedInstance(ground.process("1-liar"), 1, `${DRILL}-late`);
  liar.answersRollCall(dice.pick(["{", "{}", "null", '{"incarnation":7}', '{"incarnation":"a.b"}']));
  await ground.pass(1_500);
  ground.same("P21", "a start once there is a bus", started?.kind ?? "none", "started");
  ground.same("P21", "the last event of a start", kinds().at(-1) ?? "none", "up");
  if (started?.kind === "started") await ground.get(started.instance.goodbye());
  await ground.pass(ROUND_MS);
}
