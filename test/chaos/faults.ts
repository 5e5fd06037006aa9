// What is done to the town, one fault after the other. Each makes its fault, lets it last, and ends it: what comes after
// is the town's own.

import { type Host, hostsOf } from "./names.ts";
import { last, type Town } from "./town.ts";
import { apart, FAIR } from "./weather.ts";

export interface Fault {
  /** As it is typed behind ONLY=. */
  readonly name: string;
  readonly title: string;
  readonly befall: (town: Town) => Promise<void>;
}

/** Longer than anybody needs to look for another node. */
const NODE_DOWN_MS = 5_000;
/** Between two nodes of a rolling restart: clients of the one have settled on the others. */
const NODE_REST_MS = 2_000;
const MARKET_CUT_MS = 20_000;
/** Longer than a half-open connection lives, on both sides of it. */
const INSTANCE_CUT_MS = 15_000;
const PARTITION_MS = 15_000;
const BAD_WEATHER_MS = 20_000;
const LOSS_SHARE = 0.05;
const DELAY_MS = 100;

const named = (...names: string[]): readonly string[] => names;

export const FAULTS: readonly Fault[] = [
  { name: "kill", title: "one bus node is killed, and started again", befall: killNode },
  { name: "rolling", title: "all three bus nodes restart, one after the other", befall: restartNodes },
  { name: "market", title: "a Market is cut off", befall: (town) => cutOff(town, named("market1"), MARKET_CUT_MS) },
  {
    name: "instance",
    title: "an instance is cut off, its connections half open",
    befall: (town) => cutOff(town, named("instance2"), INSTANCE_CUT_MS),
  },
  { name: "loss", title: "5 % of packets lost, 100 ms delay each way", befall: badWeather },
  {
    name: "partition",
    title: "a partition, with instances on both sides",
    befall: (town) => cutOff(town, named("node1", "market1", "instance1", "instance2"), PARTITION_MS),
  },
];

async function killNode(town: Town): Promise<void> {
  const node = town.nodeOf("market1");
  await town.killNode(node);
  await last(NODE_DOWN_MS);
  await town.startNode(node);
}

async function restartNodes(town: Town): Promise<void> {
  for (const node of hostsOf("node")) await restart(town, node);
}

async function restart(town: Town, node: Host): Promise<void> {
  await town.stopNode(node);
  await last(NODE_REST_MS);
  await town.startNode(node);
  await last(NODE_REST_MS);
}

/** Packets to and from them are lost without a word: nobody is told that a connection is gone. */
async function cutOff(town: Town, names: readonly string[], forMs: number): Promise<void> {
  await town.weather(apart(names));
  await last(forMs);
  await town.fair();
}

async function badWeather(town: Town): Promise<void> {
  await town.weather({ ...FAIR, lossShare: LOSS_SHARE, delayMs: DELAY_MS });
  await last(BAD_WEATHER_MS);
  await town.fair();
}
