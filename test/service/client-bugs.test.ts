// A bug in what the caller brings ends that call, and neither the process nor the other calls.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openClient } from "../../src/service/client.ts";
import { answer } from "../../src/service/handled.ts";
import { startInstance } from "../../src/service/instance.ts";
import { usualClock } from "../../src/service/usual-clock.ts";
import { MemoryNetwork } from "../support/memory-bus.ts";

const bugs = suite("a caller's bugs");

async function withOne(hedge: boolean, test: (client: ReturnType<typeof openClient>) => Promise<void>): Promise<void> {
  const network = new MemoryNetwork(usualClock());
  const handle = () => answer({ tea: "green" });
  const started = await startInstance({ service: "tea", instance: 1, bus: network.bus(), handle });
  const client = openClient({ service: "tea", bus: network.bus(), hedge });
  await client.ready();
  await test(client);
  client.close();
  if (started.kind === "started") await started.instance.goodbye(1);
}

const failureOf = (asked: Promise<unknown>): Promise<string> => asked.then(() => "none", String);

for (const hedge of [false, true]) {
  const how = hedge ? " (hedged)" : "";

  bugs(`a check that throws is that call's failure${how}`, () =>
    withOne(hedge, async (client) => {
      const accepts = (): boolean => {
        throw new Error("broken check");
      };
      assert.is(await failureOf(client.ask({}, { accepts })), "Error: broken check");
      assert.is((await client.ask({})).kind, "answered");
    }),
  );

  bugs(`a request that is no JSON is that call's failure${how}`, () =>
    withOne(hedge, async (client) => {
      assert.match(await failureOf(client.ask({ count: 1n })), /TypeError/);
      assert.is((await client.ask({})).kind, "answered");
    }),
  );
}

bugs.run();
