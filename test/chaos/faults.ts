// The faults of `make chaos`. Each function injects its fault, lets it last, and ends it. The recovery is up to the
// cluster.

import { type Cluster, last } from "./cluster.ts";
import { type Host, hostsOf } from "./names.ts";
import { apart, NO_LOSS } from "./network-conditions.ts";

export interface Fault {
  /** As it is typed behind ONLY=. */
  readonly name: string;
  readonly title: string;
  readonly inject: (cluster: Cluster) => Promise<void>;
}

/** Longer than a client needs to connect to another node. */
const NODE_DOWN_MS = 5_000;
/** Pause between two nodes of a rolling restart: the clients of one have connected to the others. */
const NODE_REST_MS = 2_000;
const MARKET_CUT_MS = 20_000;
/** Longer than a half-open connection lives, on both sides of it. */
const INSTANCE_CUT_MS = 15_000;
const PARTITION_MS = 15_000;
const LOSS_MS = 20_000;
const LOSS_SHARE = 0.05;
const DELAY_MS = 100;

const named = (...names: string[]): readonly string[] => names;

export const FAULTS: readonly Fault[] = [
  { name: "kill", title: "one bus node is killed, and started again", inject: killNode },
  { name: "rolling", title: "all three bus nodes restart, one after the other", inject: restartNodes },
  {
    name: "market",
    title: "a Market is cut off",
    inject: (cluster) => cutOff(cluster, named("market1"), MARKET_CUT_MS),
  },
  {
    name: "instance",
    title: "an instance is cut off, its connections half open",
    inject: (cluster) => cutOff(cluster, named("instance2"), INSTANCE_CUT_MS),
  },
  { name: "loss", title: "5 % of packets lost, 100 ms delay each way", inject: loseAndDelay },
  {
    name: "partition",
    title: "a partition, with instances on both sides",
    inject: (cluster) => cutOff(cluster, named("node1", "market1", "instance1", "instance2"), PARTITION_MS),
  },
];

async function killNode(cluster: Cluster): Promise<void> {
  const node = cluster.nodeOf("market1");
  await cluster.killNode(node);
  await last(NODE_DOWN_MS);
  await cluster.startNode(node);
}

async function restartNodes(cluster: Cluster): Promise<void> {
  for (const node of hostsOf("node")) await restart(cluster, node);
}

async function restart(cluster: Cluster, node: Host): Promise<void> {
  await cluster.stopNode(node);
  await last(NODE_REST_MS);
  await cluster.startNode(node);
  await last(NODE_REST_MS);
}

/** Drops packets to and from these hosts silently: neither end is notified that a connection is gone. */
async function cutOff(cluster: Cluster, names: readonly string[], forMs: number): Promise<void> {
  await cluster.setConditions(apart(names));
  await last(forMs);
  await cluster.restoreNetwork();
}

async function loseAndDelay(cluster: Cluster): Promise<void> {
  await cluster.setConditions({ ...NO_LOSS, lossShare: LOSS_SHARE, delayMs: DELAY_MS });
  await last(LOSS_MS);
  await cluster.restoreNetwork();
}
