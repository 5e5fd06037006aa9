// ^C while a bus is asked. The change is in the state folder by then, so its result is printed before the process ends.

import { readBusAddress } from "../bus/core/bus-address.ts";
import type { SyncResult } from "./core/bus-shapes.ts";
import { syncResultOf } from "./core/obedience.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const WHY = "dwc was interrupted before it said so";

export class Interruption {
  #signal: NodeJS.Signals | undefined;

  /** What the buses at these addresses say, or that it is not known, where a signal comes first. */
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

  /** Ends the process by the signal that came, if one did: to be called once all is written. */
  end(): void {
    if (this.#signal === undefined) return;
    for (const signal of SIGNALS) process.removeAllListeners(signal);
    process.kill(process.pid, this.#signal);
  }
}

const UNKNOWN = { kind: "unknown", reason: "silent", why: WHY } as const;
