// A process that takes a lock and holds it until it is killed: `hold-lock PATH`. It says so to a parent of ours, else on
// its output.

import { systemClock } from "../../src/clock.ts";
import { lock } from "../../src/dwc/identity/lock.ts";

const [path = ""] = process.argv.slice(2);
const locked = await lock({ path, clock: systemClock(), timeoutMs: 10_000 });
// The channel to the test keeps this process; when the test ends it ends too.
process.on("message", () => {
  if (locked.kind === "locked") locked.release();
  process.exit(0);
});
process.on("disconnect", () => process.exit(0));
if (process.send === undefined) {
  process.stdout.write(`${locked.kind}\n`);
  setInterval(() => undefined, 60_000);
} else {
  process.send(locked.kind);
}
