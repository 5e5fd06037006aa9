// takes: 15 s
// Random walks over the guide of the tour: a person types, pauses, kills, loads pages and presses keys in any order. Every
// claim is so, the tour always says what it waits for, and a person who does what it says comes to its end.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TourAct } from "../../src/tour/core/guide.ts";
import { STOPS } from "../../src/tour/core/stops.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { checkClaim } from "./claim-oracle.ts";
import { type Incarnation, TourWorld } from "./tour-world.ts";

const tour = suite("random walks through the tour");

const WALKS = 300;
const MAX_ACTS = 40;
/** What a person needs at most for the rest of the tour, doing what it says: five acts for each stop. */
const MAX_FOLLOWED = STOPS.length * 5 + 20;
/** After the last line the tour says within this time what it waits for. */
const QUIET_MS = 600;
const INSTANCES = [1, 2, 3, 4] as const;

/** A person at the terminal: what they have read, and what the last text was. */
class Person {
  readonly chance: SeededRandom;
  readonly world: TourWorld;
  prompt = "";
  keys = "";
  lastKind = "";
  readonly shown: string[] = [];

  constructor(seed: number) {
    this.chance = new SeededRandom(seed);
    this.world = new TourWorld(this.chance, (act) => this.#read(act));
  }

  #read(act: TourAct): void {
    if (act.kind !== "say") return;
    const { kind, text } = act.say;
    this.shown.push(text);
    this.lastKind = kind;
    if (kind === "waiting") this.prompt = text;
    if (kind === "keys") this.keys = text;
    if (kind === "learnt" || /^(Passed|Not yet|\d+ is passed): /.test(text))
      checkClaim(text, this.world.page, this.world);
    this.#checkOwnership(text);
  }

  /** Of an instance that the tour has started it never says to stop or to end it elsewhere. */
  #checkOwnership(text: string): void {
    for (const [, instances = ""] of text.matchAll(/(?:End|Pause|Kill) instances? ([\d, ]+?) with/g))
      for (const instance of instances.split(", ").map(Number))
        assert.is(this.world.living(instance, "tour"), undefined, `the tour has started it: ${text}`);
  }
}

type Act = (person: Person) => void;
const any = ({ chance, world }: Person, suits: (one: Incarnation) => boolean): Incarnation | undefined => {
  const found = world.all.filter((one) => one.process !== "ended" && suits(one));
  return found.length === 0 ? undefined : chance.pick(found);
};
const withOne =
  (suits: (one: Incarnation) => boolean, act: (world: TourWorld, one: Incarnation) => void): Act =>
  (person) => {
    const one = any(person, suits);
    if (one !== undefined) act(person.world, one);
  };
const key =
  (name: Parameters<TourWorld["key"]>[0]): Act =>
  ({ world }) =>
    world.key(name);
const isForeign = ({ owner }: Incarnation): boolean => owner === "person";
const anyOne = (): boolean => true;

const ACTS: readonly Act[] = [
  ...[key("enter"), key("enter"), key("enter"), key("enter"), key("skip"), key("back"), key("other")],
  ...([({ world }) => world.load(), ({ world }) => world.load()] satisfies Act[]),
  // The first ^C asks; another key goes on.
  ({ world }) => {
    world.key("interrupt");
    world.key("other");
  },
  ({ world, chance }) => world.start(chance.pick(INSTANCES), "person"),
  withOne(
    ({ owner, process }) => owner === "person" && process === "running",
    (world, one) => world.end(one),
  ),
  withOne(isForeign, (world, one) => world.pause(one)),
  withOne(isForeign, (world, one) => world.resume(one)),
  withOne(anyOne, (world, one) => world.kill(one)),
  // kill -STOP and kill -CONT, from another terminal.
  withOne(anyOne, (world, one) => world.pause(one)),
  withOne(anyOne, (world, one) => world.resume(one)),
  ({ world, chance }) => world.stopAndGoOn(chance.pick([100, 3_000, 40_000])),
];
const PAUSES_MS = [0, 100, 300, 600, 600, 1_500, 3_000, 12_000, 35_000];

/** Does what the last prompt says. */
function follow({ world, prompt, keys }: Person): void {
  const foreign = (instance: number): Incarnation | undefined => world.living(instance, "person");
  const numbers = (text = ""): readonly number[] => text.split(", ").map(Number);
  const [, ended] = /End instances? ([\d, ]+) with \^C/.exec(prompt) ?? [];
  if (ended !== undefined)
    for (const instance of numbers(ended)) {
      const one = foreign(instance);
      if (one !== undefined) world.resume(one);
      if (one !== undefined) world.end(one);
    }
  for (const [, instance] of prompt.matchAll(/nstance (\d+) is (?:silent|open): continue it with/g)) {
    const one = foreign(Number(instance));
    if (one !== undefined) world.resume(one);
  }
  if (prompt.includes("End one of them with ^C")) withForeign(world, 2, (one) => world.end(one));
  if (prompt.includes("Pause instance 2 with ^Z")) withForeign(world, 2, (one) => world.pause(one));
  if (prompt.includes("Kill instance 2 with")) withForeign(world, 2, (one) => world.kill(one));
  if (keys.startsWith("Enter ")) world.key("enter");
}

function withForeign(world: TourWorld, instance: number, act: (one: Incarnation) => void): void {
  const one = world.all.find(
    (each) => each.instance === instance && each.owner === "person" && each.process === "running",
  );
  if (one !== undefined) act(one);
}

function walk(seed: number): Person {
  const person = new Person(seed);
  const { world, chance } = person;
  if (chance.chance(0.3)) world.start(chance.pick(INSTANCES), "person");
  world.wait(500);
  world.send({ kind: "begin", stop: chance.chance(0.7) ? 0 : chance.below(STOPS.length) });
  const acts = chance.below(MAX_ACTS);
  for (let act = 0; act < acts && !world.isOver; act += 1) {
    chance.pick(ACTS)(person);
    world.wait(chance.pick(PAUSES_MS));
  }
  for (let act = 0; act < MAX_FOLLOWED && !world.isOver; act += 1) {
    // Long enough for a page with a timeout; at times long enough for the lease of a paused instance.
    world.wait(chance.pick([2_500, 3_000, 12_000, 35_000]));
    while (!world.isOver && world.now - world.state.changedAtMs < QUIET_MS) world.wait(QUIET_MS);
    if (world.isOver) break;
    assert.ok(
      ["waiting", "keys"].includes(person.lastKind),
      `it does not say what it waits for: ${person.shown.at(-1)}`,
    );
    follow(person);
  }
  return person;
}

tour("no order of events leads to a dead end, or to a claim that is not so", () => {
  for (let seed = 1; seed <= WALKS; seed += 1) {
    let person: Person | undefined;
    try {
      person = walk(seed);
    } catch (error) {
      throw new Error(`walk ${seed}: ${error instanceof Error ? error.message : error}`);
    }
    const { world, shown } = person;
    assert.ok(
      world.isFinished,
      `walk ${seed} does not end: ${shown.slice(-12).join(" | ")}\n${JSON.stringify(world.all)}`,
    );
  }
});

tour.run();
