// The latest events, numbered from 1. A client that reconnects reads the events after the last one that it has. If
// those are no longer all kept, the first id that it gets shows the gap. Memory is bounded.

import type { EventName } from "./events.ts";

/** An event, over HTTP and in a terminal. */
export interface EventRecord {
  readonly id: number;
  /** Epoch ms. */
  readonly at: number;
  readonly name: EventName;
  readonly level: string;
  /** The line of the log, without level and logger. */
  readonly text: string;
  /** Absent when the event is not about one instance. */
  readonly instance?: number;
  readonly incarnation?: string;
}

/** A quarter of a megabyte. The rate limit admits twenty events of a name in a second: then these are half a minute. */
const CAPACITY = 500;

export class EventStream {
  readonly #kept: EventRecord[] = [];
  readonly #capacity: number;
  readonly #listeners = new Set<(event: EventRecord) => void>();
  #lastId = 0;

  constructor(capacity: number = CAPACITY) {
    this.#capacity = capacity;
  }

  /** The id of the latest event. 0: there is none. */
  get lastId(): number {
    return this.#lastId;
  }

  add(event: Omit<EventRecord, "id">): void {
    this.#lastId += 1;
    const record = { id: this.#lastId, ...event };
    this.#kept.push(record);
    // Half of the array is dropped at once: moving all of it for each event would cost more than the event.
    if (this.#kept.length >= this.#capacity * 2) this.#kept.splice(0, this.#kept.length - this.#capacity);
    for (const listener of this.#listeners) listener(record);
  }

  /** The events after event `id`, the oldest first, at most `limit` of the newest. */
  after(id: number, limit: number = this.#capacity): readonly EventRecord[] {
    // A higher id than the latest is from an earlier run of this program. Every event is newer.
    const first = id > this.#lastId ? 0 : id;
    const newest = this.#kept.slice(-Math.min(limit, this.#capacity));
    return newest.filter((event) => event.id > first);
  }

  /** @returns stops the calls of `listener` */
  listen(listener: (event: EventRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
