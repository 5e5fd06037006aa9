// The first connection of a client's bus. A service calls others as soon as it starts, and its connection takes some
// milliseconds more. So a call that is made before the first connection waits for it, within its own time. Once a bus was
// connected, a call fails at once while it is away: its caller can use what it has, instead of waiting for an outage to end.

import { type Bus, untilConnected } from "../bus/bus.ts";
import type { Cancel } from "../clock.ts";
import { onAbort } from "./abort-listeners.ts";
import type { ResolvedClientOptions } from "./client-options.ts";

type Options = Pick<ResolvedClientOptions, "bus" | "clock" | "guard" | "beforeConnected">;

export class FirstConnection {
  readonly #options: Options;
  #isAwaited: boolean;
  #stopWatching: Cancel = () => undefined;
  /** Of calls that wait, each ends its wait. */
  readonly #waits = new Set<() => void>();

  constructor(options: Options) {
    const { bus, beforeConnected } = options;
    this.#options = options;
    this.#isAwaited = beforeConnected === "wait" && bus.status === "disconnected";
    if (this.#isAwaited) this.#stopWatching = bus.watch((status) => status !== "disconnected" && this.#stop());
  }

  /** Whether a call would wait now. A login that is denied stays denied. */
  get isAwaited(): boolean {
    return this.#isAwaited && !isDenied(this.#options.bus);
  }

  /** Calls do not wait any more, and those that do stop. */
  close(): void {
    this.#stop();
    for (const endWait of this.#waits) endWait();
  }

  #stop(): void {
    this.#isAwaited = false;
    this.#stopWatching();
  }

  /**
   * Resolves with the first connection, and without one once the time is over, the bus or the client is closed, or `signal` is
   * aborted.
   */
  async wait(limitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { bus, clock, guard } = this.#options;
    const connected = untilConnected(bus, { clock, limitMs });
    let endWait = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      endWait = resolve;
    });
    this.#waits.add(endWait);
    const endWatch = signal && guard.run("signal", () => onAbort(signal, endWait), undefined);
    await Promise.race([connected, ended]);
    this.#waits.delete(endWait);
    guard.run("signal", () => endWatch?.(), undefined);
  }
}

const isDenied = ({ lastFailure }: Bus): boolean => lastFailure?.isDenial === true;
