import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectBus, createClient, StreamError } from "datawire-connect";
import { prices } from "./contract.js";

const sender = fork(fileURLToPath(new URL("sender.js", import.meta.url)));
await once(sender, "message");
console.log(`sender: pid ${sender.pid}`);

await using bus = await connectBus();
await using client = createClient(prices, { bus });

// A slow reader: after ten items it reads no more for a second, and the sender waits.
let read = 0;
for await (const { cents } of client.call.watch({ sku: "tea" }, { window: 16 })) {
  read += 1;
  if (cents < 100) throw new Error("never: the schema has checked it");
  if (read < 10) continue;
  await sleep(1_000);
  console.log(`reader: read ${read}, and the sender has made ${await client.call.made()}`);
  break; // Ends the stream: the sender's generator returns.
}
await sleep(200);

// The sender is killed: the stream fails, instead of a silence for ever.
let killedAt = 0;
try {
  for await (const _price of client.call.watch({ sku: "mate" })) {
    if (killedAt > 0) continue;
    sender.kill("SIGKILL");
    killedAt = Date.now();
  }
} catch (error) {
  if (!(error instanceof StreamError)) throw error;
  console.log(`reader: failed after ${Date.now() - killedAt} ms: ${error.reason}: ${error.message}`);
}
