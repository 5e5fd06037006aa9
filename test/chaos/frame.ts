// Ethernet frames inside VXLAN packets, as the switch needs them: source, destination, and TCP checksum.
//
// The kernel leaves the checksum of a TCP segment to the network card, and a packet between two namespaces never passes
// one. A program that takes the packet out of the kernel must fill in the checksum, or the receiver drops the packet.

const VXLAN_HEADER_BYTES = 8;
const MAC_BYTES = 6;
const ETHERNET_HEADER_BYTES = 14;
const ETHERNET_TYPE_AT = VXLAN_HEADER_BYTES + 2 * MAC_BYTES;
const IP_AT = VXLAN_HEADER_BYTES + ETHERNET_HEADER_BYTES;
const MIN_IP_HEADER_BYTES = 20;
const IPV4 = 0x0800;
const TCP = 6;
const TCP_CHECKSUM_AT = 16;
const MAX_16_BITS = 0xffff;

/** The first bit on the wire of an address marks a broadcast or multicast. */
const GROUP_BIT = 1;

export interface Ends {
  readonly to: string;
  readonly from: string;
  readonly toAll: boolean;
}

/** @returns undefined for a packet too short to hold a frame */
export function endsOf(packet: Buffer): Ends | undefined {
  if (packet.length < IP_AT) return undefined;
  const at = VXLAN_HEADER_BYTES;
  return {
    to: packet.toString("hex", at, at + MAC_BYTES),
    from: packet.toString("hex", at + MAC_BYTES, at + 2 * MAC_BYTES),
    toAll: (packet.readUInt8(at) & GROUP_BIT) !== 0,
  };
}

/** Writes the checksum of a TCP segment into the packet; anything else stays as it is. */
export function fillChecksum(packet: Buffer): void {
  const segment = tcpIn(packet);
  if (segment === undefined) return;
  const { at, end } = segment;
  packet.writeUInt16BE(0, at + TCP_CHECKSUM_AT);
  // Sources, destinations and length stand in the sum though they are not in the segment (RFC 9293, 3.1).
  const addressesAt = IP_AT + 12;
  const sum = TCP + (end - at) + sumOf(packet, addressesAt, addressesAt + 8) + sumOf(packet, at, end);
  packet.writeUInt16BE(~folded(sum) & MAX_16_BITS, at + TCP_CHECKSUM_AT);
}

function tcpIn(packet: Buffer): { at: number; end: number } | undefined {
  if (packet.length < IP_AT + MIN_IP_HEADER_BYTES || packet.readUInt16BE(ETHERNET_TYPE_AT) !== IPV4) return undefined;
  if (packet.readUInt8(IP_AT + 9) !== TCP) return undefined;
  const at = IP_AT + (packet.readUInt8(IP_AT) & 15) * 4;
  const end = IP_AT + packet.readUInt16BE(IP_AT + 2);
  return end <= packet.length && at + TCP_CHECKSUM_AT + 2 <= end ? { at, end } : undefined;
}

function sumOf(packet: Buffer, from: number, end: number): number {
  let sum = 0;
  for (let at = from; at + 1 < end; at += 2) sum += packet.readUInt16BE(at);
  return (end - from) % 2 === 0 ? sum : sum + packet.readUInt8(end - 1) * 256;
}

function folded(sum: number): number {
  let rest = sum;
  while (rest > MAX_16_BITS) rest = (rest & MAX_16_BITS) + Math.floor(rest / (MAX_16_BITS + 1));
  return rest;
}
