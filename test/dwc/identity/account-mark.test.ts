// takes: 10 s
// shares: identity
// An account token that a server cannot show: its revocations last longer than times have a text. Each server says by a mark
// which one it uses.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Obedience } from "../../../src/dwc/identity/core/obedience.ts";
import { paths } from "../../../src/dwc/identity/derived-files.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { type PushMode, pushAccounts } from "../../../src/dwc/identity/push.ts";
import { freePort, startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { clock, Folder, logIn } from "../../support/orgs.ts";
import { until } from "../../support/until.ts";

const test = suite<{ org: Folder; folder: string; servers: TestServer[] }>("marks of account tokens");

/** For a server that does not answer, and for one that is asked again. */
const SOON_MS = 500;

test.before.each((context) => {
  context.org = new Folder();
  context.folder = mkdtempSync(join(tmpdir(), "mark-test-"));
  context.servers = [];
});
test.after.each(async ({ org, folder, servers }) => {
  for (const server of servers) await server.stop();
  org.remove();
  rmSync(folder, { recursive: true });
});

test("where an admin dates tokens at will, each server of a cluster says by a mark which account token it uses", async (context) => {
  const { org: folder } = context;
  await folder.createOrg();
  await folder.createService("ratings");
  await folder.createService("prices");
  await folder.invite("cy@example.org", true);
  const routePort = await freePort();
  const start = async (name: string, listen: number): Promise<TestServer> => {
    const accounts = JSON.stringify(mkdtempSync(join(context.folder, "accounts-")));
    const cluster = `server_name: ${name}\ncluster { name: c, listen: "127.0.0.1:${listen}", routes: ["nats://127.0.0.1:${routePort}"] }\n`;
    const server = await startNatsServer({
      config: folder.serverConfig().replace(/dir: ".*"/, `dir: ${accounts}`) + cluster,
    });
    context.servers.push(server);
    return server;
  };
  const [one, two] = [await start("one", routePort), await start("two", await freePort())];
  const at = async (mode: PushMode, timeoutMs?: number): Promise<Obedience | undefined> => {
    const { operator } = folder.state;
    if (operator === null) throw new Error("no operator");
    const options = { url: one.url, clock, mint: natsMint, mode, ...(timeoutMs && { timeoutMs }) };
    return (await pushAccounts(operator, [folder.org], options))[0];
  };
  const word = async (mode: PushMode, timeoutMs?: number) => {
    const result = await at(mode, timeoutMs);
    return result !== undefined && "reason" in result ? result.reason : result?.kind;
  };
  await until("both servers", async () => (await word("push", SOON_MS)) === "obeys");
  const guests = [await logIn(one, folder.person), await logIn(two, folder.person)];
  const before = readFileSync(paths.state(folder.path));
  await folder.revoke("ratings");
  assert.is(await word("read-only"), "older", "that token revokes nothing, and can be shown");
  for (const mode of ["push", "read-only"] as const)
    await until("both obey", async () => (await word(mode)) === "obeys");
  await folder.revoke("prices");
  assert.is(await word("read-only"), "older", "neither can be shown");
  two.pause();
  assert.is(await word("push", SOON_MS), "silent");
  two.resume();
  await until("both obey", async () => (await word("push", SOON_MS)) === "obeys");
  writeFileSync(paths.state(folder.path), before);
  const copy = await at("push");
  assert.ok(
    copy?.kind === "does not obey" && copy.reason === "newer" && copy.token !== undefined,
    JSON.stringify(copy),
  );
  for (const { bus } of guests) await bus.close();
});

test.run();
