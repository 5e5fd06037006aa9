// Warnings between callers: of clients of one service on one bus, with a clock that the test advances.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Bus } from "../../src/bus/bus.ts";
import { openClient } from "../../src/service/client.ts";
import { answered, ClientScene, TIMEOUT, TIMEOUT_MS } from "../support/client-scene.ts";

const test = suite("warnings between callers");

/** Without known times an instance is late after a fifth of the timeout, and others are warned 20 ms after that. */
const WARNED_MS = TIMEOUT_MS / 5 + 20 + 21;
/** A call with this timeout has ended before its instance is worth a warning. */
const SHORT_MS = 100;

test("an instance that is late is warned of once, and its answer takes that back", async () => {
  const scene = new ClientScene(2, { name: "shop:5000" });
  await scene.ask();
  await scene.clock.advance(TIMEOUT_MS / 5 - 10);
  assert.equal(scene.warnings, []);
  await scene.clock.advance(WARNED_MS);
  const [{ quietMs, ...warning } = {}, ...more] = scene.warnings.splice(0) as { quietMs?: number }[];
  assert.equal([warning, more], [{ incarnation: "1-a", late: true, name: "shop:5000" }, []]);
  assert.ok(Number(quietMs) >= TIMEOUT_MS / 5 && Number(quietMs) <= WARNED_MS, String(quietMs));
  scene.sent[0]?.end(answered({}));
  assert.equal(scene.warnings, [{ incarnation: "1-a", late: false }]);
});

test("a breaker that opens is warned of, and the first answer takes that back, not a heartbeat that closes it", async () => {
  const scene = new ClientScene(2, { rules: { requestTimeoutMs: TIMEOUT_MS } });
  await scene.ask({ timeoutMs: SHORT_MS });
  await scene.clock.advance(SHORT_MS);
  await scene.end(TIMEOUT);
  assert.equal(
    scene.warnings.map((warning) => ({ ...warning, name: 0 })),
    [{ incarnation: "1-a", late: true, quietMs: SHORT_MS, name: 0 }],
  );
  scene.warnings.length = 0;
  scene.beat(1);
  assert.equal([scene.countOf("closed"), scene.warnings], [1, []]);
  for (const instance of [2, 1]) {
    await scene.ask();
    assert.is(scene.sent.at(-1)?.instance, instance);
    await scene.end(answered({}));
  }
  assert.equal(scene.warnings, [{ incarnation: "1-a", late: false }]);
});

test("what another caller has said is not repeated, and not taken back", async () => {
  const scene = new ClientScene(3);
  await scene.ask();
  scene.receiveWarning("_.other", { incarnation: "1-a", late: true, quietMs: 300 });
  await scene.clock.advance(WARNED_MS);
  scene.sent[0]?.end(answered({}));
  assert.equal(scene.warnings, []);
});

test("it is sent after a random part of 100 ms, unless another caller says so meanwhile, or the instance answers", async () => {
  const begun = async (): Promise<ClientScene> => {
    const scene = new ClientScene(3, { random: () => 0.5 });
    await scene.ask();
    await scene.clock.advance(WARNED_MS);
    assert.equal(scene.warnings, []);
    return scene;
  };
  const alone = await begun();
  await alone.clock.advance(50);
  assert.is(alone.warnings.length, 1);
  const second = await begun();
  second.receiveWarning("_.other", { incarnation: "1-a", late: true, quietMs: 300 });
  await second.clock.advance(50);
  const answeredNow = await begun();
  answeredNow.sent[0]?.end(answered({}));
  await answeredNow.clock.advance(50);
  const closed = await begun();
  closed.client.close();
  await closed.clock.advance(50);
  assert.equal([second.warnings, answeredNow.warnings, closed.warnings], [[], [], []]);
});

test("an instance is not warned of any more where the calls that it owed have ended without an answer", async () => {
  const scene = new ClientScene(3, { random: () => 0.5 });
  await scene.ask();
  await scene.clock.advance(WARNED_MS);
  assert.is(scene.countOf("late"), 1);
  scene.sent[0]?.end({ kind: "disconnected" });
  await scene.clock.advance(50);
  assert.equal([scene.warnings, scene.countOf("opened")], [[], 0]);
});

test("a breaker that opens after a long call is warned of with all of its silence", async () => {
  const scene = new ClientScene(2, { rules: { requestTimeoutMs: TIMEOUT_MS } });
  const { lateness } = scene.client.tracker;
  // Its operation has no limit, so it never is late.
  lateness.limitMs = () => undefined;
  const beats = async (forMs: number): Promise<void> => {
    for (let passed = 0; passed < forMs; passed += 10_000) {
      for (const instance of [1, 2]) scene.beat(instance);
      await scene.clock.advance(10_000);
    }
  };
  await scene.ask({ timeoutMs: 60_000 });
  await beats(60_000);
  await scene.end(TIMEOUT);
  assert.equal(
    scene.warnings.map((warning) => (warning as { quietMs?: number }).quietMs),
    [60_000],
  );
});

test("warnings beyond the limit wait for room, however long the instances are silent", async () => {
  const scene = new ClientScene(25);
  const timeoutMs = 200_000;
  for (let call = 0; call < 25; call++) await scene.ask({ timeoutMs });
  for (let passed = 0; passed < timeoutMs / 5 + 10_000; passed += 5_000) {
    for (let instance = 1; instance <= 25; instance++) scene.beat(instance);
    await scene.clock.advance(5_000);
  }
  assert.is(scene.warnings.length, 25);
});

test("where the warning that made another one needless is taken back, an instance that is late still is warned of", async () => {
  const scene = new ClientScene(3);
  await scene.ask();
  scene.receiveWarning("_.liar", { incarnation: "1-a", late: true, quietMs: 300 });
  await scene.clock.advance(WARNED_MS);
  assert.equal(scene.warnings, []);
  scene.receiveWarning("_.liar", { incarnation: "1-a", late: false });
  await scene.clock.advance(20);
  assert.equal(
    scene.warnings.map((warning) => (warning as { incarnation?: string }).incarnation),
    ["1-a"],
  );
});

test("where the other warning ends by a late answer of the instance, it is warned of only after 120 ms more", async () => {
  const scene = new ClientScene(1);
  await scene.ask();
  await scene.clock.advance(100);
  await scene.ask();
  scene.receiveWarning("_.other", { incarnation: "1-a", late: true, quietMs: 100 });
  await scene.clock.advance(WARNED_MS);
  scene.sent[0]?.end(answered({}));
  assert.is(scene.countOf("warning-over"), 1);
  await scene.clock.advance(100);
  assert.equal(scene.warnings, []);
  await scene.clock.advance(50);
  assert.is(scene.warnings.length, 1);
});

test("a call that has timed out is warned of, also where it opens no breaker", async () => {
  const rules = { requestTimeoutMs: TIMEOUT_MS, failureLimit: 2 };
  const scene = new ClientScene(3, { random: () => 0.5, rules });
  await scene.ask();
  await scene.clock.advance(WARNED_MS);
  await scene.end(TIMEOUT);
  await scene.clock.advance(50);
  assert.equal([scene.warnings.length, scene.countOf("opened")], [1, 0]);
});

test("a breaker that opens is warned of with no more silence than there was: since the call, or the last answer", async () => {
  for (const answeredMs of [undefined, 60]) {
    const scene = new ClientScene(1, { rules: { requestTimeoutMs: TIMEOUT_MS } });
    await scene.ask();
    await scene.end(answered({}));
    await scene.clock.advance(5 * TIMEOUT_MS);
    scene.beat(1);
    await scene.ask({ timeoutMs: SHORT_MS });
    if (answeredMs !== undefined) {
      await scene.ask();
      await scene.clock.advance(answeredMs);
      await scene.end(answered({}));
    }
    await scene.clock.advance(SHORT_MS - (answeredMs ?? 0));
    scene.sent[1]?.end(TIMEOUT);
    await scene.clock.advance(0);
    const [{ quietMs } = {}] = scene.warnings as { quietMs?: number }[];
    assert.is(quietMs, SHORT_MS - (answeredMs ?? 0));
  }
});

test("a warning states no silence in which the instance has answered another call too late", async () => {
  const scene = new ClientScene(1, { random: () => 0.9 });
  await scene.ask();
  await scene.clock.advance(TIMEOUT_MS / 5);
  await scene.ask();
  await scene.clock.advance(60);
  scene.sent[0]?.end(answered({}));
  await scene.clock.advance(80);
  const [{ quietMs } = {}] = scene.warnings as { quietMs?: number }[];
  assert.ok(quietMs !== undefined && quietMs <= 80, String(quietMs));
});

test("a breaker that opens is not warned of where another caller has said so", async () => {
  const scene = new ClientScene(3);
  await scene.ask();
  scene.receiveWarning("_.other", { incarnation: "1-a", late: true, quietMs: 300 });
  await scene.end(TIMEOUT);
  assert.equal([scene.countOf("opened"), scene.warnings], [1, []]);
});

test("a breaker that opens again is warned of, where the other caller's warning is over since", async () => {
  const scene = new ClientScene(3);
  await scene.ask();
  scene.receiveWarning("_.other", { incarnation: "1-a", late: true, quietMs: 300 });
  await scene.end(TIMEOUT);
  const beats = async (): Promise<void> => {
    for (const instance of [1, 2, 3]) scene.beat(instance);
    await scene.clock.advance(10_000);
  };
  for (let passed = 0; passed < 60_000; passed += 10_000) await beats();
  const { tracker } = scene.client;
  for (let call = 0; call < 20 && tracker.find("1-a")?.debt?.inFlight !== 1; call++) {
    await scene.ask();
    if (scene.sent.at(-1)?.instance !== 1) await scene.end(answered({}));
  }
  scene.sent.findLast(({ instance }) => instance === 1)?.end(TIMEOUT);
  await scene.clock.advance(0);
  assert.is(scene.warnings.length, 1);
});

test("an answer takes a warning back, also where lateness has ended by a timeout that opened no breaker", async () => {
  const scene = new ClientScene(2, { rules: { requestTimeoutMs: TIMEOUT_MS, failureLimit: 2 } });
  await scene.ask();
  await scene.clock.advance(WARNED_MS);
  assert.is(scene.warnings.splice(0).length, 1);
  await scene.end(TIMEOUT);
  assert.equal([scene.countOf("opened"), scene.warnings], [0, []]);
  for (const instance of [2, 1]) {
    await scene.ask();
    assert.is(scene.sent.at(-1)?.instance, instance);
    await scene.end(answered({}));
  }
  assert.equal(scene.warnings, [{ incarnation: "1-a", late: false }]);
});

test("an instance that has gone is not warned of, and is forgotten", async () => {
  const scene = new ClientScene(2);
  await scene.ask();
  scene.beat(1, { state: "gone" });
  await scene.end(TIMEOUT);
  assert.equal(scene.warnings, []);
});

test("without warnings: true is the default, and false neither sends nor receives any", async () => {
  const scene = new ClientScene(2, { warnings: false });
  await scene.ask();
  await scene.clock.advance(WARNED_MS);
  await scene.end(TIMEOUT);
  assert.equal([scene.warnings, scene.receivesWarnings], [[], false]);
  assert.is(new ClientScene(1).receivesWarnings, true);
});

test("a connection that may not warn takes no part", async () => {
  const scene = new ClientScene(2, {}, { warningSender: () => undefined });
  await scene.ask();
  await scene.end(TIMEOUT);
  assert.equal([scene.warnings, scene.receivesWarnings], [[], false]);
  const own = new ClientScene(2, {}, { warningSender: (service) => `${service.toUpperCase()}.me` });
  await own.ask();
  await own.end(TIMEOUT);
  assert.equal(own.warningSubjects, ["warning.ratings.RATINGS.me"]);
  own.receiveWarning("RATINGS.me", { incarnation: "2-a", late: true, quietMs: 300 });
  assert.is(own.countOf("warned"), 0, "its own");
});

test("a right to warn that comes with the login of the other bus is used at once", async () => {
  const { bus: heartbeatBus } = new ClientScene(0);
  let sender: string | undefined;
  const onStatus: ((status: "connected") => void)[] = [];
  const subjects: string[] = [];
  const subscribe: Bus["subscribe"] = (subject) => {
    subjects.push(subject);
    return { close: () => undefined, drain: async () => undefined };
  };
  const watch: Bus["watch"] = (act) => {
    onStatus.push(act);
    return () => undefined;
  };
  new ClientScene(1, { heartbeatBus: { ...heartbeatBus, subscribe } }, { warningSender: () => sender, watch });
  assert.equal(
    subjects.filter((subject) => subject.startsWith("warning.")),
    [],
  );
  sender = "USER.me";
  for (const act of onStatus) act("connected");
  assert.equal(
    subjects.filter((subject) => subject.startsWith("warning.")),
    ["warning.ratings.*.*"],
  );
});

test("a client that loses all its instances at once sends twenty warnings, and ten a second after that", async () => {
  const scene = new ClientScene(40, { random: () => 0 });
  for (let call = 0; call < 40; call++) await scene.ask();
  const [last] = scene.sent.splice(-1);
  await scene.clock.advance(WARNED_MS);
  assert.is(scene.warnings.length, 20);
  await scene.clock.advance(1_000);
  assert.is(scene.warnings.length, 30);
  last?.end(answered({}));
  await scene.clock.advance(3_000);
  assert.is(scene.warnings.length, 39, "one has answered meanwhile");
  await scene.clock.advance(60_000);
  assert.is(scene.warnings.length, 39);
});

test("nothing is published or received after the end", async () => {
  const scene = new ClientScene(2);
  await scene.ask();
  scene.client.close();
  await scene.end(TIMEOUT);
  assert.equal([scene.warnings, scene.receivesWarnings], [[], false]);
});

test("a warning is taken back by an answer that comes after the end", async () => {
  const scene = new ClientScene(2);
  await scene.ask();
  await scene.clock.advance(WARNED_MS);
  assert.is(scene.warnings.splice(0).length, 1);
  scene.client.close();
  await scene.end(answered({}));
  assert.equal(scene.warnings, [{ incarnation: "1-a", late: false }]);
});

test("a wrong name, and a wrong switch, are refused with their rule", () => {
  const open = (options: object): unknown =>
    openClient({ service: "ratings", bus: new ClientScene(1).bus, ...options });
  assert.throws(() => open({ name: "a b" }), /name.*"a b".*up to 64 letters, digits and/);
  assert.throws(() => open({ warnings: 1 }), /warnings.*true or false/);
});

test.run();
