// Loads the program bin/main/market.ts, where there are files enough to be opened for it.

import { endWithoutDescriptors } from "../src/program/connections.ts";

endWithoutDescriptors("market");
await import("./main/market.ts");
