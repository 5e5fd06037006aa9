// takes: 80 s
// The bus itself goes away under load for a minute, and comes back.

import { suite } from "uvu";
import { outageOf } from "./outage.ts";

const outage = suite("the bus is killed and started again under load");

outage("away for a minute: pages stay whole, no breaker opens, and ratings are fresh within 3 s of its return", () =>
  outageOf(60_000),
);

outage.run();
