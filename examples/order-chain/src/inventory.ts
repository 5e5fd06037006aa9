import { connectBus, createClient, serve } from "datawire-connect";
import { inventory, payments } from "./contracts.js";
import { leftMs } from "./left.js";

const bus = await connectBus();
const client = createClient(payments, { bus });

await serve(inventory, {
  bus,
  handlers: {
    reserve: (order, context) => {
      console.log(`inventory: ${order.id}: ${leftMs(context)} ms left`);
      return client.call.charge(order, { within: context });
    },
  },
});
