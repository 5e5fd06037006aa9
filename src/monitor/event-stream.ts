// The events as they happened, numbered from 1 and the last few hundred kept: who was away for a moment asks for what
// came after the last one he saw, and is told when that is no longer known. Memory is bounded, whatever happens.

import type { EventName } from "../monitor/event-names.ts";

/** One event as it goes out, over HTTP and to a terminal alike. */
export interface EventRecord {
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
const CAPACITY = 500;

export class EventStream {
  readonly #kept: EventRecord[] = [];
  readonly #capacity: number;
  readonly #listeners = new Set<(event: EventRecord) => void>();
  #lastId = 0;

  constructor(capacity: number = CAPACITY) {
    this.#capacity = capacity;
  }

  /** The number of the latest event; 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  add(event: Omit<EventRecord, "id">): void {
    this.#lastId += 1;
    const seen = { id: this.#lastId, ...event };
    this.#kept.push(seen);
    // Cut in halves and not one by one: moving a whole array for each event would cost more than the event.
    if (this.#kept.length >= this.#capacity * 2) this.#kept.splice(0, this.#kept.length - this.#capacity);
    for (const listener of this.#listeners) listener(seen);
  }

  /** What came after event `id`, the oldest first, at most `most` of the newest. */
  after(id: number, limit: number = this.#capacity): readonly EventRecord[] {
    // A number that we have not given yet is one of an earlier run of this program: all is new.
    const first = id > this.#lastId ? 0 : id;
    const newest = this.#kept.slice(-Math.min(limit, this.#capacity));
    return newest.filter((event) => event.id > first);
  }

  /** @returns stops it */
  listen(listener: (event: EventRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
