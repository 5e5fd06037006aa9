// The cost of authentication for a request. One run, the two buses in turn, so that a busy machine is busy for both.
// The ratio is printed.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { NatsBus } from "../../src/bus/nats-bus.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { Folder, logIn } from "../support/orgs.ts";

const test = suite("the price of a secured bus");

const ROUNDS = 8;
const CALLS = 1_000;
const AT_ONCE = 50;
/** Far below what is measured, so that only a real price fails it. */
const MIN_RATIO = 0.5;

async function callsPerSecond(market: NatsBus): Promise<number> {
  const beganAt = performance.now();
  let left = CALLS;
  const worker = async (): Promise<void> => {
    while (left-- > 0) assert.is((await market.request("ratings.get.x1", "{}", { timeoutMs: 5_000 })).kind, "answered");
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return (CALLS * 1_000) / (performance.now() - beganAt);
}

const middle = (rates: readonly number[]): number => rates.toSorted((a, b) => a - b)[rates.length >> 1] ?? 0;

test("is not to be seen beside that of the request itself", async () => {
  const folder = new Folder();
  await folder.createOrg();
  const ratings = await folder.createService("ratings");
  const [open, secured] = await Promise.all([startNatsServer(), folder.startServer()]);
  const services = await Promise.all([logIn(open), logIn(secured, ratings)]);
  const markets = await Promise.all([logIn(open), logIn(secured, folder.person)]);
  const rates: [number[], number[]] = [[], []];
  try {
    for (const { bus } of services) {
      bus.subscribe("ratings.get.x1", (message) => message.answer("{}"));
      await bus.flush();
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const place of [0, 1] as const)
        rates[place].push(await callsPerSecond((markets[place] as (typeof markets)[0]).bus));
    }
    const ratio = middle(rates[1]) / middle(rates[0]);
    console.log(
      `requests a second, secured to open: ${ratio.toFixed(2)} (${Math.round(middle(rates[1]))} to ${Math.round(middle(rates[0]))})`,
    );
    assert.ok(ratio > MIN_RATIO, `ratio ${ratio}`);
  } finally {
    await Promise.all([...services, ...markets].map(({ bus }) => bus.close()));
    await Promise.all([open.stop(), secured.stop()]);
    folder.remove();
  }
});

test.run();
