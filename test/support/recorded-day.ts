// A recorded random run of the balancer: it contains every kind of input, and breakers open.

import { HEARTBEAT_STATES, type HeartbeatState } from "../../src/health/heartbeat.ts";
import { RESULTS } from "../../src/health/result.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import { Recorder } from "../../src/record/core/recorder.ts";
import { beatOf, DEFAULT_RULES } from "./health-harness.ts";
import { SeededRandom } from "./seeded-random.ts";

const INCARNATIONS = ["1-a", "1-b", "2-a", "3-a", "4-a"] as const;
const JUMPS_MS = [0.25, 5, 200, 1000, 1500, 31_000, 400_000] as const;
const INTERVAL_MS = 15_000;
const BEGUN = { at: 12.5, wallMs: 1_704_067_200_000 };

/** The lines of a day of `steps` events; the last says that it ended. */
export function recordedDay(seed: number, steps: number): readonly string[] {
  const lines: string[] = [];
  const dice = new SeededRandom(seed);
  const recorder = new Recorder((line) => lines.push(line));
  const rules = { ...DEFAULT_RULES, maxIncarnations: 4 };
  const { tracker, resolver } = recorder.open(BEGUN, "ratings", rules, dice.random);
  const out: Ticket[] = [];
  const unchecked: Ticket[] = [];
  let now = BEGUN.at;
  let seq = 0;
  const acts = [
    () => {
      const incarnation = dice.pick(INCARNATIONS);
      const state: HeartbeatState = dice.chance(0.9) ? "up" : dice.pick(HEARTBEAT_STATES);
      const beat = { incarnation, state, seq: ++seq, intervalMs: INTERVAL_MS };
      tracker.onHeartbeat(beatOf(Number.parseInt(incarnation, 10), beat), now);
    },
    () => {
      const some = (share: number): Set<string> => new Set<string>(INCARNATIONS.filter(() => dice.chance(share)));
      const [excluded, deprioritized] = [some(0.1), some(0.05)];
      const turn = resolver.next(now, dice.chance(0.2) ? { idempotent: false } : { excluded, deprioritized });
      out.push(...[turn.call ?? [], turn.retests, turn.newcomerProbes].flat());
    },
    () => {
      const [ticket] = out.splice(dice.below(out.length + 1), 1);
      if (ticket === undefined) return;
      const result = dice.pick(["timeout", "timeout", "answered", "answered", ...RESULTS] as const);
      tracker.settle(ticket, result, now);
      if (result === "unchecked") unchecked.push(ticket);
    },
    () => {
      const ticket = unchecked.shift();
      if (ticket !== undefined) tracker.recordCheck(ticket, unchecked.length % 2 === 0 ? "answered" : "invalid", now);
      tracker.tick(now);
    },
    () => {
      now += dice.pick(JUMPS_MS);
    },
    () => {
      if (dice.chance(0.1)) recorder.stalled(1234.5, now);
      else if (dice.chance(0.2)) dice.chance(0.5) ? tracker.freezeLeases(now) : tracker.resumeLeases(now);
    },
  ];
  for (let step = 0; step < steps; step++) dice.pick(acts)();
  recorder.end("the Market ended", now);
  return lines;
}
