import { connectBus, createClient, serve } from "datawire-connect";
import { inventory, orders } from "./contracts.js";
import { needsCustomer } from "./customers.js";
import { leftMs } from "./left.js";

const bus = await connectBus();
const client = createClient(inventory, { bus });

await serve(orders, {
  bus,
  use: [needsCustomer],
  handlers: {
    place: (order, context) => {
      console.log(`orders: ${order.id}: ${leftMs(context)} ms left`);
      return client.call.reserve(order, { within: context });
    },
  },
});
