// One contestant under observation: a bus of its own, its instances, and its callers, which call at a steady rate.

import { contestant as find } from "../contestants/all.js";
import { hire, pause, startBus } from "./crew.js";

/** Fifty calls a second to two instances, unless a fault says otherwise. */
const DEFAULTS = { instances: 2, callers: 1, everyMs: 20, burst: 1, slowEvery: 0 };
/** Before the fault: both instances have answered, and breakers have something to count. */
const QUIET_MS = 2_000;

export async function openStage(contestant, setting = {}) {
  const { instances: count, callers, ...load } = { ...DEFAULTS, ...setting };
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
  for (let number = 1; number <= count; number++) places.push(await start(number));
  const caller = hire();
  await caller.send({ do: "open", contestant, server: url, instances: places, count: callers });
  return {
    caller,
    url,
    start,
    /** Calls at the rate of the setting, from now on. */
    load: async () => {
      await caller.send({ do: "watch", ...load });
      await pause(QUIET_MS);
    },
    signal: (number, name) => instances.get(number).signal(name),
    delay: (number, ms) => instances.get(number).send({ do: "delay", ms }),
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
