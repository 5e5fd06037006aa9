// takes: 30 s
// An org that an earlier dwc made, whose tokens tell members nothing: what `dwc renew` makes of it on a running bus.

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort, startNatsServer, type TestServer } from "../support/nats-server.ts";
import { asMadeEarlier } from "../support/older-dwc.ts";
import { enter, Folder, knock } from "../support/orgs.ts";
import { STARTED } from "../support/takeover.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";

interface Context {
  ends: (() => unknown)[];
  server: TestServer;
  anna: Folder;
  ben: Folder;
}

/** The owner is asked again after 15 s, should the first time be lost. */
const OUT_WITHIN_MS = 20_000;

const test = suite<Context>("an org of an earlier dwc");

test.before.each(async (context) => {
  context.ends = [];
  context.server = { url: `nats://127.0.0.1:${await freePort()}` } as TestServer;
  [context.anna, context.ben] = [folder(context), folder(context)];
  await context.anna.createOrg();
  rmSync(join(context.anna.path, "bus"), { recursive: true }); // else the later token stays
  await context.anna.change(async (state) => ({ kind: "done", state: await asMadeEarlier(state) }));
});
test.after.each(async ({ ends }) => {
  for (const end of ends.reverse()) await end();
});

function folder({ ends }: Context): Folder {
  const made = new Folder();
  ends.push(() => made.remove());
  return made;
}

function worldOf({ server, ends }: Context, { path }: Folder): World {
  const made = new World(server.url, { DWC_STATE: path });
  ends.push(() => made.close());
  return made;
}

test("a member's Market starts no server until the owner has renewed, and then with the newest token", async (context) => {
  const { anna, ben, server } = context;
  const ratings = await anna.createService("ratings");
  await ben.accept(await anna.invite("ben@example.org"));
  const annas = worldOf(context, anna);
  const owner = await annas.startMarket();
  await owner.program.waitFor(STARTED);
  const bens = worldOf(context, ben);
  const early = await bens.startMarket();
  const renewing = annas.start({ name: "dwc", args: ["renew"] });
  assert.is((await renewing.ended).code, 0, renewing.lines.join("\n"));
  const code = /Invitation of member ben@example\.org: (\S+)/.exec(renewing.lines.join("\n"))?.[1] ?? "";
  const accepting = bens.start({ name: "dwc", args: ["accept-invitation", code] });
  assert.is((await accepting.ended).code, 0, "the later token of the system account is taken");
  assert.equal(ben.org.trust, anna.org.trust);
  early.program.signal("SIGTERM");
  await early.program.ended;
  const heir = await bens.startMarket();
  await heir.program.waitFor(/bus:- connected/);
  const revoking = annas.start({ name: "dwc", args: ["revoke", "ratings"] });
  assert.is((await revoking.ended).code, 0, revoking.lines.join("\n"));
  owner.program.signal("SIGTERM");
  await heir.program.waitFor(STARTED);
  const { bus, reports } = knock(server, ratings);
  context.ends.push(() => bus.close());
  await until("an answer at the door", () => reports.length > 0 || bus.status === "connected");
  assert.is(bus.status, "away");
  const member = await enter(server, ben.person);
  context.ends.push(() => member.bus.close());
});

test("a server with the tokens of before obeys the newest once the owner's Market is on it", async (context) => {
  const { anna, server } = context;
  const ratings = await anna.createService("ratings");
  const older = mkdtempSync(join(tmpdir(), "earlier-org-"));
  cpSync(join(anna.path, "bus"), older, { recursive: true });
  context.ends.push(() => rmSync(older, { recursive: true, force: true }));
  const config = anna.serverConfig().replace(join(anna.path, "bus"), older);
  const renewing = worldOf(context, anna).start({ name: "dwc", args: ["renew", "--all"] });
  assert.is((await renewing.ended).code, 4, "no bus runs that could be handed the revocations");
  const bus = await startNatsServer({ config, port: Number(new URL(server.url).port) });
  context.ends.push(() => bus.stop());
  const replaced = await enter(bus, ratings);
  context.ends.push(() => replaced.bus.close());
  await worldOf(context, anna).startMarket();
  await until("the replaced credentials are out", () => replaced.bus.status === "away", OUT_WITHIN_MS);
});

test("where nothing is renewed, the sentence and the check name the command that cures it", async (context) => {
  const { anna, ben } = context;
  await ben.accept(await anna.invite("ben@example.org"));
  const bens = worldOf(context, ben);
  const market = await bens.startMarket();
  await market.program.waitFor(/nothing answers at .*only the owner's Market starts one.*bin\/dwc renew/);
  for (const args of [["renew"], ["check"]]) {
    const command = bens.start({ name: "dwc", args });
    await command.ended;
    assert.match(command.lines.join(" "), /owner of "My Test Org".*bin\/dwc renew.*bin\/dwc accept-invitation/);
  }
});

test.run();
