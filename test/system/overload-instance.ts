// An instance as a process of its own, whose handler needs one of a few places for a time: the capacity of the instance.
// Arguments: the server's URL, its number, and its limit as JSON, or "none".

import { setTimeout } from "node:timers/promises";
import { connectBus } from "../../src/service/connect.ts";
import { answer } from "../../src/service/core/handler.ts";
import { startInstance } from "../../src/service/instance.ts";
import type { InstanceOptions } from "../../src/service/instance-options.ts";
import { HANDLER_MS, OVERLOAD_SERVICE, PLACES } from "./overload-load.ts";

const [url = "", number = "", limit = "none"] = process.argv.slice(2);

/** As a pool of database connections: first in, first out, without a limit of its own. */
let free = PLACES;
const waiting: (() => void)[] = [];

async function takePlace(): Promise<void> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
}

function leavePlace(): void {
  const next = waiting.shift();
  if (next === undefined) free += 1;
  else next();
}

await startInstance({
  service: OVERLOAD_SERVICE,
  instance: Number(number),
  bus: await connectBus({ urls: url, report: () => undefined }),
  ...(limit !== "none" && { limit: JSON.parse(limit) as InstanceOptions["limit"] }),
  handle: async () => {
    await takePlace();
    await setTimeout(HANDLER_MS);
    leavePlace();
    return answer("done");
  },
});
process.send?.("up");
process.on("disconnect", () => process.exit());
