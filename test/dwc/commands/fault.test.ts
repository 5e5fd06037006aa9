// takes: 10 s
// shares: dwc with instances
// `dwc fault` with instances that run: what comes of it.

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
    const nobody = await system.type(["fault"]);
    assert.equal([nobody.code, nobody.stdout], [0, ""]);
    golden(nobody.stderr);
    const { program } = await system.world.startRatings(2, { CHAOS: "1" });
    const done = await system.typeUntil(0, ["fault", "ratings/2", "slow", "20ms", "--for", "30s"]);
    golden(done.stdout);
    golden(done.stderr);
    let told: readonly { readonly faults: readonly object[] }[] = [];
    await until("it is listed", async () => {
      told = JSON.parse((await system.type(["fault", "--json"])).stdout).instances;
      return told.length > 0;
    });
    assert.equal(Object.keys(told[0]?.faults[0] ?? {}), ["fault", "by_ms", "ends_in_ms"]);
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
