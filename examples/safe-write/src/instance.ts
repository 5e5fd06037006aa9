// An instance: each deposit that it executes is a line in the ledger. Started by start.ts, and ends with it.

import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { connectBus, serve } from "datawire-connect";
import { accounts } from "./contract.js";

/** What is left to do once a deposit is in the ledger. */
const WORK_MS = 20;

const [ledger = "ledger", number] = process.argv.slice(2);
process.once("disconnect", () => process.exit());

const bus = await connectBus();
const instance = await serve(accounts, {
  bus,
  instance: Number(number),
  handlers: {
    deposit: async ({ id, cents }) => {
      appendFileSync(ledger, `${id} ${cents}\n`);
      await sleep(WORK_MS);
    },
  },
});
process.send?.("up");

process.once("SIGTERM", async () => {
  await instance.goodbye();
  await bus.close();
  process.disconnect();
});
