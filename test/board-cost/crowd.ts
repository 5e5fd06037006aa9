// A thousand instances in one process: they beat, and answer whatever they are asked. Started by board-cost.ts, as a
// process of its own, so that what it costs is not counted as the Market's.

import { connect } from "nats";

const [url = "", wanted = ""] = process.argv.slice(2);
const COUNT = Number(wanted);
const INTERVAL_MS = 15_000;
/** Beats are spread over the interval, as those of real instances are. */
const STEP_MS = 100;
const STEPS = INTERVAL_MS / STEP_MS;
const RATINGS: Readonly<Record<string, number>> = { camera: 4.5, basketball: 2.1, briefcase: 3.5, football: 2.2 };

const bus = await connect({ servers: url });
let seq = 0;

function beat(instance: number): void {
  const incarnation = `${instance}-crowd${String(instance).padStart(7, "0")}`;
  const address = `ratings.get.${incarnation}`;
  seq += 1;
  const said = {
    service: "ratings",
    instance,
    incarnation,
    address,
    seq,
    intervalMs: INTERVAL_MS,
    state: "up",
    version: "1",
  };
  bus.publish(`health.ratings.${incarnation}`, JSON.stringify(said));
}

bus.subscribe("ratings.get.*", {
  callback: (_, message) => {
    const { thingID } = message.json<{ thingID: string }>();
    message.respond(JSON.stringify({ thingID, rating: RATINGS[thingID] ?? 0 }));
  },
});
for (let instance = 1; instance <= COUNT; instance++) beat(instance);
await bus.flush();
let step = 0;
setInterval(() => {
  for (let instance = 1 + (step % STEPS); instance <= COUNT; instance += STEPS) beat(instance);
  step += 1;
}, STEP_MS);
console.log("crowd: all of them beat");
