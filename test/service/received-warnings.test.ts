// Warnings of other callers, as a client receives them.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseWarning, warningJson } from "../../src/health/caller-warning.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { answered, ClientScene } from "../support/client-scene.ts";

const test = suite("warnings that arrive");

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

test.run();
