// Warnings between callers: of clients of one service on one bus, with a clock that the test advances.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseWarning, warningJson } from "../../src/health/caller-warning.ts";
import { openClient } from "../../src/service/client.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { answered, ClientScene, TIMEOUT, TIMEOUT_MS } from "../support/client-scene.ts";

const test = suite("warnings between callers");

/** Without known times an instance is late after a quarter of the timeout, and others are warned 20 ms after that. */
const WARNED_MS = TIMEOUT_MS / 4 + 20 + 21;
/** A call with this timeout has ended before its instance is worth a warning. */
const SHORT_MS = 100;

test("an instance that is late is warned of once, and its answer takes that back", async () => {
  const scene = new ClientScene(2, { name: "shop:5000" });
  await scene.ask();
  await scene.clock.advance(TIMEOUT_MS / 4 - 10);
  assert.equal(scene.warnings, []);
  await scene.clock.advance(WARNED_MS);
  const [{ quietMs, ...warning } = {}, ...more] = scene.warnings.splice(0) as { quietMs?: number }[];
  assert.equal([warning, more], [{ incarnation: "1-a", late: true, name: "shop:5000" }, []]);
  assert.ok(Number(quietMs) >= TIMEOUT_MS / 4 && Number(quietMs) <= WARNED_MS, String(quietMs));
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
  for (let passed = 0; passed < timeoutMs / 4 + 10_000; passed += 5_000) {
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
  await scene.clock.advance(TIMEOUT_MS / 4);
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

test("a sender without a name is shown by its subject, and no longer than a name may be", async () => {
  const shown: string[] = [];
  const scene = new ClientScene(3, { onEvent: (event) => void (event.kind === "warned" && shown.push(event.by)) });
  scene.receiveWarning(`_.${"p".repeat(64)}`, { incarnation: "1-a", late: true, quietMs: 300 });
  assert.equal(shown, [`_.${"p".repeat(62)}`]);
});

test("all processes of one user count as one sender, and on an open bus each by itself", async () => {
  for (const [user, withdraws] of [
    ["ABCDEFGHIJKLMNOP", true],
    ["_", false],
  ] as const) {
    const scene = new ClientScene(3);
    scene.receiveWarning(`${user}.one`, { incarnation: "1-a", late: true, quietMs: 300 });
    scene.receiveWarning(`${user}.two`, { incarnation: "1-a", late: false });
    assert.is(scene.countOf("warning-over"), withdraws ? 1 : 0, user);
  }
});

test("an instance that another caller warns of is passed over, with the name of that caller", async () => {
  const events: ClientEvent[] = [];
  const scene = new ClientScene(2, { onEvent: (event) => void events.push(event) });
  scene.receiveWarning("_.other", { incarnation: "1-a", late: true, quietMs: 300, name: "shop-b:5000" });
  const warned = events.flatMap((event) => (event.kind === "warned" ? [[event.who.instance, event.by]] : []));
  assert.equal(warned, [[1, "shop-b:5000"]]);
  assert.is(
    scene.client.instances()[0]?.why,
    "shop-b:5000 warns of it, and it gets calls only if no other can take them",
  );
  for (let call = 0; call < 2; call++) {
    await scene.ask();
    await scene.end(answered({}));
  }
  assert.equal(
    scene.sent.map(({ instance }) => instance),
    [2, 2],
  );
  scene.receiveWarning("_.other", { incarnation: "1-a", late: false });
  await scene.ask();
  assert.is(scene.sent.at(-1)?.instance, 1);
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

test("what is no warning is an event that names its subject, and nothing else", async () => {
  const events: ClientEvent[] = [];
  const scene = new ClientScene(2, { onEvent: (event) => void events.push(event) });
  events.length = 0;
  for (const body of [{}, [], null, 7, { incarnation: 1, late: true, quietMs: 1 }, { incarnation: "1-a" }])
    scene.receiveWarning("_.other", body);
  for (const quietMs of [-1, 0.5, "300", null, 1e9])
    scene.receiveWarning("_.other", { incarnation: "1-a", late: true, quietMs });
  scene.receiveWarning("_.other", "x".repeat(2_000));
  assert.is(events.length, 12);
  for (const event of events)
    assert.is(event.kind === "unreadable-warning" && event.subject, "warning.ratings._.other");
  events.length = 0;
  scene.receiveWarning("a wrong sender", { incarnation: "1-a", late: false });
  scene.receiveWarning("_.other", { incarnation: "9-unknown", late: true, quietMs: 300 });
  assert.equal(
    events.map(({ kind }) => kind),
    ["unreadable-warning"],
  );
});

test("a flood of warnings is read up to its limit", async () => {
  const scene = new ClientScene(2);
  for (let count = 0; count < 1_000; count++) scene.receiveWarning("_.other", {});
  assert.is(scene.countOf("unreadable-warning"), 400);
  await scene.clock.advance(1_000);
  for (let count = 0; count < 1_000; count++) scene.receiveWarning("_.other", {});
  assert.is(scene.countOf("unreadable-warning"), 600);
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
  assert.equal(scene.warnings, []);
});

test("a warning is read as it was written", () => {
  for (const warning of [
    { kind: "late", incarnation: "1-a", quietMs: 340, name: "shop.example:5000" },
    { kind: "late", incarnation: "1-a", quietMs: 0, name: undefined },
    { kind: "on time", incarnation: "1-a" },
  ] as const)
    assert.equal(parseWarning(JSON.parse(warningJson(warning))), warning);
  const longest = warningJson({ kind: "late", incarnation: "1-a", quietMs: 7_200_000, name: undefined });
  assert.equal(parseWarning(JSON.parse(longest)), {
    ...{ kind: "late", incarnation: "1-a", quietMs: 3_600_000, name: undefined },
  });
  const named = (name: unknown): unknown => parseWarning({ incarnation: "1-a", late: true, quietMs: 1, name });
  for (const name of [7, "", "with blank", "x".repeat(65), "\u001b[2J"])
    assert.equal(named(name), { kind: "late", incarnation: "1-a", quietMs: 1, name: undefined });
});

test("a wrong name, and a wrong switch, are refused with their rule", () => {
  const open = (options: object): unknown =>
    openClient({ service: "ratings", bus: new ClientScene(1).bus, ...options });
  assert.throws(() => open({ name: "a b" }), /name.*"a b".*up to 64 letters, digits and/);
  assert.throws(() => open({ warnings: 1 }), /warnings.*true or false/);
});

test.run();
