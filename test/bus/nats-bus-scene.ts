// A suite of tests of the bus on NATS, each with the servers and connections that it starts and their reports.

import { suite, type Test } from "uvu";
import * as assert from "uvu/assert";
import { connectNatsBus, type NatsBus, type NatsBusOptions } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

export type Context = { reports: string[]; ends: (() => Promise<unknown>)[] };

export const clock = systemClock();

export function natsBusSuite(name: string): Test<Context> {
  const test = suite<Context>(name);
  const rejections: unknown[] = [];
  process.on("unhandledRejection", (reason) => rejections.push(reason));
  test.before.each((context) => {
    context.reports = [];
    context.ends = [];
  });
  test.after.each(async ({ ends }) => {
    for (const end of ends.reverse()) await end();
    assert.equal(rejections, []);
  });
  return test;
}

export async function natsServer({ ends }: Context, config?: string): Promise<TestServer> {
  const server = await startNatsServer(config === undefined ? {} : { config });
  ends.push(() => server.stop());
  return server;
}

export function newBus(
  { reports, ends }: Context,
  url: string | readonly string[],
  more: Partial<NatsBusOptions> = {},
): NatsBus {
  const urls = typeof url === "string" ? [url] : url;
  const bus = connectNatsBus({ urls, name: "test", clock, report: (sentence) => reports.push(sentence), ...more });
  ends.push(() => bus.close());
  return bus;
}

export const connected = (...buses: NatsBus[]): Promise<void> =>
  until("connected", () => buses.every(({ status }) => status === "connected"));
