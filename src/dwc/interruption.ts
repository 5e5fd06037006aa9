// Handles ^C while dwc waits for a bus. The change is already in the state folder, so dwc prints its result before it
// exits.

import { readBusAddress } from "../bus/core/bus-address.ts";
import type { SyncResult } from "./core/bus-shapes.ts";
import { syncResultOf } from "./core/obedience.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const WHY = "dwc was interrupted before it said so";

export class Interruption {
  #signal: NodeJS.Signals | undefined;

  /** The result of the sync; "unknown" for every address if a signal arrives first. */
  during(asking: () => Promise<SyncResult>, urls: readonly string[]): Promise<SyncResult> {
    return new Promise((resolve, reject) => {
      const interrupt = (signal: NodeJS.Signals): void => {
        this.#signal = signal;
        resolve(syncResultOf(urls.map((url) => ({ ...UNKNOWN, url: readBusAddress(url).shown }))));
      };
      if (this.#signal !== undefined) return interrupt(this.#signal);
      for (const signal of SIGNALS) process.on(signal, interrupt);
      asking()
        .then(resolve, reject)
        .finally(() => {
          for (const signal of SIGNALS) process.off(signal, interrupt);
        });
    });
  }

  /** Ends the process by the received signal, if there was one. Call it after all output is written. */
  end(): void {
    if (this.#signal === undefined) return;
    for (const signal of SIGNALS) process.removeAllListeners(signal);
    process.kill(process.pid, this.#signal);
  }
}

const UNKNOWN = { kind: "unknown", reason: "silent", why: WHY } as const;
