// takes: 15 s
// An instance that answers with errors, and then a bus that is away: what a user reads in a terminal, of real programs.

import * as assert from "uvu/assert";
import { systemSuite } from "../support/system.ts";
import { until } from "../support/world.ts";

const LIMIT_MS = 30_000;
const failing = systemSuite("failing", { REQUEST_TIMEOUT_MS: "5000" });

failing(
  "half of the answers are errors: every view shows it, and check warns; without the bus each names the bus",
  async ({ world, server }) => {
    const market = await world.startMarket();
    await Promise.all([1, 2].map((number) => world.startRatings(number, { CHAOS: "1" })));
    await market.untilKnown(2);
    const at = ["--market", market.admin];
    await world.dwcDone(["fault", "ratings/2", "fail", "100%", "--for", "120s"]);
    let said = "";
    const isShown = async (): Promise<boolean> => {
      for (let page = 0; page < 5; page += 1) await (await fetch(market.url)).text();
      said = (await world.dwc(["ps", ...at])).said;
      return /ratings\/2 +▲ failing/.test(said);
    };
    await until("ps shows it", isShown, LIMIT_MS, () => said);
    assert.match(said, /ratings\/1 +√ healthy/);
    assert.match(said, /\nratings: \d+ calls in the last minute, \d+ % succeeded, \d+ errors?\n/);
    const check = await world.dwc(["check", ...at]);
    assert.is(check.code, 1, check.said);
    assert.match(
      check.said,
      /warning +ratings\/2 is failing: \d+ of \d+ calls in the last minute failed\s+\(the last: 5\d\d: /,
    );
    assert.match((await world.dwc(["explain", "ratings/2", ...at])).said, /^ratings\/2 {2}▲ failing\n/);
    assert.match((await world.dwc(["top", "-n", "1", ...at])).said, /ratings\/2 +▲ failing +\d+ +\d+ % +\d+ /);
    assert.equal(
      (await (await fetch(`${market.admin}/metrics`)).text()).match(
        /^dwc_instances_failing\{.*instance="2"\} (\d)$/m,
      )?.[1],
      "1",
    );
    await server.stop();
    const isBusNamed = async (): Promise<boolean> => {
      said = (await world.dwc(["explain", "ratings", ...at])).said;
      return said.startsWith("The Market has not been connected to the bus since ");
    };
    await until("explain names the bus", isBusNamed, LIMIT_MS, () => said);
    assert.match(said, /\nratings\/2 {2}\? failing\n[\s\S]*\nNext call: none: the bus is disconnected\n/);
    assert.not.match(said, /√ healthy|▲ failing/);
  },
);

failing.run();
