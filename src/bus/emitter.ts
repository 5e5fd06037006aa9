// Listeners of a bus.

import { callSafely, Emitter } from "../util/emitter.ts";
import type { Report } from "../util/throttle.ts";
import type { BusStatus, Message } from "./bus.ts";

/** A handler that throws must not stop the read loop, and one that rejects must not crash the process. */
export function dispatchSafely(
  message: Message,
  receive: (message: Message) => unknown,
  onError: (subject: string, error: unknown) => void,
): void {
  callSafely(receive, message, (error) => onError(message.subject, error));
}

/**
 * A user's `report`, which may throw or reject, as one that never does. A message that it fails to take goes to stderr.
 */
export const safely =
  (report: (message: string) => unknown): Report =>
  (message) =>
    callSafely(report, message, () => console.error(message));

/** The status of a bus, which emits its changes. */
export class StatusEmitter {
  readonly #emitter: Emitter<BusStatus>;
  #status: BusStatus = "disconnected";

  constructor(onError: (status: BusStatus, error: unknown) => void) {
    this.#emitter = new Emitter((error, status) => onError(status, error));
  }

  get status(): BusStatus {
    return this.#status;
  }

  watch(listener: (status: BusStatus) => void): () => void {
    return this.#emitter.watch(listener);
  }

  /** Emits the status if it is new. A closed bus stays closed. */
  set(status: BusStatus): void {
    if (status === this.#status || this.#status === "closed") return;
    this.#status = status;
    this.#emitter.emit(status);
  }
}
