// takes: 20 s
// A fifth of the hostile messages of the long run.

import { hostileMessages } from "./hostile-messages.ts";

hostileMessages(1 / 5).run();
