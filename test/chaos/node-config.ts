// The configuration of one node of the bus, as README shows it.

import { type Host, hostsOf } from "./names.ts";

export const CLIENT_PORT = 4222;
const ROUTE_PORT = 6222;

/** NATS_URL of Markets and instances: all nodes, so that any one may be down. */
export const natsUrls = (): string =>
  hostsOf("node")
    .map(({ back }) => `nats://${back}:${CLIENT_PORT}`)
    .join(",");

export function nodeConfig({ name, back }: Host): string {
  const routes = hostsOf("node").map((node) => `    nats://${node.back}:${ROUTE_PORT}`);
  return `server_name: ${name}
listen: "${back}:${CLIENT_PORT}"
# A node that is cut off is noticed by its silence alone: a ping every second, and the end after two without an answer.
# The server's default, two minutes, would keep sending calls into a route that leads nowhere.
ping_interval: "1s"
ping_max: 2
write_deadline: "2s"
cluster {
  name: market
  listen: "${back}:${ROUTE_PORT}"
  routes: [
${routes.join("\n")}
  ]
}
`;
}
