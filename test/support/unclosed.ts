// A program that closes nothing but what its scenario says: `unclosed SCENARIO URL`. It prints when its own code is over.

import { defaultClock } from "../../src/clock.ts";
import { openClient } from "../../src/service/client.ts";
import { connectBus } from "../../src/service/connect.ts";
import { answer } from "../../src/service/core/handler.ts";
import { startInstance } from "../../src/service/instance.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";

const [, , scenario = "", url = ""] = process.argv;
const service = "tea";
const inMemory = () => new MemoryNetwork(defaultClock());

const SCENARIOS: Readonly<Record<string, () => Promise<unknown>>> = {
  "a client in memory": async () => openClient({ service, bus: inMemory().bus() }),
  "an instance and a client in memory": async () => {
    const network = inMemory();
    await startInstance({ service, instance: 1, bus: network.bus(), handle: () => answer("green") });
    const outcome = await openClient({ service, bus: network.bus() }).ask({});
    if (outcome.kind !== "ok") throw new Error(outcome.kind);
  },
  "a call that is not answered": async () => {
    const network = inMemory();
    await startInstance({ service, instance: 1, bus: network.bus(), handle: () => new Promise(() => undefined) });
    const client = openClient({ service, bus: network.bus(), rules: { requestTimeoutMs: 100 } });
    const outcome = await client.ask({});
    if (outcome.kind !== "unanswered") throw new Error(outcome.kind);
  },
  "client and instance of a closed bus": async () => {
    const bus = await connectBus(url);
    await startInstance({ service, instance: 1, bus, handle: () => answer("green") });
    const outcome = await openClient({ service, bus }).ask({});
    if (outcome.kind !== "ok") throw new Error(outcome.kind);
    await bus.close();
  },
  "a bus": () => connectBus(url),
};

await SCENARIOS[scenario]?.();
console.log("over");
