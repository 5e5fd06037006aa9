// An owner and members, each with a state folder and a Market on one address, and their admission to the bus.

import type { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Credentials } from "../../src/bus/core/credentials.ts";
import { type Cleanup, runCleanups } from "./cleanup.ts";
import { freePort, type TestServer } from "./nats-server.ts";
import { Folder, isRefused, logIn, startLogin } from "./orgs.ts";
import { until } from "./until.ts";
import { type RunningMarket, World } from "./world.ts";

export interface Context extends Cleanup {
  /** The bus address in the folders. */
  server: TestServer;
  anna: Folder;
  ben: Folder;
}

/** Anna, who owns an org, and Ben, who is in none yet; no bus runs at their address. */
export function withPeople(test: ReturnType<typeof suite<Context>>): void {
  test.before.each(async (context) => {
    context.ends = [];
    context.server = { url: `nats://127.0.0.1:${await freePort()}` } as TestServer;
    [context.anna, context.ben] = [folder(context), folder(context)];
    await context.anna.createOrg();
  });
  test.after.each(runCleanups);
}

export const STARTED = /^INFO:bus:.*nats-server.*\bpid (\d+)/;

export function folder({ ends }: Context): Folder {
  const made = new Folder();
  ends.push(() => made.remove());
  return made;
}

export function worldOf({ server, ends }: Context, { path }: Folder): World {
  const made = new World(server.url, { DWC_STATE: path });
  ends.push(() => made.close());
  return made;
}

export async function assertRejected({ server, ends }: Context, who: Credentials): Promise<void> {
  const guest = startLogin(server, who);
  ends.push(() => guest.bus.close());
  await until("an answer at the door", () => guest.bus.status === "connected" || isRefused(guest));
  assert.is(guest.bus.status, "disconnected", guest.reports.join("\n"));
}

export async function assertAdmitted({ server, ends }: Context, who: Credentials): Promise<void> {
  const { bus } = await logIn(server, who);
  ends.push(() => bus.close());
}

/** Anna's org has a service, Ben has joined it, and her Market has started the bus. */
export async function startOwner(
  context: Context,
): Promise<{ readonly ratings: Credentials; readonly annas: World; readonly owner: RunningMarket }> {
  const { anna, ben } = context;
  const ratings = await anna.createService("ratings");
  await ben.accept(await anna.invite("ben@example.org"));
  const annas = worldOf(context, anna);
  const owner = await annas.startMarket();
  await owner.program.waitFor(STARTED);
  return { ratings, annas, owner };
}

/** The change may meet a server that its Market is starting again: dwc reports that with 4, and offers a push. */
export async function revoke(owner: World, name: string): Promise<void> {
  const { code, said } = await owner.dwc(["revoke", name]);
  if (code !== 0) console.log(`${said}${owner.printed()}`);
  if (code === 4) await until("the bus has the change", async () => (await owner.dwc(["push"])).code === 0);
  else assert.is(code, 0);
}

export async function untilTakenOver({ program }: RunningMarket): Promise<void> {
  const [, pid = ""] = await program.waitFor(STARTED);
  assert.ok(Number(pid) > 0);
}
