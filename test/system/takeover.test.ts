// Two Markets share the bus that one of them has started. Its owner is killed, and the other takes over. Other ends of
// the owner are in takeover-revoked.long.

import * as assert from "uvu/assert";
import { worldSuite } from "../support/system.ts";
import { STARTED } from "../support/takeover.ts";
import { until } from "../support/world.ts";

const takeover = worldSuite("the embedded bus changes hands");

takeover("its owner is killed: the other Market starts it again, and ratings are fresh", async ({ world }) => {
  const owner = await world.startMarket();
  assert.is(owner.program.count(STARTED), 1);
  const heir = await world.startMarket({ REQUEST_TIMEOUT_MS: "5000" });
  assert.is(heir.program.count(STARTED), 0, "the second uses what it finds");
  await world.startRatings(1);
  await heir.untilKnown(1);
  owner.program.signal("SIGKILL");
  await heir.program.waitFor(STARTED);
  await until("fresh ratings at the heir", async () =>
    Object.values(await heir.ratings()).every((rating) => rating?.fresh === true),
  );
  assert.is(heir.program.count(/OPEN breaker| lost: /), 0);
});

takeover.run();
