// takes: 20 s
// Two Markets on one bus with logins: each receives the other's view, and both boards show where they
// disagree. Real programs; one instance is paused, and only one Market's shoppers meet it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { MarketsComparison } from "../../src/monitor/disagreement.ts";
import { Folder } from "../support/orgs.ts";
import { type RunningMarket, until, World } from "../support/world.ts";

const test = suite("several Markets");
const LIMIT_MS = 20_000;

async function marketsOf({ admin }: RunningMarket): Promise<MarketsComparison> {
  const { markets } = (await (await fetch(`${admin}/board.json`)).json()) as { markets: MarketsComparison };
  return markets;
}

const disputesOf = async (market: RunningMarket): Promise<string[]> =>
  (await marketsOf(market)).disagreements.map(
    ({ instance, cells }) =>
      `${instance}: ${cells.map((cell) => (cell.kind === "reported" ? cell.state : cell.kind)).join("/")}`,
  );

test("they agree, until one meets an instance that hangs; and again when it is back, or one of them ends", async () => {
  const folder = new Folder();
  await folder.createOrg();
  await folder.createService("ratings");
  const server = await folder.startServer();
  const world = new World(server.url, { DWC_STATE: folder.path });
  try {
    const [one, two] = [await world.startMarket(), await world.startMarket()];
    const [, second] = [await world.startRatings(1), await world.startRatings(2)];
    for (const market of [one, two]) await market.untilKnown(2);
    const agree = async (market: RunningMarket, count: number): Promise<boolean> =>
      (await (await fetch(`${market.admin}/board`)).text()).includes(`All ${count} Markets agree, as of `);
    await until("they agree", async () => (await agree(one, 2)) && (await agree(two, 2)), LIMIT_MS);

    second?.program.signal("SIGSTOP");
    await until(
      "one of them has opened its breaker",
      async () => {
        await one.page();
        return one.program.count(/OPEN breaker/) > 0;
      },
      LIMIT_MS,
    );
    await until(
      "both say so",
      async () => {
        const said = [await disputesOf(one), await disputesOf(two)].join("; ");
        return said === "2: open/healthy; 2: healthy/open";
      },
      LIMIT_MS,
    );
    const html = await (await fetch(`${two.admin}/board`)).text();
    assert.match(html, /2 Markets disagree about instance 2, as of /);
    assert.match(html, /Breaker open<\/span> <span class="cell-why">request timed out, for \d+ s/);

    second?.program.signal("SIGCONT");
    await until("they agree again", async () => (await agree(one, 2)) && (await agree(two, 2)), LIMIT_MS);
    assert.is(one.program.count(/not allowed/) + two.program.count(/not allowed/), 0);
    await two.program.end();
    await until("the one that ended is off the board", async () => (await marketsOf(one)).all.length === 1, LIMIT_MS);
  } finally {
    await world.close();
    await server.stop();
    folder.remove();
  }
});

test.run();
