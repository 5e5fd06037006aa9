// Listeners. One that throws or rejects is reported; it neither ends its caller nor keeps an event from the others.

import type { BusStatus, Message } from "./bus.ts";

/** Calls `listener`, and passes what it throws or rejects with to `onError`. */
function callSafely<T>(listener: (given: T) => unknown, given: T, onError: (error: unknown, given: T) => void): void {
  try {
    const returned = listener(given);
    if (returned instanceof Promise) returned.catch((error: unknown) => onError(error, given));
  } catch (error) {
    onError(error, given);
  }
}

/** A handler that throws must not stop the read loop, and one that rejects must not crash the process. */
export function dispatchSafely(
  message: Message,
  receive: (message: Message) => unknown,
  onError: (subject: string, error: unknown) => void,
): void {
  callSafely(receive, message, (error) => onError(message.subject, error));
}

export class Emitter<T> {
  readonly #onError: (error: unknown, event: T) => void;
  readonly #listeners = new Set<(event: T) => unknown>();

  constructor(onError: (error: unknown, event: T) => void) {
    this.#onError = onError;
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** @returns removes the listener */
  watch(listener: (event: T) => unknown): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: T): void {
    for (const listener of [...this.#listeners]) callSafely(listener, event, this.#onError);
  }
}

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
