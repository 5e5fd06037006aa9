// The race of calls. Every contestant has two instances and a caller of its own, alive from first to last. In every
// round each has its turn at every number of calls in flight. The order changes from round to round.

import { CONTESTANTS } from "../contestants/all.js";
import { hire } from "./crew.js";
import { progress } from "./progress.js";
import { summary } from "./statistics.js";

export const IN_FLIGHT = [1, 4, 64, 256];
const INSTANCES = 2;
/** Before the first round that counts, so that all code is compiled. */
const WARM_UP_IN_FLIGHT = 64;
const WARM_UP_MS = 1_500;
export const MEASURES = ["perSecond", "p50Us", "p99Us", "callerUs", "instanceUs", "failed"];

export async function raceCalls({ bus, rounds, forMs, contestants = CONTESTANTS }) {
  const shown = progress("calls", contestants.length * (rounds * IN_FLIGHT.length + 1));
  const teams = await gather(contestants, bus.url);
  for (const { caller, name } of teams) {
    shown.step(`${name} warms up`);
    await caller.send({ do: "load", inFlight: WARM_UP_IN_FLIGHT, forMs: WARM_UP_MS });
  }
  for (let round = 0; round < rounds; round++) {
    for (const inFlight of IN_FLIGHT) {
      for (const team of rotated(teams, round)) {
        shown.step(`round ${round + 1}, ${team.name}, ${inFlight} in flight`);
        await measure(team, inFlight, forMs);
      }
    }
  }
  for (const { caller, instances } of teams) for (const child of [caller, ...instances]) await child.end();
  shown.end();
  return teams.map(({ name, about, rounds: kept }) => ({ name, about, inFlight: kept.map(summed) }));
}

async function gather(contestants, server) {
  const crews = new Map();
  for (const { instances: owner } of contestants) {
    if (!crews.has(owner)) crews.set(owner, await startInstances(owner, server, INSTANCES));
  }
  const teams = [];
  for (const one of contestants) {
    const { instances, places } = crews.get(one.instances);
    const caller = hire();
    await caller.send({ do: "open", contestant: one.name, server, instances: places });
    const rounds = IN_FLIGHT.map((inFlight) => ({ inFlight, values: [] }));
    teams.push({ ...one, instances, caller, rounds });
  }
  return teams;
}

/** @returns the processes, and the address that a caller needs of each */
export async function startInstances(contestant, server, count) {
  const instances = [];
  const places = [];
  for (let number = 1; number <= count; number++) {
    const instance = hire();
    places.push(await instance.send({ do: "serve", contestant, server, number }));
    instances.push(instance);
  }
  return { instances, places };
}

const rotated = (teams, round) => teams.map((_, index) => teams[(index + round) % teams.length]);

async function measure({ caller, instances, rounds }, inFlight, forMs) {
  const used = async () => {
    const each = await Promise.all(instances.map((instance) => instance.send({ do: "used" })));
    return each.reduce((sum, us) => sum + us, 0);
  };
  const before = await used();
  const result = await caller.send({ do: "load", inFlight, forMs });
  const instanceUs = ((await used()) - before) / result.calls;
  rounds.find((one) => one.inFlight === inFlight).values.push({ ...result, instanceUs });
}

function summed({ inFlight, values }) {
  const rounds = Object.fromEntries(MEASURES.map((name) => [name, values.map((value) => value[name])]));
  const medians = Object.fromEntries(MEASURES.map((name) => [name, summary(rounds[name])]));
  return { inFlight, ...medians, rounds };
}
