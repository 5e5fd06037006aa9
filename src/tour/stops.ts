// The stops of the tour: the walk of README, for a person with one terminal and a browser.

import type { Stop, Task } from "./stop.ts";

const load = (...until: readonly RegExp[]): Task => ({
  ask: "Load the page in your browser.",
  actions: [{ do: "load" }],
  until,
});
const joined = (instance: number): RegExp => new RegExp(`ratings instance ${instance} (joined|returned): `);
const using = (instance: number): RegExp => new RegExp(`ratings using instance ${instance}: `);

export const STOPS: readonly Stop[] = [
  {
    title: "A shop without Ratings instances",
    intro: ["The Market is open, and no Ratings instance runs: four things, four prices, no stars."],
    tasks: [load(/^BAD camera: all services are down/)],
    learnt: "The Market knows that no instance runs. It showed the page without stars, and without waiting.",
    needs: [],
  },
  {
    title: "Three instances",
    intro: [
      "Each is a process of its own. None is listed anywhere: they send heartbeats on the bus, and the Market receives them.",
    ],
    tasks: [
      {
        ask: "Start them, in another terminal:  make startRatings COUNT=3",
        actions: [{ do: "start", instances: [1, 2, 3] }],
        until: [joined(1), joined(2), joined(3)],
      },
      load(/^GOT camera: /, /^GOT football: /),
    ],
    learnt: "All four ratings are there, marked fresh, and the instances took turns.",
    needs: [],
  },
  {
    title: "All of them fail",
    intro: ["The worst case first: the whole service goes away."],
    tasks: [
      {
        ask: "End them, with ^C where they run.",
        actions: [{ do: "end", instances: [1, 2, 3] }],
        until: [/instance 1 left: /, /instance 2 left: /, /instance 3 left: /],
      },
      load(/^BAD camera: all services are down/),
    ],
    learnt: "The ratings stay on the page, marked last known with their age. An old rating is worth more than none.",
    needs: [1, 2, 3],
  },
  {
    title: "One comes back",
    intro: ["An instance sends a heartbeat as soon as it starts: the Market need not search for it."],
    tasks: [
      {
        ask: "Start it, in another terminal:  make startRatings INSTANCE=1",
        actions: [{ do: "start", instances: [1] }],
        until: [joined(1)],
      },
      load(using(1), /^GOT camera: /),
    ],
    learnt: "Every call went to instance 1, and every rating is fresh again.",
    needs: [],
  },
  {
    title: "And a second",
    intro: ["From now on two share the work."],
    tasks: [
      {
        ask: "Start it, in a third terminal:  make startRatings INSTANCE=2",
        actions: [{ do: "start", instances: [2] }],
        until: [joined(2)],
      },
      load(using(1), using(2), /^GOT camera: /),
    ],
    learnt: "They take turns: each has answered two of the four calls.",
    needs: [1],
  },
  {
    title: "One hangs",
    intro: [
      "The nastiest fault: the process is there, its connection is there, and it says nothing.",
      "The page that is loaded now pays for the discovery, with one second. It is the only one.",
    ],
    tasks: [
      {
        ask: "Pause instance 2 with ^Z where it runs, and load the page.",
        actions: [{ do: "pause", instance: 2 }, { do: "load" }],
        until: [/OPEN breaker on \[ratings at nats:ratings\.get\.2-/, /^BAD \w+: request timed out/],
      },
    ],
    learnt: "The breaker of instance 2 is open. Two ratings are last known; the page is whole.",
    needs: [1, 2],
  },
  {
    title: "No second wait",
    intro: [
      "Instance 2 still hangs. The board shows its state and the reason; or, in another terminal:",
      "  bin/dwc explain ratings/2",
    ],
    tasks: [
      { ...load(using(1), /^GOT camera: /, /^GOT football: /), ask: "Load the page again, within thirty seconds." },
    ],
    learnt: "All four calls went to instance 1. Instance 2 gets no calls, so the page did not wait.",
    needs: [1, 2],
  },
  {
    title: "It wakes up",
    intro: ["A process that continues sends a heartbeat at once. It drops requests whose callers no longer wait."],
    tasks: [
      {
        ask: "Continue instance 2 with  fg  where it was paused.",
        actions: [{ do: "resume", instance: 2 }],
        until: [/CLOSE breaker on \[ratings at nats:ratings\.get\.2-/],
      },
      load(using(1), using(2), /^GOT camera: /),
    ],
    learnt: "A heartbeat newer than the failure closed the breaker, and both instances take turns again.",
    needs: [1, 2],
  },
  {
    title: "One is killed",
    intro: ["A dead process is not a hung one: within a millisecond the bus knows that it has no subscriber."],
    tasks: [
      {
        ask: "Kill instance 2 with  kill -9  and the pid that it printed at its start, and load the page.",
        actions: [{ do: "kill", instance: 2 }, { do: "load" }],
        until: [/instance 2 lost: /, /^GOT camera: /, /^GOT football: /],
      },
    ],
    learnt: "The same calls went on to instance 1. No shopper noticed.",
    needs: [1, 2],
  },
];

/** The stop at which a tour left at `stop` resumes. A stop that needs an earlier one's fault resumes at that one. */
export const resumeStop = (stop: number): number => (NEEDS_A_PAUSED_ONE.has(stop) ? HANGS : stop);

const HANGS = STOPS.findIndex(({ title }) => title === "One hangs");
const NEEDS_A_PAUSED_ONE: ReadonlySet<number> = new Set([HANGS + 1, HANGS + 2]);
