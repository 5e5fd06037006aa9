// A network namespace for each host. One bridge joins them (the front: shoppers to Markets). A second network (the back:
// the bus) runs over it in VXLAN packets that pass through the switch. Made and removed with `ip`.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { HOSTS, type Host, leftovers, namespaceOf, SWITCH, SWITCH_FRONT } from "./names.ts";

const run = promisify(execFile);
const NET_BITS = 24;
const VXLAN_ID = 7;
const VXLAN_PORT = 4789;

export async function ip(...words: readonly string[]): Promise<string> {
  return (await run("ip", words, { encoding: "utf8" })).stdout;
}

/** Removes namespaces that earlier runs left behind. Those of other programs and of active runs stay. */
export async function sweep(): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const name of await listLeftovers()) if (await removeLeftover(name)) removed.push(name);
  return removed;
}

const listLeftovers = async (): Promise<readonly string[]> => leftovers(await ip("netns", "list"), isRunOfOurs);

/** False: another run that started at the same time was faster. */
async function removeLeftover(name: string): Promise<boolean> {
  try {
    await ip("netns", "delete", name);
    return true;
  } catch (error) {
    if ((await listLeftovers()).includes(name)) throw error;
    return false;
  }
}

/** The number may have gone to another program since. */
function isRunOfOurs(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("chaos");
  } catch {
    return false;
  }
}

export class Network {
  readonly #pid: number;
  readonly #made: string[] = [];
  /** The `ip netns add` under way: an interrupt must not delete before it has ended. */
  #adding: Promise<unknown> = Promise.resolve();
  #removal: Promise<void> | undefined;

  constructor(pid: number) {
    this.#pid = pid;
  }

  namespace(name: string): string {
    return namespaceOf(this.#pid, name);
  }

  async make(): Promise<void> {
    const hub = await this.#add(SWITCH);
    await ip("-n", hub, "link", "add", "name", "street", "type", "bridge");
    await ip("-n", hub, "address", "add", `${SWITCH_FRONT}/${NET_BITS}`, "dev", "street");
    await ip("-n", hub, "link", "set", "street", "up");
    for (const host of HOSTS) await this.#settle(host, hub);
  }

  /**
   * Deletes the namespaces, and with them their interfaces. A process that still runs in one keeps it, unnamed, until it
   * ends. Every caller waits for the same removal: the process exits when the first of them returns.
   */
  remove(): Promise<void> {
    this.#removal ??= this.#deleteAll();
    return this.#removal;
  }

  async #deleteAll(): Promise<void> {
    await this.#adding.catch(() => undefined);
    for (const name of this.#made) await ip("netns", "delete", name).catch(() => undefined);
  }

  async #settle({ name, front, back }: Host, hub: string): Promise<void> {
    const own = await this.#add(name);
    const inOwn = (...words: string[]): Promise<string> => ip("-n", own, ...words);
    await inOwn("link", "set", "lo", "up");
    await ip("-n", hub, "link", "add", name, "type", "veth", "peer", "name", "front", "netns", own);
    await ip("-n", hub, "link", "set", name, "master", "street", "up");
    await inOwn("address", "add", `${front}/${NET_BITS}`, "dev", "front");
    await inOwn("link", "set", "front", "up");
    const tunnel = ["type", "vxlan", "id", String(VXLAN_ID), "remote", SWITCH_FRONT, "dstport", String(VXLAN_PORT)];
    await inOwn("link", "add", "back", ...tunnel, "dev", "front", "nolearning");
    await inOwn("address", "add", `${back}/${NET_BITS}`, "dev", "back");
    // One segment a packet: what leaves in one piece is lost in one piece, and fits into a datagram.
    await inOwn("link", "set", "back", "up", "gso_max_segs", "1");
  }

  /** An interrupt may arrive at any step. `remove` waits for the namespace that is being added, and deletes it as well. */
  async #add(name: string): Promise<string> {
    const namespace = this.namespace(name);
    if (this.#removal === undefined) {
      this.#made.push(namespace);
      this.#adding = ip("netns", "add", namespace);
      await this.#adding;
    }
    if (this.#removal !== undefined) throw new Error("network: removed while it was made");
    return namespace;
  }
}
