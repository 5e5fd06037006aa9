// Loads the program bin/main/demo.ts, where there are files enough to be opened for it.

import { endWithoutDescriptors } from "../src/program/connections.ts";

endWithoutDescriptors("demo");
await import("./main/demo.ts");
