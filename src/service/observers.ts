// Those who observe a client: metrics, a monitor, the listeners of its options. None of them can break a call.

import type { Cancel } from "../clock.ts";
import type { Trace } from "../trace/core/trace.ts";
import type { AttemptOutcome, CallEnd, ClientEvent } from "./client-options.ts";
import type { Guard } from "./guard.ts";

/** Sees all calls of a client: for metrics and logs. */
export interface ClientObserver {
  /** Every event of the client. `trace`: of the call that caused it. */
  readonly onEvent?: ((event: ClientEvent, trace?: Trace) => void) | undefined;
  /** The end of every attempt, while its caller waits. It should only count. */
  readonly onAttempt?: ((ended: AttemptOutcome) => void) | undefined;
  /** The end of every call. */
  readonly onCall?: ((ended: CallEnd) => void) | undefined;
}

type Guarded = { readonly [Name in keyof ClientObserver]-?: NonNullable<ClientObserver[Name]> };

export class Observers {
  readonly #guard: Guard;
  /** Replaced by each change: an observer may add or remove observers while it is called. */
  #added: readonly Guarded[] = [];
  readonly #own: Pick<Guarded, "onEvent" | "onAttempt">;

  /** @param own the listeners of the client's options, guarded */
  constructor(own: Pick<Guarded, "onEvent" | "onAttempt">, guard: Guard) {
    this.#own = own;
    this.#guard = guard;
  }

  /** @returns removes the observer */
  add({ onEvent, onAttempt, onCall }: ClientObserver): Cancel {
    const guarded: Guarded = {
      onEvent: this.#guard.listener("onEvent", onEvent),
      onAttempt: this.#guard.listener("onAttempt", onAttempt),
      onCall: this.#guard.listener("onCall", onCall),
    };
    this.#added = [...this.#added, guarded];
    return () => {
      this.#added = this.#added.filter((one) => one !== guarded);
    };
  }

  /** False: the ends of calls need not be followed. */
  get areAny(): boolean {
    return this.#added.length > 0;
  }

  readonly onEvent = (event: ClientEvent, trace?: Trace): void => {
    this.#own.onEvent(event, trace);
    for (const observer of this.#added) observer.onEvent(event, trace);
  };

  readonly onAttempt = (ended: AttemptOutcome): void => {
    this.#own.onAttempt(ended);
    for (const observer of this.#added) observer.onAttempt(ended);
  };

  onCall(ended: CallEnd): void {
    for (const observer of this.#added) observer.onCall(ended);
  }
}
