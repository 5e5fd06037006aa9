// Questions that any client may send: answered at a bounded rate, and only where an answer is expected.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ProcessControl } from "../../src/faults/process-control.ts";
import type { InstanceEvent } from "../../src/service/instance-options.ts";
import type { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { ServiceScene } from "../support/service-scene.ts";

const test = suite("queries of any client");

const IDLE: ProcessControl = { preparePause: async () => ({ kind: "failed", why: "a test" }), kill: () => undefined };

interface Scene {
  readonly clock: FakeClock;
  readonly caller: MemoryBus;
  /** Bodies of all that the instance has published, heartbeats left out. */
  readonly published: string[];
  readonly beats: string[];
  readonly events: readonly InstanceEvent[];
}

async function begin(): Promise<Scene> {
  const { clock, caller, instanceEvents: events } = await new ServiceScene({ instance: { chaos: IDLE } }).start();
  const [published, beats]: [string[], string[]] = [[], []];
  caller.subscribe("_answers", ({ body }) => published.push(Buffer.from(body).toString()));
  caller.subscribe("health.tea.*", ({ body }) => beats.push(Buffer.from(body).toString()));
  return { clock, caller, published, beats, events };
}

async function flood(
  { clock, caller }: Scene,
  subject: string,
  count: number,
  body = "",
  reply = "_answers",
): Promise<void> {
  for (let sent = 0; sent < count; sent++) caller.publish(subject, body, reply === "" ? undefined : reply);
  await clock.advance(1);
}

const LIST = '{"fault":"list"}';
const QUESTIONS = [
  ...["PING", "INFO", "STATS"].flatMap((verb) =>
    ["", ".tea", ".tea.1-a"].map((suffix) => [`$SRV.${verb}${suffix}`, ""] as const),
  ),
  ["chaos.tea", LIST] as const,
  ["chaos.tea.1-a", LIST] as const,
];

for (const [subject, body] of QUESTIONS) {
  test(`of a flood on ${subject} a hundred are answered at once, and a hundred a second`, async () => {
    const scene = await begin();
    await flood(scene, subject, 1_000, body);
    assert.is(scene.published.length, 100);
    await scene.clock.advance(500);
    await flood(scene, subject, 1_000, body);
    assert.is(scene.published.length, 150);
    await scene.clock.advance(1_000);
    await flood(scene, subject, 1, body);
    assert.is(scene.published.length, 151, "and the next one when it is quiet");
  });

  test(`a flood on ${subject} without a reply subject does nothing, and takes no answer from others`, async () => {
    const scene = await begin();
    await flood(scene, subject, 1_000, body, "");
    assert.equal([scene.published.length, scene.beats.length], [0, 0]);
    await flood(scene, subject, 100, body);
    assert.is(scene.published.length, 100);
  });
}

test("during a flood of every question requests are answered, and so is a reset", async () => {
  const scene = await begin();
  const { caller, clock, published } = scene;
  for (const [subject, body] of QUESTIONS) await flood(scene, subject, 1_000, body);
  const reply = caller.request("tea.get", "{}", { timeoutMs: 1_000 });
  await clock.advance(1);
  assert.is((await reply).kind, "answered");
  const answered = published.length;
  await flood(scene, "chaos.tea", 1, '{"fault":"reset"}');
  assert.is(published.length, answered + 1);
});

test("the three subjects of one question share a limit, and each question has its own", async () => {
  const scene = await begin();
  for (const suffix of ["", ".tea", ".tea.1-a"]) await flood(scene, `$SRV.PING${suffix}`, 100);
  assert.is(scene.published.length, 100);
  await flood(scene, "$SRV.STATS", 100);
  assert.is(scene.published.length, 200);
});

test("of a flood of faults, twenty are handled at once, and a reset still ends all", async () => {
  const scene = await begin();
  const { events, beats, published } = scene;
  await flood(scene, "chaos.tea.1-a", 500, '{"fault":"slow","byMs":1}');
  await flood(scene, "chaos.tea.1-a", 500, '{"fault":"no such"}');
  assert.is(events.filter(({ kind }) => kind === "fault begins").length, 20);
  assert.equal([published.length, beats.length], [20, 20]);
  await flood(scene, "chaos.tea.1-a", 1, '{"fault":"reset"}', "");
  assert.is(events.filter(({ kind }) => kind === "fault ended").length, 1, "also where no answer is expected");
});

test.run();
