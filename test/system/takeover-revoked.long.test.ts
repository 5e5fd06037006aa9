// takes: 60 s
// The owner's Market ends, and a member's starts the bus again: revoked users stay out, users who joined since are in.
// Real programs, each person with a state folder of their own.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  assertAdmitted,
  assertRejected,
  type Context,
  folder,
  revoke,
  STARTED,
  startOwner,
  untilTakenOver,
  withPeople,
  worldOf,
} from "../support/takeover.ts";
import { until } from "../support/until.ts";

const test = suite<Context>("a bus that a member starts again");

withPeople(test);

// The tests below end it by SIGTERM.
test("revoked, and the owner's Market killed at once: out all the same, also after another start", async (context) => {
  const { anna, ben, server } = context;
  const { ratings, annas, owner } = await startOwner(context);
  const bens = worldOf(context, ben);
  const heir = await bens.startMarket();
  assert.is(heir.program.count(STARTED), 0);
  // An admin who is invited after Ben has joined: Ben's invitation does not know the key that signs these services.
  const cyd = folder(context);
  await cyd.accept(await anna.invite("cyd@example.org", true));
  assert.is((await anna.push(server)).kind, "obeys");
  const prices = await cyd.createService("prices");
  await revoke(annas, "ratings");
  owner.program.signal("SIGKILL");
  await untilTakenOver(heir);
  await assertRejected(context, ratings);
  await assertAdmitted(context, prices);
  await assertAdmitted(context, anna.person);
  heir.program.signal("SIGKILL");
  await heir.program.ended;
  await untilTakenOver(await bens.startMarket());
  await assertRejected(context, ratings);
  await assertAdmitted(context, prices);
});

test("a member's Market that comes after the change asks the server for it", async (context) => {
  const { anna, ben, server } = context;
  const { ratings, annas, owner } = await startOwner(context);
  await revoke(annas, "ratings");
  const before = ben.org.accountJwt;
  const heir = await worldOf(context, ben).startMarket();
  await until("Ben's folder has the token", () => ben.org.accountJwt !== before);
  assert.is(ben.org.accountJwt, anna.org.accountJwt);
  owner.program.signal("SIGTERM");
  await untilTakenOver(heir);
  await assertRejected(context, ratings);
  assert.ok(server.url);
});

test("a bus that a member started with an older folder obeys the newest once the owner's Market is on it", async (context) => {
  const { anna, ben } = context;
  const ratings = await anna.createService("ratings");
  await ben.accept(await anna.invite("ben@example.org"));
  await anna.revoke("ratings"); // Ben's Market was not on any bus then
  const first = await worldOf(context, ben).startMarket();
  await untilTakenOver(first);
  await assertAdmitted(context, ratings);
  await worldOf(context, anna).startMarket();
  await until("Ben's folder has the token", () => ben.org.accountJwt === anna.org.accountJwt);
  await assertRejected(context, ratings);
});

test("a member who was revoked starts no server again", async (context) => {
  const { anna, ben } = context;
  await ben.accept(await anna.invite("ben@example.org"));
  const annas = worldOf(context, anna);
  const owner = await annas.startMarket();
  await owner.program.waitFor(STARTED);
  const heir = await worldOf(context, ben).startMarket();
  await revoke(annas, "ben@example.org");
  await heir.program.waitFor(/does not let us in with the credentials of ben@example\.org/);
  owner.program.signal("SIGTERM");
  await heir.program.waitFor(/waiting for a bus there \(.*(did not have this program on it|have been revoked)/);
  assert.is(heir.program.count(STARTED), 0);
});

test.run();
