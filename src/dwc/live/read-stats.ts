// The statistics of an instance, from the bytes of its answer.

import { epochMs } from "../../clock.ts";
import { decodeBody } from "../../service/body.ts";
import { parseStats, type Stats } from "./core/stats.ts";

/** One answer has a line for each endpoint; a thousand instances answer with less than a megabyte. */
const MAX_STATS_BYTES = 65_536;

/** Undefined for what is no answer of an instance. */
export function readStats(bytes: Uint8Array): Stats | undefined {
  const decoded = decodeBody(bytes, MAX_STATS_BYTES);
  return decoded.kind === "unreadable" ? undefined : parseStats(decoded.value, epochMs);
}
