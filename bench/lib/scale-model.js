// A model of many callers and instances, from the prices that were measured: of a heartbeat for its caller, and of its
// delivery for the server. It computes the rules of today, and those before them.

import { intervalForSize, RATE_LIMIT_PER_SECOND } from "../../dist/src/health/heartbeat-rate.js";
import { shown } from "./statistics.js";

const CALLERS = [10, 100, 1_000];
const INSTANCES = [10, 100, 1_000, 10_000];
const INTERVAL_MS = 15_000;
const MS_PER_S = 1_000;
/** Jitter: a heartbeat comes a tenth of the interval sooner on average. */
const MEAN_SHARE = 0.9;

const perSecond = (instances, intervalMs) => (instances * MS_PER_S) / (intervalMs * MEAN_SHARE);

/** One interval for all, and each roll call was answered, up to a hundred at once. */
const BEFORE = {
  heartbeats: (instances) => perSecond(instances, INTERVAL_MS),
  copies: (callers) => Math.min(callers, 100),
};

/** `copies`: each heartbeat of a restart once for each caller, the least that is possible. */
const NOW = {
  heartbeats: (instances) => {
    const promised = (instances * MS_PER_S) / INTERVAL_MS;
    const isTooOften = promised > RATE_LIMIT_PER_SECOND;
    return perSecond(instances, isTooOften ? intervalForSize(instances, INTERVAL_MS) : INTERVAL_MS);
  },
  copies: () => 1,
};

/** Prices in cores per heartbeat a second, of the stage with the most heartbeats. */
function pricesOf(stages) {
  const busiest = stages.reduce((most, one) => (one.heartbeatsPerSecond > most.heartbeatsPerSecond ? one : most));
  const { callers, heartbeatsPerSecond, callerShare, serverShare, bytes } = busiest;
  return {
    caller: (callerShare * callers) / heartbeatsPerSecond,
    server: serverShare / heartbeatsPerSecond,
    bytes,
  };
}

function computed(callers, instances, prices, rules) {
  const perCaller = rules.heartbeats(instances);
  const copies = rules.copies(callers);
  return {
    delivered: perCaller * callers,
    callerShare: perCaller * prices.caller,
    serverCores: perCaller * callers * prices.server,
    /** Each heartbeat is delivered to all callers. */
    restartDeliveries: instances * copies * callers,
    restartServerSeconds: instances * copies * callers * prices.server,
    restartCallerSeconds: instances * copies * prices.caller,
  };
}

/** @returns the prices, and a row for each number of callers and instances: as it was `before`, and `now` */
export function modelOf(stages) {
  const prices = pricesOf(stages);
  const rows = CALLERS.flatMap((callers) =>
    INSTANCES.map((instances) => ({
      ...{ callers, instances, bytes: instances * prices.bytes },
      before: computed(callers, instances, prices, BEFORE),
      now: computed(callers, instances, prices, NOW),
    })),
  );
  return { prices, rows };
}

const HEAD = [
  ...["callers", "instances", "heartbeats/s on the bus", "a caller's share of a core", "cores of the server"],
  ...["memory of a caller", "deliveries after a restart", "that is, of the server", "and of each caller"],
];

export function modelTable(stages) {
  const { prices, rows } = modelOf(stages);
  const us = (cores) => shown(cores * 1e6);
  const said = `Model: a heartbeat costs its caller ${us(prices.caller)} µs and the server ${us(prices.server)} µs for each delivery. Where two figures stand, the first is without the rules above. After a restart, the second is the least possible: each heartbeat once for each caller. The stages above had up to ${shown(Math.max(...stages.map(({ copies }) => copies)))}.`;
  const lines = rows.map((row) => `| ${cellsOf(row).join(" | ")} |`);
  return [said, "", `| ${HEAD.join(" | ")} |`, `${"| --- ".repeat(HEAD.length)}|`, ...lines].join("\n");
}

function cellsOf({ callers, instances, bytes, before, now }) {
  const both = (of) => (of(before) === of(now) ? of(now) : `${of(before)} → ${of(now)}`);
  return [
    ...[callers, shown(instances), both(({ delivered }) => shown(delivered))],
    both(({ callerShare }) => `${shown(callerShare * 100)} %`),
    both(({ serverCores }) => shown(serverCores)),
    `${shown(bytes / 1024)} KiB`,
    both(({ restartDeliveries }) => shown(restartDeliveries)),
    both(({ restartServerSeconds }) => `${shown(restartServerSeconds)} core s`),
    both(({ restartCallerSeconds }) => `${shown(restartCallerSeconds)} core s`),
  ];
}
