// A process that changes a state folder once, as dwc does: `change-state FOLDER SERVICE`. Killed at any moment by tests.

import { systemClock } from "../../src/clock.ts";
import { natsMint } from "../../src/dwc/identity/mint.ts";
import { createService } from "../../src/dwc/identity/services.ts";
import { changeState } from "../../src/dwc/identity/state-file.ts";

const [folder = "", name = ""] = process.argv.slice(2);
const clock = systemClock();
process.send?.("ready");
const told = await changeState({ folder, clock }, (state) =>
  createService(state, { name, holdsSeconds: null }, { mint: natsMint, now: clock.wall() }),
);
if (told.kind === "refused") process.stderr.write(`${told.why}\n`);
process.exit(told.kind === "done" ? 0 : 1);
