// takes: 30 s
// Faults on a bus that asks who one is: only an owner or an admin may ask. That the server refuses all others is in
// secured-cells.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { broadcastFault, sendFaultCommand } from "../../src/faults/fault-client.ts";
import type { TestServer } from "../support/nats-server.ts";
import { Folder, logIn } from "../support/orgs.ts";
import { readProcess } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { incarnationOf, type RunningRatings, World } from "../support/world.ts";

const faults = suite("faults on a secured bus");

const LIMIT_MS = 20_000;
const [owner, admin, member] = [new Folder(), new Folder(), new Folder()];
let server: TestServer;
let world: World;
let ratings: RunningRatings;

faults.before(async () => {
  await owner.createOrg();
  await owner.createService("ratings");
  server = await owner.startServer();
  await admin.accept(await owner.invite("cleo@example.org", true));
  await member.accept(await owner.invite("ben@example.org"));
  assert.is((await owner.push(server)).kind, "obeys");
  world = new World(server.url, { HEARTBEAT_INTERVAL_MS: "1000" });
  ratings = await world.startRatings(1, { CHAOS: "1", DWC_STATE: owner.path });
});
faults.after(async () => {
  await world.close();
  await server.stop();
  for (const folder of [owner, admin, member]) folder.remove();
});

const stateOf = (folder: Folder) => ({ DWC_STATE: folder.path });

const typed = (folder: Folder, ...args: string[]) => world.dwc(args, stateOf(folder));

faults("owner and admin may send faults; a watchdog ends a pause there, too", async () => {
  for (const who of [owner.person, admin.person]) {
    const { bus, reports } = await logIn(server, who);
    const mark = ratings.program.mark();
    const asked = await sendFaultCommand(bus, "ratings", incarnationOf(ratings), {
      ...{ kind: "begin", fault: { kind: "pause" }, forMs: 600_000 },
    });
    assert.is(asked.kind, "done", JSON.stringify({ asked, reports }));
    await until("it stands still", () => readProcess(ratings.program.pid)?.state === "T", LIMIT_MS);
    await until("it is reset", async () => (await broadcastFault(bus, "ratings", "reset")).length === 1);
    await ratings.program.waitFor(/ended a fault: paused \(continued early\)/, { mark });
    await bus.close();
  }
});

faults("in a terminal a member is refused with the reason, and an admin is obeyed", async () => {
  const refused = await typed(member, "fault", "ratings/1", "mute");
  assert.is(refused.code, 1);
  assert.match(refused.said, /only admins may ask for faults, and the credentials of ben@example\.org are no admin's/);
  assert.match(
    refused.said,
    /bin\/dwc revoke ben@example\.org {2}and then {2}bin\/dwc invite-user ben@example\.org --admin/,
  );
  await world.dwcDone(["fault", "ratings/1", "mute", "--for", "1s"], stateOf(admin));
  await ratings.program.waitFor(/ended a fault: silent: no heartbeats \(over\)/);
});

faults("a Market of a member shows no buttons and takes no form; one of the owner does", async () => {
  for (const [folder, may] of [
    [member, false],
    [owner, true],
  ] as const) {
    const market = await world.startMarket(stateOf(folder));
    await market.untilKnown(1);
    const page = async (): Promise<string> => (await fetch(`${market.admin}/board`)).text();
    await until("the board knows that it takes faults", async () => /Injected faults/.test(await page()), LIMIT_MS);
    assert.is((await page()).includes('class="fault-form"'), may);
    assert.is(/only from admins of this bus/.test(await page()), !may);
    const body = new URLSearchParams({ target: incarnationOf(ratings), fault: "slow", byMs: "5", forS: "1" });
    const asked = await fetch(`${market.admin}/board/faults`, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
    });
    assert.is(asked.status, may ? 200 : 403, await asked.text());
    await market.program.end();
  }
  await ratings.program.waitFor(/ended a fault: slow by 5 ms \(over\)/);
});

faults.run();
