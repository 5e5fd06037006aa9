// An instance of inventory. `connectBus` reads NATS_URL and NATS_CREDS.

import { connectBus, serve } from "datawire-connect";
import { inventory } from "./contract.js";

const STOCK: Readonly<Record<string, number>> = { tea: 7 };
const bus = await connectBus();
try {
  await serve(inventory, { bus, handlers: { count: (sku) => STOCK[sku] ?? 0 } });
  console.log("inventory: up");
} catch (error) {
  console.log(`inventory: not started: ${error instanceof Error ? error.message : error}`);
  await bus.close();
}
