// The stops of the tour: the steps of the walk from 1 on, for a person with one terminal and a browser. A stop shows what
// it has to show on one page, or by one change of an instance.

import {
  allHaveFailed,
  leavesOut,
  noneIsThere,
  onlyFrom,
  opensBreaker,
  type PageClaim,
  survives,
  turnsAmong,
} from "./claims.ts";
import {
  type Condition,
  isForeign,
  killed,
  noneBesides,
  paused,
  single,
  type TourView,
  working,
} from "./conditions.ts";
import { closedBy, isDead, isHanging, isSilent, isWorking, present, type Scene } from "./scene.ts";
import { type StepId, stepOf, type WalkStep } from "./walk.ts";

export interface Stop {
  readonly step: WalkStep;
  /** The introduction, line by line. */
  readonly intro: readonly string[];
  /** The tour waits for the first of them that does not hold. */
  readonly conditions: readonly Condition[];
  readonly goal: Goal;
  /** Why the whole stop is passed on arrival; undefined: it is not. */
  readonly past?: (scene: Scene) => string | undefined;
  /** Why this stop can no longer be shown, whenever that is so. */
  readonly moot?: (scene: Scene) => string | undefined;
  /** Why its first number is passed on arrival. */
  readonly firstDone?: (scene: Scene) => string | undefined;
  /** Its fault is there: else who goes back, or resumes, goes to the stop before it. */
  readonly isReady?: (scene: Scene) => boolean;
  /** Instances that run before it, for a tour that resumes here. */
  readonly needs: readonly number[];
}

export type Goal =
  | {
      readonly kind: "page";
      readonly claim: PageClaim;
      /** What the person does in the browser, and before it where the tour cannot know whether it is done. */
      readonly ask: (view: TourView) => string;
    }
  /** The conditions hold. */
  | { readonly kind: "change"; readonly claim: (scene: Scene) => string };

const LOAD = "Load it in your browser.";
const page = (claim: PageClaim, ask: (view: TourView) => string = () => LOAD): Goal => ({ kind: "page", claim, ask });
const when = (holds: boolean, why: string): string | undefined => (holds ? why : undefined);

const STOP_OF: readonly (Omit<Stop, "step"> & { readonly id: StepId })[] = [
  {
    id: "market",
    intro: ["The Market is open, and looks for ratings: four things, four prices."],
    conditions: [noneBesides()],
    goal: page(noneIsThere),
    past: (scene) => when(present(scene).length > 0, `Ratings instances run already (${present(scene).join(", ")})`),
    needs: [],
  },
  {
    id: "three",
    intro: [
      "Each is a process of its own. None is listed anywhere: they send heartbeats on the bus, and the Market receives them.",
    ],
    conditions: [working(1, 2, 3)],
    goal: page(turnsAmong(1, 2, 3)),
    firstDone: (scene) => when(areWorking(scene, 1, 2, 3), "instances 1, 2, 3 work already"),
    needs: [],
  },
  {
    id: "none",
    intro: ["The worst case first: the whole service goes away."],
    conditions: [noneBesides()],
    goal: page(allHaveFailed),
    firstDone: (scene) => when(present(scene).length === 0, "no instance runs"),
    needs: [1, 2, 3],
  },
  {
    id: "one",
    intro: ["An instance sends a heartbeat as soon as it starts: the Market need not search for it."],
    conditions: [noneBesides(1), working(1)],
    goal: page(onlyFrom(1)),
    firstDone: (scene) => when(areWorking(scene, 1) && present(scene).length === 1, "instance 1 works already"),
    needs: [],
  },
  {
    id: "two",
    intro: ["From now on two share the work."],
    conditions: [working(1, 2)],
    goal: page(turnsAmong(1, 2)),
    firstDone: (scene) => when(areWorking(scene, 1, 2), "instances 1, 2 work already"),
    needs: [1],
  },
  {
    id: "pause",
    intro: [
      "The nastiest fault: the process is there, its connection is there, and it answers nothing.",
      "The page that is loaded then pays for the discovery, with one second. It is the only one.",
    ],
    conditions: [single(2), working(1, 2), paused(2)],
    goal: page(opensBreaker(2), (view) =>
      isForeign(view, 2) ? "Pause instance 2 with ^Z where it runs, and load the page in your browser." : LOAD,
    ),
    past: (scene) => when(isHanging(scene, 2), "instance 2 hangs already, and its breaker is open"),
    needs: [1, 2],
  },
  {
    id: "again",
    intro: [
      "Instance 2 hangs. The board shows its state and the reason; or, in another terminal:",
      "  bin/dwc explain ratings/2",
    ],
    conditions: [working(1)],
    goal: page(leavesOut(2), () => "Load it again in your browser, within thirty seconds."),
    moot: (scene) => when(!isHanging(scene, 2), "instance 2 does not hang any more"),
    isReady: (scene) => isHanging(scene, 2),
    needs: [1, 2],
  },
  {
    id: "resume",
    intro: ["A process that continues sends a heartbeat at once. It drops requests whose callers no longer wait."],
    conditions: [working(2)],
    goal: { kind: "change", claim: recovery },
    past: (scene) =>
      isWorking(scene, 2)
        ? "instance 2 takes calls already"
        : when(!isHanging(scene, 2) && !isSilent(scene, 2), "instance 2 does not hang, so it need not be continued"),
    isReady: (scene) => isHanging(scene, 2),
    needs: [1, 2],
  },
  {
    id: "both",
    intro: ["An instance whose breaker has closed gets one call at a time until it has answered one."],
    conditions: [working(1, 2)],
    goal: page(turnsAmong(1, 2)),
    needs: [1, 2],
  },
  {
    id: "kill",
    intro: ["A dead process is not a hung one: within a millisecond the bus knows that it has no subscriber."],
    conditions: [single(2), working(1, 2), killed(2)],
    goal: page(survives(2), (view) =>
      isForeign(view, 2)
        ? "Kill instance 2 with  kill -9  and the pid that it printed at its start, and load the page in your browser."
        : LOAD,
    ),
    past: (scene) => when(isDead(scene, 2), "the Market has noticed already that instance 2 is dead"),
    needs: [1, 2],
  },
];

export const STOPS: readonly Stop[] = STOP_OF.map(({ id, ...stop }) => ({ ...stop, step: stepOf(id) }));

function areWorking(scene: Scene, ...instances: readonly number[]): boolean {
  return instances.every((instance) => isWorking(scene, instance));
}

function recovery(scene: Scene): string {
  switch (closedBy(scene, 2)) {
    case "heartbeat":
      return "A heartbeat newer than the failure has closed the breaker of instance 2.";
    case "retest succeeded":
      return "Instance 2 has answered a retest, and its breaker is closed.";
    default:
      return "Instance 2 takes calls again.";
  }
}

/** The last stop up to `stop` whose fault is there. A tour that goes back, or resumes, begins there. */
export function readyStop(stop: number, scene: Scene): number {
  for (let index = stop; index > 0; index -= 1) if (STOPS[index]?.isReady?.(scene) ?? true) return index;
  return 0;
}
