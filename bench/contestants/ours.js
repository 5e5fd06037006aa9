// Ours, as another service would use it, with everything on: breakers, leases, deadlines, stall guard, and a check of
// every answer.

import { answer, connectBus, openClient, startInstance } from "../../dist/src/service/index.js";
import { isRating, OPERATIONS, operationOf, rateInTime } from "./work.js";

const SERVICE = "ratings";

/** The scorecard restarts the bus on purpose: reports of it would stand between the lines of progress. */
const QUIET = { report: () => undefined };

export async function serve({ server, number, failing }) {
  const bus = await connectBus(server, QUIET);
  const handle = (request) => {
    const rated = rateInTime(request, { number, failing });
    return rated instanceof Promise ? rated.then(answer) : answer(rated);
  };
  const operations = Object.fromEntries(OPERATIONS.map((name) => [name, handle]));
  const started = await startInstance({ service: SERVICE, instance: number, bus, operations });
  if (started.kind === "taken") throw new Error(`instance ${number} runs already`);
  return {
    leave: async () => {
      await started.instance.goodbye();
      await bus.close();
    },
  };
}

const NO_RATING = { kind: "invalid", problems: ["no rating of the thing"] };

export async function open({ server, instances }) {
  const bus = await connectBus(server, QUIET);
  let opened = 0;
  const count = ({ kind }) => {
    if (kind === "opened") opened++;
  };
  const client = openClient({ service: SERVICE, bus, onEvent: count });
  await client.ready();
  // One instance is not enough: the caller must know all before the first round.
  const live = () => client.instances().filter(({ state }) => state === "healthy").length;
  while (live() < instances.length) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    opened: () => opened,
    ask: async (thingID) => {
      const read = (value) => (isRating(value, thingID) ? { kind: "valid", value } : NO_RATING);
      const outcome = await client.ask({ thingID }, { read, operation: operationOf(thingID) });
      if (outcome.kind === "ok") return outcome.value;
      throw new Error(outcome.kind === "error" ? outcome.message : outcome.reason);
    },
  };
}
