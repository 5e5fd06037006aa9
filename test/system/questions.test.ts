// takes: 15 s
// A client that asks what every client may ask, 20,000 times: the instances go on serving requests.

import * as assert from "uvu/assert";
import { connectNatsBus } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import { defaultHealthRules } from "../../src/settings.ts";
import { Attacker } from "../support/attacker.ts";
import { sharedSystemSuite } from "../support/system.ts";
import { openPlainNats, type Wire } from "../support/wire.ts";
import { until } from "../support/world.ts";

const test = sharedSystemSuite<{ client: Client; wire: Wire }>("questions without an end");

const QUESTIONS = ["$SRV.PING", "$SRV.INFO.ratings", "$SRV.STATS", "health.ratings"];
const INSTANCES = 2;
/** Of each question that many are answered at once, and that many a second. */
const ANSWERED_AT_ONCE = 100;
const ANSWERED_PER_SECOND = 100;
const BATCH = 2_000;
const BATCHES = 6;
const CALLS_A_BATCH = 20;
const TIMEOUT_MS = 10_000;
const LIMIT_MS = 20_000;

test.before(async (context) => {
  await Promise.all([1, 2].map((number) => context.world.startRatings(number)));
  const clock = systemClock();
  const bus = connectNatsBus({ urls: [context.server.url], name: "caller", clock, report: () => undefined });
  const rules = { ...defaultHealthRules(), requestTimeoutMs: TIMEOUT_MS };
  context.client = openClient({ service: "ratings", bus, clock, rules });
  context.wire = await openPlainNats(context.server.url);
  context.ends.push(
    () => bus.close(),
    () => context.wire.close(),
    () => context.client.close(),
  );
  await until("two instances are known", () => context.client.tracker.live(clock.now()).length === 2, TIMEOUT_MS);
});

test("a flood of questions is answered at its own rate, and every call meanwhile is answered", async (context) => {
  const { server, client, wire } = context;
  let answers = 0;
  wire.subscribe("_answers.of.none", () => {
    answers += 1;
  });
  await wire.flush();
  const attacker = await Attacker.join(server.port);
  const startedAt = performance.now();
  const ended = new Set<string>();
  for (let batch = 0; batch < BATCHES; batch++) {
    for (let sent = 0; sent < BATCH; sent++)
      attacker.publish(QUESTIONS[sent % QUESTIONS.length] ?? "", "", "_answers.of.none");
    await attacker.settled();
    const calls = Array.from({ length: CALLS_A_BATCH }, () => client.ask({ thingID: "camera" }));
    for (const { kind } of await Promise.all(calls)) ended.add(kind);
  }
  await wire.flush();
  const seconds = (performance.now() - startedAt) / 1_000;
  attacker.leave();
  assert.equal([...ended], ["ok"]);
  const most = INSTANCES * QUESTIONS.length * (ANSWERED_AT_ONCE + ANSWERED_PER_SECOND * seconds);
  assert.ok(answers > 0 && answers <= most, `${answers} answers to ${BATCH * BATCHES} questions in ${seconds} s`);
});

/** Lines of one kind in a second. */
const LINES_PER_SECOND = 100;

test("of a flood of requests a hundred a second have a line, and the others are counted", async ({ server, world }) => {
  const { program, address } = await world.startRatings(3);
  const attacker = await Attacker.join(server.port);
  const mark = program.mark();
  const startedAt = performance.now();
  for (let batch = 0; batch < BATCHES; batch++) {
    for (let sent = 0; sent < BATCH; sent += 2) {
      attacker.publish(address.replace("nats:", ""), '{"thingID":"camera"}');
      attacker.publish(address.replace("nats:", ""), '{"thingID":"piano"}');
    }
    await attacker.settled();
  }
  const lines = (): readonly string[] => program.since(mark);
  const leftOut = (): number =>
    lines()
      .map((line) => Number(/printed no line for (\d+) more/.exec(line)?.[1] ?? 0))
      .reduce((sum, count) => sum + count, 0);
  const printed = (): number => lines().filter((line) => line.startsWith("GET ")).length;
  await until("every request has a line or is counted", () => printed() + leftOut() === BATCH * BATCHES, LIMIT_MS);
  const seconds = (performance.now() - startedAt) / 1_000;
  attacker.leave();
  const most = 2 * LINES_PER_SECOND * (1 + seconds);
  assert.ok(printed() > LINES_PER_SECOND && printed() <= most, `${printed()} lines in ${seconds} s`);
});

test.run();
