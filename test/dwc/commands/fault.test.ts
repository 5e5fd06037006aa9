// takes: 10 s
// shares: dwc with instances
// `dwc fault` with instances that run: exit codes, output and effect.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { goldenOf } from "../../support/golden.ts";
import { until } from "../../support/until.ts";
import { Running } from "../live/running.ts";

const test = suite("dwc fault");
const golden = goldenOf(test, "dwc/fault");

test("exit codes and answers: 0 done, 1 not here, 2 not like this", async () => {
  const system = await Running.start();
  try {
    const none = await system.type(["fault"]);
    assert.equal([none.code, none.stdout], [0, ""]);
    golden(none.stderr);
    const { program } = await system.world.startRatings(2, { CHAOS: "1" });
    const done = await system.typeUntil(0, ["fault", "ratings/2", "slow", "20ms", "--for", "30s"]);
    golden(done.stdout);
    golden(done.stderr);
    let listed: readonly { readonly faults: readonly object[] }[] = [];
    await until("it is listed", async () => {
      listed = JSON.parse((await system.type(["fault", "--json"])).stdout).instances;
      return listed.length > 0;
    });
    assert.equal(Object.keys(listed[0]?.faults[0] ?? {}), ["fault", "by_ms", "ends_in_ms"]);
    const other = await system.type(["fault", "ratings/7", "kill"]);
    golden([other.code, other.stderr]);
    const wrong = await system.type(["fault", "ratings/2", "pauze", "--json"]);
    assert.equal([wrong.code, JSON.parse(wrong.stderr).error.code], [2, "unknown-fault"]);
    await system.typeUntil(0, ["fault", "reset", "ratings/2"]);
    await program.waitFor(/ended a fault: slow by 20 ms \(reset\)/);
    const twin = await system.type(["fault", "reset", "ratings/9"]);
    assert.is(twin.code, 1);
  } finally {
    await system.close();
  }
});

test.run();
