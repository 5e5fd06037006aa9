// takes: 5 s
// shares: identity
// The token of the system account on a bus that runs: it is compared and sent like those of the orgs.

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Obedience } from "../../../src/dwc/identity/core/obedience.ts";
import { paths } from "../../../src/dwc/identity/derived-files.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { type PushMode, pushAccounts } from "../../../src/dwc/identity/push.ts";
import { type Cleanup, cleanupSuite } from "../../support/cleanup.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { asMadeEarlier } from "../../support/older-dwc.ts";
import { clock, Folder } from "../../support/orgs.ts";

interface Context extends Cleanup {
  anna: Folder;
  server: TestServer;
  /** Where the server keeps the token of the system account. */
  file: string;
}

const test = cleanupSuite<Context>("the system account's token on a bus", async (context) => {
  const anna = new Folder();
  context.ends.push(() => anna.remove());
  context.anna = anna;
  await anna.createOrg();
  const { trust } = anna.org;
  const earlier = (await asMadeEarlier(anna.state)).operator?.trust.systemAccountJwt ?? "";
  const bus = mkdtempSync(join(tmpdir(), "system-token-"));
  context.ends.push(() => rmSync(bus, { recursive: true, force: true }));
  cpSync(join(anna.path, "bus"), bus, { recursive: true });
  context.file = paths
    .accountToken(anna.path, trust.operatorKey, trust.systemAccount)
    .replace(join(anna.path, "bus"), bus);
  writeFileSync(context.file, earlier);
  const config = anna.serverConfig().replace(join(anna.path, "bus"), bus);
  context.server = await startNatsServer({ config });
  context.ends.push(() => context.server.stop());
});

async function obedienceOf({ anna, server: { url } }: Context, mode: PushMode): Promise<Obedience> {
  const { operator } = anna.state;
  if (operator === null) throw new Error("no operator");
  const [found] = await pushAccounts(operator, [anna.org], { url, clock, mint: natsMint, mode });
  if (found === undefined) throw new Error("one org was asked about");
  return found;
}

test("a look finds an older one, though the org's token is the newest; a push cures it", async (context) => {
  const before = await obedienceOf(context, "read-only");
  assert.ok(
    before.kind === "does not obey" && before.reason === "older" && /system account/.test(before.why),
    JSON.stringify(before),
  );
  assert.is((await obedienceOf(context, "push")).kind, "obeys");
  assert.is((await obedienceOf(context, "read-only")).kind, "obeys");
});

test("a server that refuses it is reported, with its reason", async (context) => {
  rmSync(context.file);
  mkdirSync(join(context.file, "in the way"), { recursive: true });
  for (const mode of ["push", "push where older"] as const) {
    const found = await obedienceOf(context, mode);
    assert.ok(
      found.kind === "does not obey" && found.reason === "fixed" && /system account.*did not take/.test(found.why),
      JSON.stringify(found),
    );
  }
});

test.run();
