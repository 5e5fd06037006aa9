// A process that takes the lock of a folder and holds it until it is killed: `hold-lock FOLDER`.

import { systemClock } from "../../src/clock.ts";
import { lock } from "../../src/dwc/identity/lock.ts";

const [folder = ""] = process.argv.slice(2);
const locked = await lock({ folder, clock: systemClock(), withinMs: 10_000 });
process.send?.(locked.kind);
// The channel to the test keeps this process; when the test ends it ends too.
process.on("message", () => {
  if (locked.kind === "locked") locked.release();
  process.exit(0);
});
process.on("disconnect", () => process.exit(0));
