// The switch between the hosts, as a program in a namespace of its own. Each host's kernel puts its frames into VXLAN
// packets and sends them here; here they are delivered, held back or lost. So a lost packet is a lost packet to a real
// TCP stack, which retransmits and backs off, on every kernel: netem and packet filters are not in all of them.
//
// Input: the conditions, as JSON, one a line. It ends with its input.

import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";
import { endsOf, fillChecksum } from "./frame.ts";
import { HOSTS, type Host, SWITCH_FRONT } from "./names.ts";
import { fateOf, NO_LOSS, parseConditions } from "./network-conditions.ts";

const VXLAN_PORT = 4789;
/** The packets of a second, many times over: the kernel must lose none while this program is busy. */
const RECEIVED_BYTES = 4 * 1024 ** 2;

const hostAt = new Map(HOSTS.map((host) => [host.front, host]));
/** The host that last sent from each hardware address. */
const home = new Map<string, Host>();
let conditions = NO_LOSS;

const socket = createSocket({ type: "udp4", recvBufferSize: RECEIVED_BYTES });
socket.on("message", (packet, { address }) => {
  const from = hostAt.get(address);
  const ends = endsOf(packet);
  if (from === undefined || ends === undefined) return;
  home.set(ends.from, from);
  fillChecksum(packet);
  const only = ends.toAll ? undefined : home.get(ends.to);
  for (const to of only === undefined ? HOSTS : [only]) if (to !== from) deliver(packet, from, to);
});

function deliver(packet: Buffer, from: Host, to: Host): void {
  const heldMs = fateOf(from.name, to.name, conditions, Math.random());
  if (heldMs === undefined) return;
  if (heldMs === 0) socket.send(packet, VXLAN_PORT, to.front, ignore);
  else setTimeout(() => socket.send(packet, VXLAN_PORT, to.front, ignore), heldMs);
}

/** A host that has gone loses its packets: that is what a network does. */
function ignore(): void {}

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  const next = parseConditions(line);
  if (next === undefined) throw new Error(`switch: this is no conditions: ${line}`);
  conditions = next;
  console.log("changed");
});
input.on("close", () => process.exit());
socket.bind(VXLAN_PORT, SWITCH_FRONT, () => console.log("ready"));
