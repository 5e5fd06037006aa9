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

  constructor(options: Options) {
    const { bus, beforeConnected } = options;
    this.#options = options;
    this.#isAwaited = beforeConnected === "wait" && bus.status === "disconnected";
    if (this.#isAwaited) this.#stopWatching = bus.watch(() => this.close());
  }

  /** Whether a call would wait now. A login that is denied stays denied. */
  get isAwaited(): boolean {
    return this.#isAwaited && !isDenied(this.#options.bus);
  }

  /** Calls do not wait any more. */
  close(): void {
    this.#isAwaited = this.#options.bus.status === "disconnected";
    if (!this.#isAwaited) this.#stopWatching();
  }

  /** Resolves with the first connection, and without one once the time is over, the bus is closed or `signal` is aborted. */
  async wait(limitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { bus, clock, guard } = this.#options;
    const connected = untilConnected(bus, { clock, limitMs });
    if (signal === undefined) {
      await connected;
      return;
    }
    let endWatch: Cancel | undefined;
    const aborted = new Promise<void>((resolve) => {
      endWatch = guard.run("signal", () => onAbort(signal, resolve), undefined);
    });
    await Promise.race([connected, aborted]);
    guard.run("signal", () => endWatch?.(), undefined);
  }
}

const isDenied = ({ lastFailure }: Bus): boolean => lastFailure?.isDenial === true;
