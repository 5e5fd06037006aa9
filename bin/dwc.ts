// The command line of whoever looks after the bus: arguments and environment in, exit code out.

import { connectNatsBus } from "../src/bus/nats-bus.ts";
import { systemClock } from "../src/clock.ts";
import { helpText, parseArguments, type World } from "../src/dwc/commands.ts";
import { statusCommand } from "../src/dwc/status.ts";
import { settingsOrExit } from "../src/program/program.ts";
import { VERSION } from "../src/program/version.ts";

/** How long a bus on another continent may take to greet. */
const REACH_WITHIN_MS = 2_000;
const COMMANDS = [statusCommand];

const clock = systemClock();
const parsed = parseArguments(process.argv.slice(2), COMMANDS);
switch (parsed.kind) {
  case "wrong":
    process.stderr.write(`${parsed.why}\n`);
    process.exit(2);
    break;
  case "help":
    process.stdout.write(`${helpText(parsed.command, COMMANDS)}\n`);
    break;
  case "version":
    process.stdout.write(`${VERSION}\n`);
    break;
  case "run":
    process.exitCode = await parsed.command.run(world(), { json: parsed.json });
    break;
}

function world(): World {
  const settings = settingsOrExit(process.env);
  return {
    settings,
    reachBus: () => reachBus(settings.natsUrls),
    print: (line) => process.stdout.write(`${line}\n`),
    hint: (line) => process.stderr.write(`${line}\n`),
  };
}

async function reachBus(urls: readonly string[]): ReturnType<World["reachBus"]> {
  const bus = connectNatsBus({ urls, name: "dwc", clock, report: (line) => process.stderr.write(`${line}\n`) });
  const reached = await new Promise<boolean>((resolve) => {
    bus.watch((status) => resolve(status === "connected"));
    clock.after(REACH_WITHIN_MS, () => resolve(false));
  });
  if (reached) return { bus, close: () => bus.close() };
  await bus.close();
  return undefined;
}
