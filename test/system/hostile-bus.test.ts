// takes: 20 s
// A fifth of the hostile messages of the long run.

import { hostileSuite } from "./hostile-messages.ts";

const hostile = hostileSuite(1 / 5);

hostile.run();
