// The one time of a simulation, and its events in order. Between two events every promise that can settle has settled,
// as between two turns of a real loop.

/**
 * At one moment a loop runs its timers, then reads its sockets, then does what waited for the reading. What the server
 * does runs no code of ours: no promise has to settle after it.
 */
export const PHASES = { timer: 0, server: 1, socket: 2, afterIoPoll: 3 } as const;
type Phase = (typeof PHASES)[keyof typeof PHASES];

export interface Entry {
  readonly atMs: number;
  readonly phase: Phase;
  readonly order: number;
  /** Undefined once it is called off. */
  act: (() => void) | undefined;
}

/** Lets promises settle. Handed in, so that a test can compare the quick way with the sure one. */
export type Settle = () => Promise<void>;

/**
 * Turns of the queue of promises that are given to each event. The longest chain in our code takes five: with four, one
 * day in nine was another; a chain that took more would go on after the next event, the same in every run.
 */
const TURNS = 8;

/** A turn of the real loop would do and takes three times as long; a test holds this one to that. */
export const settleQuickly: Settle = async () => {
  for (let turn = 0; turn < TURNS; turn++) await undefined;
};

export class Timeline {
  now = 0;
  /** How many have happened. */
  count = 0;
  readonly #heap: Entry[] = [];
  #made = 0;

  at(atMs: number, phase: Phase, act: () => void): Entry {
    this.#made += 1;
    const entry: Entry = { atMs: Math.max(atMs, this.now), phase, order: this.#made, act };
    this.#push(entry);
    return entry;
  }

  /** Runs the events due until `untilMs`, or until `stop` returns true after one. */
  async run(untilMs: number, settle: Settle, stop: () => boolean): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#pop();
      const { act } = next;
      if (act === undefined) continue;
      this.now = next.atMs;
      this.count += 1;
      act();
      if (next.phase !== PHASES.server) await settle();
      if (stop()) return;
    }
    this.now = Math.max(this.now, untilMs);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      const [left, right] = [heap[below], heap[below + 1]];
      if (left === undefined) break;
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (child === right) below += 1;
      if (!isBefore(child, last)) break;
      heap[place] = child;
      place = below;
    }
    heap[place] = last;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  if (one.atMs !== other.atMs) return one.atMs < other.atMs;
  return one.phase === other.phase ? one.order < other.order : one.phase < other.phase;
}
