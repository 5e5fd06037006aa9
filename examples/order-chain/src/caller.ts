import { setTimeout as sleep } from "node:timers/promises";
import { connectBus, createClient, type Outcome } from "datawire-connect";
import { orders } from "./contracts.js";
import { asCustomer } from "./customers.js";

await using bus = await connectBus();
await using client = createClient(orders, { bus, use: [asCustomer("Ann")] });
await client.ready();

console.log("caller: 1: waits 3000 ms");
print(await client.ask.place({ id: 1, kind: "quick" }, { timeoutMs: 3_000 }));

console.log("caller: 2: waits 500 ms");
print(await client.ask.place({ id: 2, kind: "slow" }, { timeoutMs: 500 }));

console.log("caller: 3: gives up after 300 ms");
print(await client.ask.place({ id: 3, kind: "slow" }, { signal: AbortSignal.timeout(300) }));

console.log("caller: 4: for no customer");
await using anonymous = createClient(orders, { bus });
print(await anonymous.ask.place({ id: 4, kind: "quick" }));

// The cancellation is on its way along the chain.
await sleep(300);

function print(outcome: Outcome<{ receipt: string }>): void {
  if (outcome.kind === "ok") console.log(`caller: ${outcome.value.receipt}`);
  else console.log(`caller: ${outcome.kind === "unanswered" ? outcome.reason : outcome.message}`);
}
