// takes: 30 s
// Hostile messages in such numbers that a leak shows in the Market's memory.

import { hostileSuite } from "./hostile-messages.ts";

const hostile = hostileSuite(1);

hostile.run();
