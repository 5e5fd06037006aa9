// The status of a bus and who is told of its changes. Both buses use it.

import type { BusStatus } from "./bus.ts";

export class StatusEmitter {
  readonly #blame: (status: BusStatus, error: unknown) => void;
  readonly #watchers = new Set<(status: BusStatus) => unknown>();
  #status: BusStatus = "away";

  /** @param blame told of a listener that throws or rejects: it must neither end the bus nor keep it from the others */
  constructor(blame: (status: BusStatus, error: unknown) => void) {
    this.#blame = blame;
  }

  get status(): BusStatus {
    return this.#status;
  }

  watch(listener: (status: BusStatus) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /** Tells everyone, if it is a change; a closed bus changes no more. */
  set(status: BusStatus): void {
    if (status === this.#status || this.#status === "closed") return;
    this.#status = status;
    for (const tell of [...this.#watchers]) this.#tell(tell, status);
  }

  #tell(tell: (status: BusStatus) => unknown, status: BusStatus): void {
    try {
      const returned = tell(status);
      if (returned instanceof Promise) returned.catch((error: unknown) => this.#blame(status, error));
    } catch (error) {
      this.#blame(status, error);
    }
  }
}
