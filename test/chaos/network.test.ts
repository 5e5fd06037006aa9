import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectedTo } from "./connections.ts";
import { endsOf, fillChecksum } from "./frame.ts";
import { HOSTS, leftovers, namespaceOf } from "./names.ts";
import { apart, fateOf, NO_LOSS, parseConditions } from "./network-conditions.ts";

const test = suite("the network of chaos");

/** From 10.78.0.31 to 10.78.0.11: a SYN as a kernel sent it, with the checksum that it then had. */
const VXLAN = "0800000000000700";
const ETHERNET = "0200000000110200000000310800";
const IP = "450000280001400040062580" + "0a4e001f" + "0a4e000b";
const segment = (checksum: string): string => `9c40107e00000001000000005002faf0${checksum}0000`;
const packetOf = (checksum: string): Buffer => Buffer.from(VXLAN + ETHERNET + IP + segment(checksum), "hex");

/** A receiver adds up everything, the checksum too, and wants all ones. */
function addsUp(packet: Buffer): boolean {
  const tcp = packet.subarray(42);
  let sum = 6 + tcp.length;
  for (const part of [packet.subarray(34, 42), tcp])
    for (let at = 0; at < part.length; at += 1) sum += (part[at] ?? 0) * (at % 2 === 0 ? 256 : 1);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum === 0xffff;
}

test("a checksum that the kernel left open is filled in, whatever stood there", () => {
  for (const before of ["0000", "1234", "ffff"]) {
    const packet = packetOf(before);
    assert.not.ok(addsUp(packet), before);
    fillChecksum(packet);
    assert.ok(addsUp(packet), before);
  }
});

test("what is no TCP in IPv4, or is cut short, stays as it is", () => {
  const whole = packetOf("1234");
  const arp = Buffer.from(whole);
  arp.writeUInt16BE(0x0806, 20);
  for (const packet of [arp, whole.subarray(0, 50), whole.subarray(0, 9), Buffer.alloc(0)]) {
    const before = Buffer.from(packet);
    fillChecksum(packet);
    assert.ok(before.equals(packet));
  }
});

test("a frame has a source, a destination and a broadcast flag", () => {
  assert.equal(endsOf(packetOf("0000")), { to: "020000000011", from: "020000000031", toAll: false });
  const toAll = packetOf("0000").fill(0xff, 8, 14);
  assert.is(endsOf(toAll)?.toAll, true);
  assert.is(endsOf(Buffer.alloc(10)), undefined);
});

test("packets pass between hosts of one side, and not between the sides", () => {
  const conditions = apart(["node1", "market1"]);
  assert.is(fateOf("node1", "market1", conditions, 0), 0);
  assert.is(fateOf("node2", "market2", conditions, 0), 0);
  assert.is(fateOf("node1", "node2", conditions, 0.99), undefined);
  assert.is(fateOf("market2", "market1", conditions, 0.99), undefined);
});

test("the share `lossShare` of packets is dropped, and the others are delayed", () => {
  const conditions = { ...NO_LOSS, lossShare: 0.05, delayMs: 100 };
  assert.is(fateOf("a", "b", conditions, 0.0499), undefined);
  assert.is(fateOf("a", "b", conditions, 0.05), 100);
  assert.is(fateOf("a", "b", NO_LOSS, 0), 0);
});

test("conditions are parsed from a line, and other lines are rejected", () => {
  const conditions = { ...apart(["market1"]), lossShare: 0.1 };
  assert.equal(parseConditions(JSON.stringify(conditions)), conditions);
  for (const line of ["", "rain", "null", "{}", '{"sides":null,"lossShare":0,"delayMs":0}'])
    assert.is(parseConditions(line), undefined, line);
});

test("only namespaces of runs that are over are leftovers", () => {
  const listed = [namespaceOf(7, "node1"), `${namespaceOf(8, "switch")} (id: 4)`, "dwchaos-x-node1", "blue", ""].join(
    "\n",
  );
  assert.equal(
    leftovers(listed, (pid) => pid === 7),
    ["dwchaos-8-switch"],
  );
});

test("no two hosts share a name or an address", () => {
  for (const key of ["name", "front", "back"] as const)
    assert.is(new Set(HOSTS.map((host) => host[key])).size, HOSTS.length);
});

test("the kernel's list of connections is read: established ones, to the port", () => {
  const listed = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 1F004E0A:9C40 0D004E0A:107E 01 00000000:00000000 00:00000000 00000000     0        0 1 1",
    "   1: 1F004E0A:9C41 0C004E0A:107E 06 00000000:00000000 00:00000000 00000000     0        0 1 1",
    "   2: 1F004E0A:1388 0B004E0A:9C42 01 00000000:00000000 00:00000000 00000000     0        0 1 1",
  ].join("\n");
  assert.equal(connectedTo(listed, 4222), ["10.78.0.13"]);
});

test.run();
