import { CallError, connectBus, createClient } from "datawire-connect";
import { inventory } from "./contract.js";

await using bus = await connectBus();
await using client = createClient(inventory, { bus });

await client.call.put({ sku: "mate", count: 3 });
console.log("in stock:", await client.call.list());
console.log("tea:", await client.call.count("tea"));
console.log("photo:", await client.call.photo("tea"));

// `call` resolves with the value, and rejects with a CallError.
const { left } = await client.call.reserve({ sku: "tea", count: 2 });
console.log(`reserved 2 tea, ${left} left`);
try {
  await client.call.reserve({ sku: "tea", count: 9 });
} catch (error) {
  if (!(error instanceof CallError)) throw error;
  console.log(`not reserved: ${error.code}`, error.data);
}

// `ask` never rejects: the outcome says how the call ended. The schema of the instance refuses this one.
const outcome = await client.ask.reserve({ sku: "tea", count: 0.5 });
if (outcome.kind === "ok") console.log(`${outcome.value.left} left at instance ${outcome.instance.instance}`);
if (outcome.kind === "error") console.log(`not reserved: ${outcome.code} ${outcome.message}`);
if (outcome.kind === "unanswered")
  console.log(`no answer: ${outcome.reason}; it ${outcome.mayHaveExecuted ? "may have been" : "was not"} executed`);
