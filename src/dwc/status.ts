// `dwc status`: is there a bus, and who is on it.

import { rollCallSubject } from "../bus/subjects.ts";
import type { Command, World } from "./commands.ts";

const SERVICE = "ratings";
/** How long instances have to answer the roll call: many round trips, and still an answer at once to a person. */
const ROLL_CALL_MS = 150;

interface Status {
  readonly bus: { readonly urls: readonly string[]; readonly answers: boolean };
  readonly instances: readonly number[];
}

export const statusCommand: Command = {
  name: "status",
  usage: "dwc status [--json]",
  summary: "whether a bus answers, and which Ratings instances are on it",
  example: "dwc status",
  run: async (world, { json }) => {
    const status = await readStatus(world);
    if (json) world.print(JSON.stringify(status));
    else for (const line of statusLines(status)) world.print(line);
    return status.bus.answers ? 0 : 1;
  },
};

async function readStatus({ settings, reachBus }: World): Promise<Status> {
  const urls = settings.natsUrls;
  const reached = await reachBus();
  if (reached === undefined) return { bus: { urls, answers: false }, instances: [] };
  const beats = await reached.bus.gather(rollCallSubject(SERVICE), "", ROLL_CALL_MS);
  await reached.close();
  const numbers = beats.flatMap(instanceOf);
  return { bus: { urls, answers: true }, instances: [...new Set(numbers)].sort((a, b) => a - b) };
}

function instanceOf(bytes: Uint8Array): readonly number[] {
  try {
    const { instance } = Object(JSON.parse(new TextDecoder().decode(bytes))) as { instance?: unknown };
    return typeof instance === "number" ? [instance] : [];
  } catch {
    return [];
  }
}

function statusLines({ bus, instances }: Status): readonly string[] {
  const urls = bus.urls.join(", ");
  if (!bus.answers) return [`No bus answers at ${urls}.`, "To start one with the Market: make market"];
  if (instances.length === 0)
    return [`A bus answers at ${urls}; no Ratings instance is on it.`, "To start some: make startRatings COUNT=3"];
  return [`A bus answers at ${urls}; Ratings instances on it: ${instances.join(", ")}.`];
}
