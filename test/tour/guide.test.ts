// The tour's state machine without programs: explanations, tasks and actions, line by line.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beginAt, explain, guide, type TourAct, type TourEvent, type TourStep } from "../../src/tour/guide.ts";
import type { Stop } from "../../src/tour/stop.ts";
import { resumeStop, STOPS } from "../../src/tour/stops.ts";

const tour = suite("the tour");

const two: readonly Stop[] = [
  {
    title: "first",
    intro: [],
    tasks: [
      { ask: "start it", actions: [{ do: "start", instances: [1] }], until: [/joined/, /is up/] },
      { ask: "load it", actions: [{ do: "load" }], until: [/^GOT/] },
    ],
    learnt: "one",
    needs: [],
  },
  {
    title: "second",
    intro: [],
    tasks: [{ ask: "again", actions: [{ do: "load" }], until: [/^BAD/] }],
    learnt: "two",
    needs: [],
  },
];
const line = (text: string): TourEvent => ({ kind: "line", text });
const settled: TourEvent = { kind: "settled" };
const helpRequested: TourEvent = { kind: "help-requested" };
const stalled: TourEvent = { kind: "stalled" };

function after(...events: readonly TourEvent[]): { readonly kinds: readonly string[]; readonly last: TourStep } {
  let last = beginAt(two, 0);
  const acts: TourAct[] = [];
  for (const event of events) {
    last = guide(two, last.place, event);
    acts.push(...last.acts);
  }
  return { kinds: acts.map(({ kind }) => kind), last };
}

tour("goes on when all lines of a task have come, in any order, and the output has settled", () => {
  assert.equal(after(line("is up"), settled).kinds, []);
  assert.equal(after(line("is up"), line("joined")).kinds, []);
  assert.equal(after(line("is up"), line("joined"), settled).kinds, ["ask"]);
});

tour("does what it is asked to do, and the rest of the same stop, but not the next one", () => {
  const done = after(helpRequested, line("is up"), line("joined"), settled, line("GOT x"), settled);
  assert.equal(done.kinds, ["do", "do", "explain", "learnt", "stop", "ask"]);
  assert.is(done.last.place.stop, 1);
  assert.is(done.last.place.helping, false);
});

tour("loads the page again when it came at an unlucky moment, and only then", () => {
  const second = [helpRequested, line("is up"), line("joined"), settled];
  assert.equal(after(...second, line("BAD x"), stalled).kinds, ["do", "do", "do"]);
  assert.equal(after(...second, line("GOT x"), stalled).kinds, ["do", "do", "explain"]);
  assert.equal(after(helpRequested, stalled).kinds, ["do"], "what was started is on its way");
});

tour("asks a person to load the page again, once for each page that came at an unlucky moment", () => {
  const asks = (...events: readonly TourEvent[]): number =>
    after(line("is up"), line("joined"), settled, ...events).kinds.filter((kind) => kind === "ask").length;
  const page = line("WAITED 3 ms");
  assert.is(asks(stalled, stalled), 1, "a person may take their time");
  assert.is(asks(line("BAD x"), page, stalled, stalled), 2);
  assert.is(asks(page, stalled, page, stalled), 3);
});

tour("can be asked again, when the first time changed nothing", () => {
  assert.equal(after(helpRequested, settled, helpRequested).kinds, ["do", "do"]);
});

tour("explains each kind of line once", () => {
  assert.equal(after(line("GOT a: 1"), line("GOT b: 2")).kinds, ["explain"]);
});

tour("explains what comes before the first stop, and not once more within it", () => {
  const started =
    "INFO:bus:- nothing answered at nats://127.0.0.1:4222: started nats-server there (pid 1), which stops";
  const { explained, acts } = explain(started, new Set());
  assert.equal(
    acts.map(({ kind }) => kind),
    ["explain"],
  );
  assert.equal(explain(started, explained).acts, []);
  assert.equal(guide(two, beginAt(two, 0, explained).place, line(started)).acts, []);
});

tour("a line from before a task does not count for it", () => {
  assert.equal(after(line("GOT a"), line("is up"), line("joined"), settled, settled).kinds, ["explain", "ask"]);
});

tour("is over after its last stop", () => {
  const { place } = beginAt(two, 1);
  const come = guide(two, guide(two, place, line("BAD x: y")).place, settled);
  assert.equal(
    come.acts.map(({ kind }) => kind),
    ["learnt", "over"],
  );
  assert.equal(guide(two, come.place, helpRequested).acts, []);
});

tour("every task says how one sees that it has happened", () => {
  for (const stop of STOPS) for (const task of stop.tasks) assert.ok(task.until.length > 0, task.ask);
});

tour("is taken up where the fault that a stop needs can be made again", () => {
  assert.equal(
    STOPS.map((_, stop) => STOPS[resumeStop(stop)]?.title === STOPS[stop]?.title),
    [true, true, true, true, true, true, false, false, true],
  );
  assert.is(STOPS[resumeStop(7)]?.title, "One hangs");
});

tour.run();
