// The sender: an instance of the service. Started by reader.ts, and ends with it.

import { connectBus, serve } from "datawire-connect";
import { prices } from "./contract.js";

process.once("disconnect", () => process.exit());
let made = 0;

await serve(prices, {
  bus: await connectBus(),
  handlers: {
    made: () => made,
    // A generator: it makes the next item when the reader has room for it.
    watch: async function* ({ sku }) {
      console.log(`sender: watches ${sku}`);
      try {
        for (;;) {
          made += 1;
          yield { cents: 100 + (made % 10) };
        }
      } finally {
        console.log("sender: the reader has left");
      }
    },
  },
});
process.send?.("up");
