// One contestant under observation: a bus of its own, two instances, and a caller that calls fifty times a second.

import { contestant as find } from "../contestants/all.js";
import { hire, pause, startBus } from "./crew.js";

const EVERY_MS = 20;
/** Before the fault: both instances have answered, and breakers have something to count. */
const QUIET_MS = 2_000;
const INSTANCES = [1, 2];

export async function openStage(contestant) {
  const { instances: owner } = find(contestant);
  let bus = await startBus();
  const { url, port } = bus;
  const instances = new Map();
  const start = async (number, failing = false) => {
    const instance = hire();
    instances.set(number, instance);
    return instance.send({ do: "serve", contestant: owner, server: url, number, failing });
  };
  const places = [];
  for (const number of INSTANCES) places.push(await start(number));
  const caller = hire();
  await caller.send({ do: "open", contestant, server: url, instances: places });
  await caller.send({ do: "watch", everyMs: EVERY_MS });
  await pause(QUIET_MS);
  return {
    caller,
    start,
    signal: (number, name) => instances.get(number).signal(name),
    leave: (number) => instances.get(number).send({ do: "leave" }),
    kill: (number) => instances.get(number).end(),
    endBus: () => bus.end("SIGKILL"),
    startBus: async () => {
      bus = await startBus(port);
    },
    calls: () => caller.send({ do: "calls" }),
    end: async () => {
      for (const each of [caller, ...instances.values()]) await each.end();
      await bus.end("SIGKILL");
    },
  };
}
