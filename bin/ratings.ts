// Loads the program bin/main/ratings.ts, where there are files enough to be opened for it.

import { endWithoutDescriptors } from "../src/program/connections.ts";

endWithoutDescriptors("ratings");
await import("./main/ratings.ts");
