// Writes without a pause while instances are killed and hang, and then compares the outcomes with the ledger.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectBus, createClient } from "datawire-connect";
import { METRICS_CONTENT_TYPE, metricsOf } from "datawire-connect/metrics";
import { accounts } from "./contract.js";
import { Fleet } from "./faults.js";

type Ending = "executed" | "uncertain";

const folder = mkdtempSync(join(tmpdir(), "safe-write-"));
const ledger = join(folder, "ledger");
const fleet = new Fleet(ledger);
const bus = await connectBus();
// Hedging repeats slow calls, and retests copy calls: of idempotent operations alone.
const client = createClient(accounts, { bus, hedge: true });

// For Prometheus: how the calls end, and the state of each instance and its breaker.
const metrics = metricsOf({ clients: [client] });
const metricsServer = createServer((_, response) => {
  response.setHeader("Content-Type", METRICS_CONTENT_TYPE).end(metrics());
}).listen(Number(process.env["METRICS_PORT"] ?? 9464), "127.0.0.1");

let repeated = 0;
const endings = new Map<string, Ending>();

async function write(id: string): Promise<void> {
  for (;;) {
    const outcome = await client.ask.deposit({ id, cents: 100 });
    if (outcome.kind === "ok") return void endings.set(id, "executed");
    if (outcome.kind === "error") throw new Error(outcome.message);
    // The one case that a program cannot decide by itself: the ledger has the answer.
    if (outcome.mayHaveExecuted) return void endings.set(id, "uncertain");
    // No instance has begun it, so it can be repeated.
    repeated += 1;
    await sleep(200);
  }
}

async function misfortune(): Promise<void> {
  await sleep(300);
  await fleet.kill(2);
  await fleet.hang(3, 1_500);
  await fleet.start(2);
  await fleet.kill(1, 2, 3);
  await sleep(500);
  await fleet.start(1, 2, 3);
  await fleet.hang(1, 1_500);
}

await fleet.start(1, 2, 3);
await client.ready(3);
let isOver = false;
const faults = misfortune().finally(() => {
  isOver = true;
});
const writes: Promise<void>[] = [];
for (let id = 1; !isOver; id += 1) {
  writes.push(write(`deposit-${id}`));
  await sleep(10);
}
await Promise.all([faults, ...writes]);
client.close();
await fleet.stop();
await bus.close();
metricsServer.close();

const lines = readFileSync(ledger, "utf8").trim().split("\n");
const written = new Set(lines.map((line) => line.split(" ")[0] ?? ""));
rmSync(folder, { recursive: true });
const uncertain = [...endings].filter(([, ending]) => ending === "uncertain").map(([id]) => id);
const lost = [...endings].filter(([id, ending]) => ending === "executed" && !written.has(id)).length;
console.log(`${endings.size} writes: ${endings.size - uncertain.length} executed, ${uncertain.length} uncertain`);
console.log(`${repeated} times no instance had begun the write, and it was sent again`);
console.log(`ledger: ${lines.length} lines, ${lines.length - written.size} of them twice, ${lost} missing`);
console.log(`of the uncertain writes ${uncertain.filter((id) => written.has(id)).length} were executed`);
process.exitCode = lines.length === written.size && lost === 0 ? 0 : 1;
