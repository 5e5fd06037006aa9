// The hosts of the cluster, their addresses, and the names of their network namespaces. A name holds the pid of the
// process that made it: so leftovers of a crash differ from namespaces that a running process uses.

export type Kind = "node" | "market" | "instance" | "shopper";

export interface Host {
  readonly kind: Kind;
  /** From 1, within its kind. */
  readonly number: number;
  /** Such as market1: what a person reads, and the end of the namespace's name. */
  readonly name: string;
  /** On the front network, between shoppers and Markets: no fault is injected here. */
  readonly front: string;
  /** On the back network, where the bus is: every fault is injected here. */
  readonly back: string;
}

const COUNTS: readonly (readonly [Kind, number, number])[] = [
  ["node", 3, 10],
  ["market", 2, 20],
  ["instance", 4, 30],
  ["shopper", 1, 40],
];

/** These nets exist within the namespaces alone: they cannot meet one of this machine's own. */
const FRONT_NET = "10.77.0";
const BACK_NET = "10.78.0";
export const SWITCH_FRONT = `${FRONT_NET}.1`;
export const SWITCH = "switch";

/** Marks a namespace as ours. */
const PREFIX = "dwchaos";

export const HOSTS: readonly Host[] = COUNTS.flatMap(([kind, count, start]) =>
  Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    const end = start + number;
    return { kind, number, name: `${kind}${number}`, front: `${FRONT_NET}.${end}`, back: `${BACK_NET}.${end}` };
  }),
);

export const hostsOf = (kind: Kind): readonly Host[] => HOSTS.filter((host) => host.kind === kind);

export const namespaceOf = (pid: number, name: string): string => `${PREFIX}-${pid}-${name}`;

/**
 * @param listed as `ip netns list` prints them
 * @param isOurs whether a process of this number is a run like this one that is still going on
 * @returns namespaces of earlier runs that ended without removing them
 */
export function leftovers(listed: string, isOurs: (pid: number) => boolean): readonly string[] {
  const names = listed.split("\n").map((line) => line.trim().split(" ")[0] ?? "");
  return names.filter((name) => {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-[a-z0-9]+$`).exec(name)?.[1];
    return pid !== undefined && !isOurs(Number(pid));
  });
}
