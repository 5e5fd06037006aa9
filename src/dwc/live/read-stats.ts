// Decodes the statistics of an instance.

import { epochMs } from "../../clock.ts";
import { decodeBody } from "../../service/body.ts";
import { parseStats, type Stats } from "./core/stats.ts";

/** One reply has an entry for each endpoint; 1,000 instances together send less than 1 MB. */
const MAX_STATS_BYTES = 65_536;

/** Undefined: this is not the reply of an instance. */
export function readStats(bytes: Uint8Array): Stats | undefined {
  const decoded = decodeBody(bytes, MAX_STATS_BYTES);
  return decoded.kind === "unreadable" ? undefined : parseStats(decoded.value, epochMs);
}
