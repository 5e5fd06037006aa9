// The events as they happened, numbered from 1 and the last few hundred kept: who was away for a moment asks for what
// came after the last one he saw, and is told when that is no longer known. Memory is bounded, whatever happens.

import type { EventName } from "./event-names.ts";

/** One event as it goes out, over HTTP and to a terminal alike. */
export interface SeenEvent {
  readonly id: number;
  /** Epoch ms. */
  readonly at: number;
  readonly name: EventName;
  readonly level: string;
  /** The line of the log, without its head. */
  readonly text: string;
  /** The instance that it is about, if it is about one. */
  readonly instance?: number;
  readonly incarnation?: string;
}

/** A quarter of a megabyte; at twenty of a kind in a second, which is as many as are told, still half a minute. */
const MOST_KEPT = 500;

export class EventStream {
  readonly #kept: SeenEvent[] = [];
  readonly #mostKept: number;
  readonly #listeners = new Set<(event: SeenEvent) => void>();
  #lastId = 0;

  constructor(mostKept: number = MOST_KEPT) {
    this.#mostKept = mostKept;
  }

  /** The number of the latest event; 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  add(event: Omit<SeenEvent, "id">): void {
    this.#lastId += 1;
    const seen = { id: this.#lastId, ...event };
    this.#kept.push(seen);
    // Cut in halves and not one by one: moving a whole array for each event would cost more than the event.
    if (this.#kept.length >= this.#mostKept * 2) this.#kept.splice(0, this.#kept.length - this.#mostKept);
    for (const listener of this.#listeners) listener(seen);
  }

  /** What came after event `id`, the oldest first, at most `most` of the newest. */
  after(id: number, most: number = this.#mostKept): readonly SeenEvent[] {
    // A number that we have not given yet is one of an earlier run of this program: all is new.
    const first = id > this.#lastId ? 0 : id;
    const newest = this.#kept.slice(-Math.min(most, this.#mostKept));
    return newest.filter((event) => event.id > first);
  }

  /** @returns stops it */
  listen(listener: (event: SeenEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
