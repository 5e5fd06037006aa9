// takes: 40 s
// Members whose Markets know more than the one that started the server: what they know reaches it. Real programs.

import { suite } from "uvu";
import {
  assertAdmitted,
  assertRejected,
  type Context,
  folder,
  revoke,
  STARTED,
  untilTakenOver,
  withPeople,
  worldOf,
} from "../support/takeover.ts";
import { until } from "../support/until.ts";

const test = suite<Context>("a server that was started without a change");

withPeople(test);

test("a member's Market that has a change hands it to the one that started the server without it", async (context) => {
  const { anna, ben, server } = context;
  const ratings = await anna.createService("ratings");
  const cyd = folder(context);
  await ben.accept(await anna.invite("ben@example.org"));
  await cyd.accept(await anna.invite("cyd@example.org"));
  const annas = worldOf(context, anna);
  const owner = await annas.startMarket();
  const bens = worldOf(context, ben);
  const informed = await bens.startMarket();
  await revoke(annas, "ratings");
  const newest = anna.org.accountJwt;
  await until("Ben's folder has the token", () => ben.org.accountJwt === newest);
  for (const { program } of [informed, owner]) {
    program.signal("SIGTERM");
    await program.ended;
  }
  const uninformed = await worldOf(context, cyd).startMarket(); // Cyd's Market was not on the bus
  await untilTakenOver(uninformed);
  await assertAdmitted(context, ratings);
  await bens.startMarket(); // the owner is away for good
  await uninformed.program.waitFor(/does not have the org's last change: restarting it with the change/);
  await until("Cyd's folder has the token", () => cyd.org.accountJwt === newest);
  await until("a server that obeys", async () => (await anna.push(server)).kind === "obeys");
  await assertRejected(context, ratings);
  await assertAdmitted(context, cyd.person);
});

test("revoked while the server was away, and the owner killed once its Market was back: out for good", async (context) => {
  const { anna, ben } = context;
  const ratings = await anna.createService("ratings");
  const cyd = folder(context);
  await ben.accept(await anna.invite("ben@example.org"));
  await cyd.accept(await anna.invite("cyd@example.org"));
  const owner = await worldOf(context, anna).startMarket();
  const [, pid = ""] = await owner.program.waitFor(STARTED);
  const members = [await worldOf(context, ben).startMarket(), await worldOf(context, cyd).startMarket()];
  process.kill(Number(pid), "SIGKILL");
  await anna.revoke("ratings"); // no bus: the command says so, and ends with 4
  await until("the members know", () => [ben, cyd].every(({ org }) => org.accountJwt === anna.org.accountJwt), 40_000);
  owner.program.signal("SIGKILL");
  await Promise.race(members.map(untilTakenOver));
  await assertRejected(context, ratings);
  await assertAdmitted(context, ben.person);
});

test.run();
