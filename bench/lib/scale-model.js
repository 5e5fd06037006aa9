// A model of many callers and instances, from the prices that were measured: of a heartbeat for its caller, and of its
// delivery for the server.

import { shown } from "./statistics.js";

const CALLERS = [10, 100, 1_000];
const INSTANCES = [10, 100, 1_000, 10_000];
/** Each instance sends one heartbeat in every interval, a fifth earlier on average by its jitter. */
const INTERVAL_S = 15;
const MEAN_SHARE = 0.9;
/** An instance answers so many roll calls at once, and so many in each second after that (src/util/token-bucket.ts). */
const ROLL_CALL_BURST = 100;

/** Prices in cores per heartbeat a second, of the stage with the most heartbeats. */
export function pricesOf(stages) {
  const busiest = stages.reduce((most, one) => (one.heartbeatsPerSecond > most.heartbeatsPerSecond ? one : most));
  const { callers, heartbeatsPerSecond, callerShare, serverShare, bytes } = busiest;
  return {
    caller: (callerShare * callers) / heartbeatsPerSecond,
    server: serverShare / heartbeatsPerSecond,
    bytes,
  };
}

export function modelOf(callers, instances, prices) {
  const perCaller = instances / (INTERVAL_S * MEAN_SHARE);
  const delivered = perCaller * callers;
  const answers = Math.min(callers, ROLL_CALL_BURST);
  return {
    ...{ callers, instances, delivered },
    callerShare: perCaller * prices.caller,
    serverCores: delivered * prices.server,
    bytes: instances * prices.bytes,
    /** Each caller calls the roll, and each heartbeat is delivered to all callers. */
    restartDeliveries: instances * answers * callers,
    restartServerSeconds: instances * answers * callers * prices.server,
    restartCallerSeconds: instances * answers * prices.caller,
  };
}

export function modelTable(stages) {
  const prices = pricesOf(stages);
  const rows = CALLERS.flatMap((callers) => INSTANCES.map((instances) => modelOf(callers, instances, prices)));
  const head =
    "| callers | instances | heartbeats/s on the bus | a caller's share of a core | cores of the server | memory of a caller | deliveries after a restart | that is, of the server | and of each caller |";
  const lines = rows.map((row) =>
    [
      ...["", row.callers, shown(row.instances), shown(row.delivered), `${shown(row.callerShare * 100)} %`],
      ...[shown(row.serverCores), `${shown(row.bytes / 1024)} KiB`, shown(row.restartDeliveries)],
      ...[`${shown(row.restartServerSeconds)} core s`, `${shown(row.restartCallerSeconds)} core s`, ""],
    ]
      .join(" | ")
      .trim(),
  );
  const us = (cores) => shown(cores * 1e6);
  const said = `Model: a heartbeat costs its caller ${us(prices.caller)} µs and the server ${us(prices.server)} µs for each delivery.`;
  return [said, "", head, "| --- ".repeat(9).concat("|"), ...lines].join("\n");
}
