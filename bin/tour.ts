// Loads the program bin/main/tour.ts, where there are files enough to be opened for it.

import { endWithoutDescriptors } from "../src/program/connections.ts";

endWithoutDescriptors("tour");
await import("./main/tour.ts");
