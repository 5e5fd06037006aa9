// takes: 5 s
// alone
// Cleanup and argument checks of `make chaos`. A whole run is in chaos.long.test.ts.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { programFolders } from "../../src/bus/server/server-process.ts";
import { goldenOf } from "../support/golden.ts";
import { until } from "../support/until.ts";
import { findNeeds, lackOf } from "./needs.ts";
import { Network } from "./network.ts";
import { namespacesOf, type Run, run } from "./run-chaos.ts";

const test = suite("chaos");
const golden = goldenOf(test, "chaos");

test("an interrupted run leaves nothing behind, and a killed one is cleaned up by the next", async () => {
  const interrupted = run(["kill"]);
  const isBuilding = (one: Run): boolean => /skipped|starting three/.test(one.said());
  await until("it builds", () => isBuilding(interrupted), 20_000);
  if (interrupted.said().includes("skipped")) return;
  interrupted.signal("SIGINT");
  assert.is(await interrupted.ended, 130, interrupted.said());
  assert.equal(namespacesOf(interrupted.pid), []);

  const killed = run(["kill"]);
  await until("it builds", () => isBuilding(killed), 20_000);
  killed.signal("SIGKILL");
  await killed.ended;
  assert.ok(namespacesOf(killed.pid).length > 0);
  // Two at once, as two people may start them: each namespace is removed by one of them, and both go on.
  const both = [run(["kill"]), run(["kill"])];
  const print = (): string => both.map((next) => next.said()).join("---\n");
  const isMaking = (next: Run): boolean => /making a network/.test(next.said());
  await until("both make namespaces of their own", () => both.every(isMaking), 20_000, print);
  assert.equal(namespacesOf(killed.pid), []);
  assert.match(print(), /removed \d+ namespaces/);
  for (const next of both) {
    next.signal("SIGINT");
    assert.is(await next.ended, 130, next.said());
    assert.equal(namespacesOf(next.pid), []);
  }
});

test("every caller of a removal waits for its end, whichever namespace is being added", async () => {
  if ((await findNeeds(programFolders(process.env["PATH"]))).kind === "missing") return;
  for (const count of [1, 2, 5]) {
    const network = new Network(process.pid);
    const made = network.make().catch(() => network.remove());
    await until("the namespaces are there", () => namespacesOf(process.pid).length >= count, 20_000);
    void network.remove();
    await made;
    assert.equal(namespacesOf(process.pid), []);
  }
});

test("a missing requirement is reported with the command that installs it", () => {
  const machine = { platform: "linux", userId: 0, has: () => true };
  assert.is(lackOf(machine), undefined);
  golden(lackOf({ ...machine, platform: "darwin" }) ?? "");
  golden(lackOf({ ...machine, userId: 1000 }) ?? "");
  golden(lackOf({ ...machine, userId: undefined }) ?? "");
  for (const program of ["ip", "setpriv", "nats-server"])
    golden(lackOf({ ...machine, has: (name) => name !== program }));
});

test("an unknown fault is rejected, and the known ones are listed", async () => {
  const wrong = run(["rain"]);
  assert.is(await wrong.ended, 2);
  golden(wrong.said());
});

test.run();
