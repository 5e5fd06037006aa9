// The readiness of an instance, as the function `ready` of its user says: false while a cache loads, or while its
// database is away.
//
// An instance that is not ready publishes no heartbeat, and replies 503 to what arrives, so that the call goes on to another
// instance. Its callers take it for one that leaves, until its next heartbeat. A heartbeat that says `draining` was
// rejected: it is a goodbye, and final.

import type { Cancel, Clock } from "../clock.ts";
import { shownOption } from "../util/options.ts";
import type { Guard } from "./guard.ts";

/** How often `ready` is called. A call before each request was rejected: it may be slow. */
const POLL_MS = 250;

export class Readiness {
  readonly #ready: (() => boolean) | undefined;
  readonly #clock: Clock;
  readonly #guard: Guard;
  #isReady: boolean;
  #stop: Cancel = () => {};

  /** @param ready undefined: always */
  constructor(ready: (() => boolean) | undefined, clock: Clock, guard: Guard) {
    this.#ready = ready;
    this.#clock = clock;
    this.#guard = guard;
    this.#isReady = this.#read();
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** @param onReady is called when it has become ready */
  watch(onReady: () => void): void {
    if (this.#ready === undefined) return;
    this.#stop = this.#clock.every(POLL_MS, () => {
      const before = this.#isReady;
      this.#isReady = this.#read();
      if (this.#isReady && !before) onReady();
    });
  }

  stop(): void {
    this.#stop();
  }

  /** One that throws is not ready. */
  #read(): boolean {
    const ready = this.#ready;
    return ready === undefined || this.#guard.run("ready", () => this.#checked(ready()), false);
  }

  #checked(answer: unknown): boolean {
    if (typeof answer === "boolean") return answer;
    this.#guard.watch("ready", answer);
    throw new TypeError(`it returned ${shownOption(answer)} in place of true or false`);
  }
}
