// takes: 30 s
// Hostile messages in such numbers that a leak shows in the Market's memory.

import { hostileMessages } from "./hostile-messages.ts";

hostileMessages(1).run();
