// A process that changes a state folder once, as dwc does: `change-state FOLDER SERVICE`. Tests kill it at any moment.
// Its decision copies a service that is there, so that it loads no keys and is ready at once: the test is about the
// writing.

import { systemClock } from "../../src/clock.ts";
import { currentOrg, refused, withOrg } from "../../src/dwc/identity/core/state.ts";
import { changeState } from "../../src/dwc/identity/state-file.ts";

const [folder = "", name = ""] = process.argv.slice(2);
process.send?.("ready");
const result = await changeState({ folder, clock: systemClock() }, (state) => {
  const org = currentOrg(state);
  const [first] = org?.services ?? [];
  if (org === undefined || first === undefined) return refused("no-such-service", "there is no service to copy");
  return { kind: "done", state: withOrg(state, { ...org, services: [...org.services, { ...first, name }] }) };
});
if (result.kind === "refused") process.stderr.write(`${result.why}\n`);
process.exit(result.kind === "done" ? 0 : 1);
