// The faults, each the same for all. A fault notes when it began, when its repair began and when it was over; what became of the calls is for
// score.js to read.

import { pause } from "./crew.js";

const VICTIM = 2;
/** A process that is stopped, a bus that is away, an event loop that is held: long enough that every call out is over. */
const STALL_MS = 3_000;
const AWAY_MS = 3_000;
const BETWEEN_RESTARTS_MS = 2_000;

export const FAULTS = [
  {
    name: "1 of 2 paused (SIGSTOP)",
    strike: async (stage, watchMs) => {
      const beganAt = Date.now();
      stage.signal(VICTIM, "SIGSTOP");
      await pause(watchMs.fault);
      const repairAt = Date.now();
      stage.signal(VICTIM, "SIGCONT");
      await pause(watchMs.after);
      return { beganAt, repairAt, overAt: repairAt };
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
    // An error is an answer to ours and to NATS micro, who go on asking; moleculer's breaker counts it.
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
    // While the bus is away nobody can ask: what counts is how long after it is back.
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
    // The fault is the caller's own: nobody is to blame, and no instance is to be left out afterwards.
    name: "the caller stalls for 3 s",
    strike: async (stage, watchMs) => {
      const beganAt = Date.now();
      await stage.caller.tell({ do: "stall", forMs: STALL_MS });
      const overAt = Date.now();
      await pause(watchMs.after);
      return { beganAt, repairAt: overAt, overAt };
    },
  },
];
