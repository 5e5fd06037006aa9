// Requirements of a run: root, network namespaces, `ip`, `nats-server`. A missing one is printed with the command that
// installs it, and the run is skipped: a machine without namespaces is no failure.

import { findProgram } from "../../src/bus/server/server-process.ts";
import { namespaceOf } from "./names.ts";
import { ip } from "./network.ts";

export type Needs =
  | { readonly kind: "met"; readonly natsServer: string }
  | { readonly kind: "missing"; readonly why: string };

const missing = (why: string): Needs => ({ kind: "missing", why });

/** What is needed of a machine before anything is tried, each with the package that has it. */
const PROGRAMS: readonly (readonly [string, string])[] = [
  ["ip", "iproute2"],
  ["setpriv", "util-linux"],
  ["nats-server", "nats-server"],
];

export interface Machine {
  readonly platform: string;
  /** Of the user; 0 is root, undefined where there are none. */
  readonly userId: number | undefined;
  readonly has: (program: string) => boolean;
}

/** The first thing that is missing, and what to type; undefined: nothing is. */
export function lackOf({ platform, userId, has }: Machine): string | undefined {
  if (platform !== "linux") return "network namespaces are Linux's own: run it on a Linux machine";
  if (userId !== 0) return "only root may make network namespaces. Type:  sudo make chaos";
  const lack = PROGRAMS.find(([program]) => !has(program));
  return lack === undefined ? undefined : `there is no ${lack[0]}. Type:  apt-get install ${lack[1]}`;
}

/** @param folders where programs are looked for */
export async function findNeeds(folders: readonly string[]): Promise<Needs> {
  const find = (program: string): string | undefined => findProgram(program, folders);
  const has = (program: string): boolean => find(program) !== undefined;
  const why = lackOf({ platform: process.platform, userId: process.getuid?.(), has }) ?? (await tryNamespace());
  return why === undefined ? { kind: "met", natsServer: find("nats-server") ?? "nats-server" } : missing(why);
}

/** Containers refuse namespaces, and small kernels lack an interface: both show only when it is tried. */
async function tryNamespace(): Promise<string | undefined> {
  const name = namespaceOf(process.pid, "try");
  try {
    await ip("netns", "add", name);
    await ip("-n", name, "link", "add", "name", "street", "type", "bridge");
    await ip("-n", name, "link", "add", "one", "type", "veth", "peer", "name", "two");
    await ip("-n", name, "link", "add", "back", "type", "vxlan", "id", "1", "remote", "192.0.2.1", "dstport", "4789");
    return undefined;
  } catch (error) {
    const words = error instanceof Error ? error.message.trim().replace(/\s+/g, " ") : String(error);
    return `this machine does not let us make namespaces with bridge, veth and vxlan (${words}): in a container, run it with --privileged; else on a machine whose kernel has them`;
  } finally {
    await ip("netns", "delete", name).catch(() => undefined);
  }
}
