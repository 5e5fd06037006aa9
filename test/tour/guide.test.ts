// The guide of the tour without programs: what it prints and does for reports, keys and time.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Activity, PageReport, StateEvent } from "../../src/activity/core/activity.ts";
import type { Owned } from "../../src/tour/core/actions.ts";
import {
  FIRST_STATE,
  guide,
  OVERDUE_MS,
  type TourAct,
  type TourEvent,
  type TourKey,
} from "../../src/tour/core/guide.ts";
import { EMPTY_SCENE, observe } from "../../src/tour/core/scene.ts";
import { STOPS } from "../../src/tour/core/stops.ts";
import type { Reported } from "./tour-world.ts";

const tour = suite("the tour");

const THINGS = ["camera", "basketball", "briefcase", "football"];
const who = (instance: number) => ({
  ...{ service: "ratings", instance, incarnation: `${instance}-a`, address: `ratings.get.${instance}-a` },
});
const state = (event: StateEvent): Reported => ({ kind: "state", event });
const joined = (instance: number): Reported => state({ kind: "joined", who: who(instance) });
const left = (instance: number): Reported => state({ kind: "left", who: who(instance) });
const open2 = state({ kind: "opened", who: who(2), why: "request timed out", retestInMs: 30_000 });
const close2 = state({ kind: "closed", who: who(2), why: "heartbeat" });

let pages = 0;
const pageOf = (changes: Partial<PageReport>): readonly Reported[] => {
  const number = ++pages;
  const things = THINGS.map((thing) => ({ thing }));
  const page: PageReport = {
    number,
    visitor: "person",
    waitedMs: 3,
    calls: [],
    things,
    opened: [],
    dead: [],
    ...changes,
  };
  return [
    { kind: "page begun", number, visitor: page.visitor },
    { kind: "page", page },
  ];
};
/** Each thing has a call; where the turns end, all services are down. */
const page = (...turns: readonly number[]): readonly Reported[] =>
  pageOf({
    calls: turns,
    things: THINGS.map((thing, index) => (index < turns.length ? { thing } : { thing, why: "all services are down" })),
  });

class Guided {
  state = FIRST_STATE;
  now = 0;
  readonly acts: TourAct[] = [];
  readonly #readingMs: number | undefined;

  constructor(stop: number, readingMs?: number) {
    this.#readingMs = readingMs;
    this.send({ kind: "begin", stop });
    this.wait(500);
  }

  send(event: TourEvent): this {
    const { state, acts } = guide(this.state, event, this.now, { readingMs: this.#readingMs });
    this.state = state;
    this.acts.push(...acts);
    return this;
  }

  report(...reports: readonly Reported[]): this {
    for (const one of reports)
      this.send({
        kind: "activity",
        activity: { at: this.now, ...one } as Activity,
        isShown: one.kind !== "page begun",
      });
    return this;
  }

  market(...reports: readonly Reported[]): this {
    return this.report(...reports).wait(500);
  }

  key(key: TourKey): this {
    return this.send({ kind: "key", key }).wait(500);
  }

  done(owned: Owned): this {
    return this.send({ kind: "done", owned }).wait(500);
  }

  wait(ms: number): this {
    for (const until = this.now + ms; this.now < until; ) {
      this.now += 100;
      this.send({ kind: "tick" });
    }
    return this;
  }

  /** Texts of this kind, since the last call. */
  texts(kind: string): readonly string[] {
    return this.acts.splice(0).flatMap((act) => (act.kind === "say" && act.say.kind === kind ? [act.say.text] : []));
  }

  does(): readonly TourAct[] {
    return this.acts.splice(0).filter(({ kind }) => kind === "do");
  }
}

const stopNamed = (id: string): number => STOPS.findIndex(({ step }) => step.id === id);
const running = (...instances: readonly number[]): Owned => new Map(instances.map((instance) => [instance, "running"]));

tour("goes on when the page has shown what it had to, and the output has settled", () => {
  const guided = new Guided(0).report(...page());
  assert.equal(guided.texts("learnt"), []);
  assert.match(
    guided.wait(500).texts("learnt").join(),
    /^The Market knows that no instance runs: it called none, and waited 3 ms/,
  );
});

tour("claims only what that very page shows, and says what another page did", () => {
  const guided = new Guided(stopNamed("two")).market(joined(1), joined(2));
  assert.equal(
    guided
      .market(...page(1, 1, 1, 1))
      .texts("note")
      .slice(-1),
    ["Not yet: that page called instance 1, and got 4 of 4 ratings."],
  );
  assert.equal(guided.market(...page(2, 1, 2, 1)).texts("learnt"), [
    "All 4 ratings are fresh, and the instances took turns: 2, 1, 2, 1.",
  ]);
});

tour("fg before the page: says of 13 and 14 that they are passed, and makes no claim about them", () => {
  const guided = new Guided(stopNamed("two")).market(joined(1), joined(2), ...page(1, 2, 1, 2));
  const things = THINGS.map((thing, index) => (index % 2 === 0 ? { thing } : { thing, why: "request timed out" }));
  const [begun, ended] = pageOf({ calls: [1, 2, 1, 2], things, opened: [2], waitedMs: 1_001 });
  guided.market(...[begun, open2, ended].flatMap((one) => one ?? []));
  assert.match(guided.texts("heading").join(), "13 of 15");
  guided.market(close2);
  assert.equal(guided.texts("note"), [
    "Passed: 13 of 15: No second wait: instance 2 does not hang any more.",
    "Passed: 14 of 15: It wakes up: instance 2 takes calls already.",
  ]);
  assert.equal(guided.market(...page(1, 2, 1, 2)).texts("learnt"), [
    "All 4 ratings are fresh, and the instances took turns: 1, 2, 1, 2.",
  ]);
});

tour("says which instance it waits for, and after a while how long it has waited", () => {
  const guided = new Guided(stopNamed("three")).market(joined(1), joined(2), ...page(1, 2, 1, 2));
  const [last = ""] = guided.texts("waiting").slice(-1);
  assert.is(
    last,
    "3. Waiting for instance 3 (instances 1, 2 work). In another terminal:  make startRatings INSTANCE=3",
  );
  assert.match(guided.wait(OVERDUE_MS).texts("waiting").join(), /^3\. Still waiting for instance 3 .*, after 1\d s\. /);
  assert.equal(guided.wait(OVERDUE_MS).texts("waiting"), [], "once is enough");
});

tour("an instance of its own is paused at a key, another where it runs", () => {
  const own = new Guided(stopNamed("two"))
    .market(joined(1), joined(2))
    .done(running(1, 2))
    .market(...page(1, 2, 1, 2));
  assert.equal(own.texts("waiting").slice(-1), ["11. Waiting for instance 2 to hang."]);
  own.key("enter");
  assert.equal(own.does(), [{ kind: "do", actions: [{ do: "pause", instance: 2 }] }]);
  const foreign = new Guided(stopNamed("two")).market(joined(1), joined(2), ...page(1, 2, 1, 2));
  assert.match(foreign.texts("waiting").join(), "Pause instance 2 with ^Z where it runs, and load the page");
});

tour("the first ^C asks, any other key goes on, and the second ends", () => {
  const guided = new Guided(0).key("interrupt");
  assert.match(guided.texts("note").join(), /^End the tour\? \^C again ends it/);
  assert.equal(guided.key("enter").does(), [], "the key has answered the question");
  guided.key("interrupt").key("interrupt");
  assert.equal(guided.acts.slice(-1), [{ kind: "end", isFinished: false }]);
  const early = guide(FIRST_STATE, { kind: "key", key: "interrupt" }, 0, { readingMs: undefined });
  assert.is(early.state.isLeaving, true, "also while the programs start");
});

tour("s skips, b goes back, and to a fault that is gone only where it can be made again", () => {
  const guided = new Guided(0).key("skip").key("skip");
  assert.match(guided.texts("heading").slice(-1).join(), "5, 6 of 15");
  assert.match(guided.key("back").texts("heading").join(), "3, 4 of 15");
  assert.match(guided.key("back").key("back").texts("note").slice(-1).join(), "This is the first stop.");
  const later = new Guided(stopNamed("both"));
  assert.match(later.key("back").texts("heading").slice(-1).join(), "11, 12 of 15");
});

tour("a tour that resumes begins where the fault of a stop can be made again", () => {
  const headings = ["again", "resume", "both", "three"].map((id) => new Guided(stopNamed(id)).texts("heading")[0]);
  assert.equal(
    headings.map((heading) => heading?.split(" of ")[0]),
    ["11, 12", "11, 12", "15", "3, 4"],
  );
});

tour("AUTO presses Enter after the time to read, again after some seconds, and passes what does not succeed", () => {
  const guided = new Guided(stopNamed("three"), 1_000);
  assert.equal(guided.does(), []);
  assert.is(guided.wait(1_500).does().length, 1);
  for (let press = 0; press < 8; press += 1) guided.done(new Map()).wait(6_000);
  assert.match(
    guided.texts("note").join(),
    "Passed: 3, 4 of 15: Three instances: nothing came of it after 8 attempts.",
  );
});

tour("is over after its last stop", () => {
  const guided = new Guided(stopNamed("kill")).key("skip");
  assert.equal(guided.acts.slice(-1), [{ kind: "end", isFinished: true }]);
});

tour("a page is waited for from its beginning to its end; two at the same time are two", () => {
  const at = 0;
  const read = (...reports: readonly Reported[]) =>
    reports.map((one) => ({ at, ...one }) as Activity).reduce(observe, EMPTY_SCENE);
  const [one, other] = [page(1, 2, 1, 2), page(2, 1, 2, 1)];
  assert.equal([read(...one.slice(0, 1)).page, read(...one.slice(0, 1)).loading.length], [undefined, 1]);
  assert.equal([read(...one).page?.calls, read(...one).loading], [[1, 2, 1, 2], []]);
  const both = read(...one.slice(0, 1), ...other, ...one.slice(1));
  assert.equal([both.page?.got.length, both.loading.length], [4, 0]);
  assert.is(read(joined(1), left(1), joined(1)).incarnations.length, 1, "what has ended is forgotten");
});

tour("pages of shoppers are not the person's, and no line interrupts for them", () => {
  const guided = new Guided(0);
  const prompts = guided.texts("waiting").length;
  for (const one of pageOf({ visitor: "shopper" }).slice(1))
    guided.send({ kind: "activity", activity: { at: guided.now, ...one } as Activity, isShown: false });
  guided.wait(500);
  assert.equal([prompts, guided.texts("learnt"), guided.texts("note"), guided.texts("waiting")], [1, [], [], []]);
});

tour("each kind of line is explained once", () => {
  const guided = new Guided(0).market(joined(1), joined(2), ...page(1, 2, 1, 2), ...page(1, 2, 1, 2));
  assert.equal(guided.texts("explained"), [
    "its first heartbeat has arrived: it is one process, with its own address on the bus",
    "the arrows are the page's calls, one for each rating: each goes to the next instance that can take it",
  ]);
  for (const text of ["ASK for camera", "ASK for football"]) guided.send({ kind: "line", text });
  assert.equal(guided.texts("explained"), ["the page wants this rating"], "a line of VERBOSE=1");
});

tour.run();
