// The root folder of the project.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository itself, from dist/test/support as from test/support. */
export const repository = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));
