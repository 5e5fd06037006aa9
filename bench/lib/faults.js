// The faults, the same for all contestants. Each records its start, the start of its repair, and its end. score.js
// reads the results of the calls.

import { OURS } from "../contestants/all.js";
import { pause } from "./crew.js";
import { startLiar } from "./liar.js";

const VICTIM = 2;
/** Duration of a stopped process, a bus away, or a blocked event loop: long enough that every pending call ends. */
const STALL_MS = 3_000;
const AWAY_MS = 3_000;
const BETWEEN_RESTARTS_MS = 2_000;
/** In time for every contestant, and far from what its answers took before. */
const SLOW_MS = 600;

/** Instance 2 is paused, and goes on. */
async function pauseOne(stage, watchMs) {
  const beganAt = Date.now();
  stage.signal(VICTIM, "SIGSTOP");
  await pause(watchMs.fault);
  const repairAt = Date.now();
  stage.signal(VICTIM, "SIGCONT");
  await pause(watchMs.after);
  return { beganAt, repairAt, overAt: repairAt };
}

/** Nothing breaks, for as long as a fault lasts. */
async function watchOn(watchMs) {
  const beganAt = Date.now();
  await pause(watchMs.fault);
  const overAt = Date.now();
  return { beganAt, repairAt: overAt, overAt };
}

/**
 * `setting`: where it is not fifty calls a second of one caller to two instances (stage.js).
 * `only`: the fault does not exist for the others. `isCalm`: no instance is away, so none comes back.
 */
export const FAULTS = [
  { name: "1 of 2 paused (SIGSTOP)", strike: pauseOne },
  { name: "1 of 2 paused, 5 calls/s", setting: { everyMs: 200 }, strike: pauseOne },
  { name: "1 of 2 paused, a page of four calls every 0.8 s", setting: { everyMs: 800, burst: 4 }, strike: pauseOne },
  { name: "1 of 3 paused, ten callers at 50 calls/s", setting: { instances: 3, callers: 10 }, strike: pauseOne },
  {
    name: "1 of 3 paused, ten callers at 1 call/s",
    setting: { instances: 3, callers: 10, everyMs: 1_000 },
    strike: pauseOne,
  },
  {
    name: "1 of 2 answers after 600 ms",
    strike: async (stage, watchMs) => {
      const beganAt = Date.now();
      await stage.delay(VICTIM, SLOW_MS);
      await pause(watchMs.fault);
      const repairAt = Date.now();
      await stage.delay(VICTIM, 0);
      await pause(watchMs.after);
      return { beganAt, repairAt, overAt: repairAt };
    },
  },
  {
    name: "an operation of 900 ms, one call in ten",
    setting: { slowEvery: 10 },
    isCalm: true,
    strike: (_stage, watchMs) => watchOn(watchMs),
  },
  {
    name: "a client warns of all 3 instances every second",
    setting: { instances: 3 },
    only: [OURS],
    isCalm: true,
    strike: async (stage, watchMs) => {
      const stop = await startLiar(stage.url);
      try {
        return await watchOn(watchMs);
      } finally {
        await stop();
      }
    },
  },
  {
    name: "1 of 2 killed (SIGKILL)",
    strike: async (stage, watchMs) => {
      const beganAt = Date.now();
      await stage.kill(VICTIM);
      await pause(watchMs.fault);
      const repairAt = Date.now();
      await stage.start(VICTIM);
      const overAt = Date.now();
      await pause(watchMs.after);
      return { beganAt, repairAt, overAt };
    },
  },
  {
    // Ours and NATS micro treat an error as an answer and go on calling; moleculer's breaker counts it.
    name: "1 of 2 restarted, answers 500s",
    strike: async (stage, watchMs) => {
      const beganAt = Date.now();
      await stage.leave(VICTIM);
      await stage.kill(VICTIM);
      await stage.start(VICTIM, true);
      await pause(watchMs.after);
      const repairAt = Date.now();
      await stage.leave(VICTIM);
      await stage.kill(VICTIM);
      await stage.start(VICTIM);
      const overAt = Date.now();
      await pause(watchMs.after);
      return { beganAt, repairAt, overAt };
    },
  },
  {
    name: "rolling restart of both",
    strike: async (stage, watchMs) => {
      const beganAt = Date.now();
      for (const number of [1, 2]) {
        await stage.leave(number);
        await stage.kill(number);
        await stage.start(number);
        await pause(BETWEEN_RESTARTS_MS);
      }
      const overAt = Date.now();
      await pause(watchMs.after);
      return { beganAt, repairAt: overAt, overAt };
    },
  },
  {
    // While the bus is away no call is possible: the score is the time after its return.
    name: "bus restarted, 3 s away",
    strike: async (stage, watchMs) => {
      const beganAt = Date.now();
      await stage.endBus();
      await pause(AWAY_MS);
      const repairAt = Date.now();
      await stage.startBus();
      const overAt = Date.now();
      await pause(watchMs.after);
      return { beganAt, repairAt, overAt };
    },
  },
  {
    // The fault is the caller's own: no instance is to blame, and none may be excluded afterwards.
    name: "the caller stalls for 3 s",
    strike: async (stage, watchMs) => {
      const beganAt = Date.now();
      await stage.caller.send({ do: "stall", forMs: STALL_MS });
      const overAt = Date.now();
      await pause(watchMs.after);
      return { beganAt, repairAt: overAt, overAt };
    },
  },
];
