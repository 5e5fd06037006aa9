// Loads the program bin/main/shoppers.ts, where there are files enough to be opened for it.

import { endWithoutDescriptors } from "../src/program/connections.ts";

endWithoutDescriptors("shoppers");
await import("./main/shoppers.ts");
