// The suite of a contract: three connected buses for each test, and no call that is left over after it.

import { suite, type Test } from "uvu";
import * as assert from "uvu/assert";

import type { Bus, Message, Reply, Subscription } from "../../src/bus/bus.ts";
import { type CountingBus, type Kind, reports } from "./kinds.ts";

export const PATIENT = { timeoutMs: 5_000 };
export const HASTY = { timeoutMs: 60 };

export const textOf = (body: Uint8Array): string => Buffer.from(body).toString("utf8");
export const kindOf = async (reply: Promise<Reply>): Promise<string> => (await reply).kind;
export const answerOf = async (reply: Promise<Reply>): Promise<string> => {
  const settled = await reply;
  return settled.kind === "answered" ? textOf(settled.body) : settled.kind;
};

interface Buses {
  asker: CountingBus;
  server: CountingBus;
  other: CountingBus;
}

export function contractSuite(kind: Kind, name: string): Test<Buses> {
  const test = suite<Buses>(`${name} on ${kind.name}`);

  test.before.each(async (buses) => {
    reports.length = 0;
    [buses.asker, buses.server, buses.other] = await Promise.all([kind.bus(), kind.bus(), kind.bus()]);
  });

  test.after.each(async ({ asker, server, other }) => {
    assert.is(asker.pending, 0, "a call is left over");
    await Promise.all([asker.close(), server.close(), other.close()]);
  });

  test.after(() => kind.end());
  return test;
}

/** Subscribes, and returns once requests would arrive. */
export async function serve(
  bus: Bus,
  subject: string,
  receive: (message: Message) => void,
  queue?: string,
): Promise<Subscription> {
  const subscription = bus.subscribe(subject, receive, queue);
  assert.ok(await bus.flush());
  return subscription;
}
