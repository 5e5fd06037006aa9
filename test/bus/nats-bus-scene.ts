// A suite of tests of the bus on NATS, each with the servers and connections that it starts and their reports.

import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { connectNatsBus, type NatsBus, type NatsBusOptions } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { type Cleanup, cleanupSuite } from "../support/cleanup.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

export interface Context extends Cleanup {
  reports: string[];
}

export const clock = systemClock();
/** Also after a refusal, when it is tried less often. */
const CONNECTED_TIMEOUT_MS = 15_000;

export function natsBusSuite(name: string): Test<Context> {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): unknown => rejections.push(reason);
  const test = cleanupSuite<Context>(name, (context) => {
    context.reports = [];
  });
  test.before(() => void process.on("unhandledRejection", onRejection));
  test.after.each(() => assert.equal(rejections, []));
  test.after(() => void process.off("unhandledRejection", onRejection));
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
  until("connected", () => buses.every(({ status }) => status === "connected"), CONNECTED_TIMEOUT_MS);
