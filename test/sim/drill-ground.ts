// The setting of a drill: a bus and processes on a timeline of their own, where only the drill acts. So the expected
// events are known to the millisecond.

import { SeededRandom } from "../support/seeded-random.ts";
import { Process } from "./actors.ts";
import type { PropertyName } from "./properties.ts";
import { DELAY_MS, Server } from "./server.ts";
import { type Settle, Timeline } from "./timeline.ts";

export type Breaks = (property: PropertyName, detail: string) => void;

/** The service of a drill. */
export const DRILL = "drill";
/** A question and its answer take so long at most: four ways, and the turns in which they are read. */
export const ROUND_MS = 4 * DELAY_MS.most + 1;
/** Nothing in a drill is waited for longer. */
const MAX_MS = 80_000;

export class Ground {
  readonly timeline = new Timeline();
  readonly server: Server;
  readonly dice: SeededRandom;
  readonly #settle: Settle;
  readonly #breaks: Breaks;
  #seed: number;
  isBroken = false;

  constructor(seed: number, settle: Settle, breaks: Breaks) {
    this.#seed = seed;
    this.#settle = settle;
    this.#breaks = breaks;
    this.dice = new SeededRandom(this.deal());
    this.server = new Server(this.timeline, new SeededRandom(this.deal()), 1);
  }

  get now(): number {
    return this.timeline.now;
  }

  deal(): number {
    this.#seed += 1;
    return this.#seed;
  }

  process(name: string): Process {
    return new Process(name, { kind: "instances", place: 0 }, this.deal(), this.server);
  }

  async pass(ms: number): Promise<void> {
    await this.#settle();
    await this.timeline.run(this.now + ms, this.#settle, () => false);
  }

  /** The value of a promise, once the time that it takes has passed. */
  async get<T>(promise: Promise<T>, withinMs: number = MAX_MS): Promise<T> {
    let got: { readonly value: T } | undefined;
    void promise.then((value) => {
      got = { value };
    });
    await this.#settle();
    if (got === undefined) await this.timeline.run(this.now + withinMs, this.#settle, () => got !== undefined);
    if (got === undefined) throw new Error("what a drill waits for does not come");
    return (got as { readonly value: T }).value;
  }

  /** A number from `least` to `most`, now and then one of the two themselves. */
  between(least: number, most: number): number {
    const { dice } = this;
    return dice.chance(1 / 4) ? dice.pick([least, most]) : least + dice.below(most - least + 1);
  }

  breaks(property: PropertyName, detail: string): void {
    this.isBroken = true;
    this.#breaks(property, `in a drill: ${detail}`);
  }

  /** Breaks the property unless the reported value is the expected one. */
  same(property: PropertyName, what: string, said: unknown, known: unknown): void {
    const [one, other] = [JSON.stringify(said) ?? "nothing", JSON.stringify(known) ?? "nothing"];
    if (one !== other) this.breaks(property, `${what}: said was ${one}, known is ${other}`);
  }

  holds(property: PropertyName, what: string, isSo: boolean): void {
    if (!isSo) this.breaks(property, what);
  }
}

/** A scene on a ground. Most of its checks hold one property. */
export abstract class Scene {
  protected readonly ground: Ground;
  protected readonly dice: SeededRandom;
  readonly #property: PropertyName;

  constructor(ground: Ground, property: PropertyName) {
    this.ground = ground;
    this.dice = ground.dice;
    this.#property = property;
  }

  protected get now(): number {
    return this.ground.now;
  }

  protected pass(ms: number): Promise<void> {
    return this.ground.pass(ms);
  }

  protected get<T>(promise: Promise<T>): Promise<T> {
    return this.ground.get(promise);
  }

  protected same(what: string, said: unknown, known: unknown): void {
    this.ground.same(this.#property, what, said, known);
  }

  protected holds(what: string, isSo: boolean): void {
    this.ground.holds(this.#property, what, isSo);
  }
}
