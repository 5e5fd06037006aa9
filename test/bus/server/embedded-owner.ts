// One process that keeps a bus, for takeover.test.ts: prints a line of JSON for whatever happens to it.

import { connectNatsBus } from "../../../src/bus/nats-bus.ts";
import { ensureBus } from "../../../src/bus/server/embedded-server.ts";
import { programFolders } from "../../../src/bus/server/server-process.ts";
import { superviseServer } from "../../../src/bus/server/server-supervisor.ts";
import { systemClock } from "../../../src/clock.ts";

const [, , url = "", name = "owner"] = process.argv;
const write = (what: object): unknown => process.stdout.write(`${JSON.stringify(what)}\n`);

const clock = systemClock();
const say = (line: string): unknown => write({ said: line });
const options = { urls: [url], clock, say, folders: programFolders(process.env["PATH"]) };
const first = await ensureBus(options);
write({ ensured: first });
const bus = connectNatsBus({ urls: [url], name, clock, report: say });
bus.watch((status) => write({ status }));
bus.subscribe(`${name}.get`, (message) => message.answer(name));
const keeper = superviseServer({ ...options, bus, first });

process.on("SIGTERM", () => {
  bus.publish("goodbyes", name);
  bus
    .close()
    .then(() => keeper.stop())
    .then(
      () => process.exit(0),
      () => process.exit(1),
    );
});
