// The bus did not let us in: as a command tells it. Pure.

import { type Failed, failedBy } from "../outcome.ts";
import type { Out } from "./live-world.ts";

export const failedVisit = ({ code, why, hint }: Out): Failed =>
  hint === ""
    ? failedBy({ kind: "refused", code, why })
    : { kind: "failed", fault: "failed", code, message: why, hint };
