// A caller of inventory.

import { CallError, connectBus, createClient } from "datawire-connect";
import { inventory } from "./contract.js";

await using bus = await connectBus();
await using client = createClient(inventory, { bus });

try {
  console.log(`orders: inventory has ${await client.call.count("tea")} tea`);
} catch (error) {
  if (!(error instanceof CallError)) throw error;
  console.log(`orders: ${error.message}`);
}
