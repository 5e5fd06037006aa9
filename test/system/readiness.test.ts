// takes: 6 s
// /readyz of a Market whose bus is away: ready, as its pages are whole, and not a word about where the bus is.

import * as assert from "uvu/assert";
import { systemSuite } from "../support/system.ts";
import { until } from "../support/world.ts";

const test = systemSuite("readiness");

const LIMIT_MS = 20_000;

interface Readiness {
  readonly code: number;
  readonly text: string;
  readonly status: unknown;
}

async function ask(url: string): Promise<Readiness> {
  const response = await fetch(`${url}/readyz`);
  const text = await response.text();
  return { code: response.status, text, status: JSON.parse(text).status };
}

test("ready, degraded without instances and without the bus, and never an address of the bus", async ({
  world,
  server,
}) => {
  const busPort = new URL(server.url).port;
  const asked: Readiness[] = [];
  const market = await world.startMarket();
  const see = async (status: string): Promise<void> =>
    until(
      `it is ${status}`,
      async () => {
        const answer = await ask(market.url);
        asked.push(answer);
        return answer.status === status;
      },
      LIMIT_MS,
    );
  await see("degraded");
  await world.startRatings(1);
  await see("ready");
  const mark = market.program.mark();
  await server.kill();
  await market.program.waitFor(/WARNING:bus:- disconnected/, { mark });
  await see("degraded");
  assert.is((await market.page()).status, 200);
  // The attempts to return have failed by now, each with a reason that names the address.
  await market.program.waitFor(/(could not be started|not there|refused|waiting|lost)/i, { mark });
  asked.push(await ask(market.url));
  // Those who run the Market read the reason on the admin listener.
  await until(
    "the reason is there",
    async () => {
      const { text } = await ask(market.admin);
      return JSON.parse(text).checks.some(({ detail = "" }: { detail?: string }) => detail.includes(busPort));
    },
    LIMIT_MS,
  );
  await server.restart();
  await see("ready");
  for (const { code, text } of asked) {
    assert.is(code, 200, text);
    assert.not.match(text, new RegExp(`${busPort}|nats:|127\\.0\\.0\\.1|ECONN`), text);
  }
});

test.run();
