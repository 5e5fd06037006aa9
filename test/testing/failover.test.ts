// The test of a failover as a user writes it: with the kit alone, in a few lines, and in a few ms.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, openClient, startInstance } from "../../src/service/index.ts";
import { fakeClock, faults, memoryBus } from "../../src/testing/index.ts";

const test = suite("failover, as a user tests it");

test("an instance that hangs opens its breaker, and the calls of one that dies go on to the other", () => {
  const clock = fakeClock();
  const bus = memoryBus({ clock });
  return clock.run(async () => {
    for (const instance of [1, 2])
      await startInstance({ service: "shop", instance, bus: bus.connect(), handle: () => answer(instance) });
    const client = openClient({ service: "shop", bus });
    const ask = async () => {
      const outcome = await client.ask("tea");
      return outcome.kind === "ok" ? outcome.value : outcome.kind;
    };
    bus.inject(faults.hang("get", { instance: 2, count: 1 }));
    assert.equal([await ask(), await ask(), await ask()], [1, "unanswered", 1]);
    assert.is([...client.tracker.all()].find(({ who }) => who.instance === 2)?.breaker.kind, "probation");
    bus.inject(faults.die("get", { instance: 1 }));
    assert.equal([await ask(), await ask(), await ask()], [2, 2, 2]);
  });
});

test.run();
