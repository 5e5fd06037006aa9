// The kinds of bus that the contract is held against, each with its network.

import type { Bus } from "../../src/bus/bus.ts";
import { connectNatsBus } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

export type CountingBus = Bus & { readonly pending: number };

/** `limited` may not send to `denied.>`; `no-replies` may not receive replies. */
export type Login = "anyone" | "limited" | "no-replies";

/** One kind of bus, with its network. */
export interface Kind {
  readonly name: string;
  /** A connected bus on the one network of this kind. */
  bus(as?: Login): Promise<CountingBus>;
  /** The server goes away from everyone, and comes back. */
  drop(): Promise<void>;
  restore(): Promise<void>;
  end(): Promise<void>;
}

const clock = systemClock();
/** What the buses have reported since a test emptied it. */
export const reports: string[] = [];
const report = (sentence: string): number => reports.push(sentence);

export const connected = (bus: Bus): Promise<void> => until("connected", () => bus.status === "connected");

export function memoryKind(): Kind {
  const network = new MemoryNetwork(clock);
  return {
    name: "memory",
    bus: (as) => {
      const bus = network.bus(report);
      if (as === "limited") bus.deniesSending = (subject) => subject.startsWith("denied.");
      if (as === "no-replies") bus.deniesReplies = true;
      return Promise.resolve(bus);
    },
    drop: () => Promise.resolve(network.disconnect()),
    restore: () => Promise.resolve(network.reconnect()),
    end: () => Promise.resolve(),
  };
}

const LOGINS = `
accounts { T { users: [
  { user: anyone, password: p }
  { user: limited, password: p, permissions: { publish: { deny: ["denied.>"] } } }
  { user: no-replies, password: p, permissions: { subscribe: { deny: ["_INBOX.>"] } } }
] } }`;

export async function natsKind(): Promise<Kind> {
  const server = await startNatsServer({ config: LOGINS });
  return {
    name: "nats",
    bus: async (as = "anyone") => {
      const url = server.url.replace("//", `//${as}:p@`);
      const bus = connectNatsBus({ urls: [url], name: "contract", clock, report });
      await connected(bus);
      return bus;
    },
    drop: () => server.kill(),
    restore: () => server.restart(),
    end: () => server.stop(),
  };
}
