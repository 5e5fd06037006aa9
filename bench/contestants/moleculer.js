// moleculer over NATS: round robin, its circuit breaker on, the same limit of time. Heartbeats are as it has them.

import { ServiceBroker } from "moleculer";
import { OPERATIONS, operationOf, rateInTime, TIMEOUT_MS } from "./work.js";

const broker = (server, nodeID) =>
  new ServiceBroker({
    nodeID,
    transporter: server,
    logger: false,
    requestTimeout: TIMEOUT_MS,
    registry: { strategy: "RoundRobin" },
    // The smallest threshold that can open it, as ours needs one call; the peers' earlier measurement used the same.
    circuitBreaker: { enabled: true, threshold: 0.5, minRequestCount: 4, windowTime: 60, halfOpenTime: 10_000 },
  });

export async function serve({ server, number, failing }) {
  const node = broker(server, `instance-${number}`);
  const handle = ({ params }) => rateInTime(params, { number, failing });
  node.createService({ name: "ratings", actions: Object.fromEntries(OPERATIONS.map((name) => [name, handle])) });
  await node.start();
  return { leave: () => node.stop() };
}

export async function open({ server, instances, place }) {
  const node = broker(server, `caller-${process.pid}-${place}`);
  await node.start();
  await node.waitForServices("ratings");
  // One instance is not enough: the caller must know both before the first round.
  const known = () => node.registry.getActionList({ onlyAvailable: true, withEndpoints: true });
  const ready = () => (known().find(({ name }) => name === "ratings.get")?.endpoints?.length ?? 0) >= instances.length;
  while (!ready()) await new Promise((resolve) => setTimeout(resolve, 20));
  return { ask: (thingID) => node.call(`ratings.${operationOf(thingID)}`, { thingID }) };
}
