import { setTimeout as sleep } from "node:timers/promises";
import { connectBus, serve } from "datawire-connect";
import { payments } from "./contracts.js";
import { leftMs } from "./left.js";

/** How long a payment takes. */
const QUICK_MS = 20;
const SLOW_MS = 4_000;

await serve(payments, {
  bus: await connectBus(),
  handlers: {
    charge: async ({ id, kind }, context) => {
      console.log(`payments: ${id}: ${leftMs(context)} ms left`);
      context.signal.addEventListener("abort", () =>
        console.log(`payments: stops with ${id}: ${context.signal.reason.message}`),
      );
      // What a handler waits for takes the signal: a timer, a fetch, a query.
      await sleep(kind === "slow" ? SLOW_MS : QUICK_MS, undefined, { signal: context.signal });
      return { receipt: `${context.metadata["customer"]} has paid for ${id}` };
    },
  },
});
