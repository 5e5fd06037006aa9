// Suites with a bus and a world, for each test or for all of them, and a caller where a test needs one. All of it ends
// with the tests, also after a failure.

import { suite, type Test } from "uvu";
import type { HealthRules } from "../../src/settings.ts";
import { Caller } from "./caller.ts";
import { type Cleanup, runCleanups } from "./cleanup.ts";
import { freePort, startNatsServer, type TestServer } from "./nats-server.ts";
import { World } from "./world.ts";

export interface System {
  server: TestServer;
  world: World;
}

/** A suite whose tests each have a world without a bus: nothing listens on its address. */
export function worldSuite(name: string): Test<Pick<System, "world">> {
  const test = suite<Pick<System, "world">>(name);
  test.before.each(async (context) => {
    context.world = new World(`nats://127.0.0.1:${await freePort()}`);
  });
  test.after.each(({ world }) => world.close());
  return test;
}

/** @param env settings of every program in the world */
export function systemSuite<More extends object>(
  name: string,
  env: Readonly<Record<string, string>> = {},
): Test<System & More> {
  const test = suite<System & More>(name);
  test.before.each(async (context) => {
    context.server = await startNatsServer();
    context.world = new World(context.server.url, env);
  });
  test.after.each(async ({ server, world }) => {
    await world.close();
    await server.stop();
  });
  return test;
}

/** A suite whose tests share one bus and one world. The functions in `ends` are called first, the last one first. */
export function sharedSystemSuite<More extends object>(
  name: string,
  env: Readonly<Record<string, string>> = {},
): Test<System & Cleanup & More> {
  const test = suite<System & Cleanup & More>(name);
  test.before(async (context) => {
    context.server = await startNatsServer();
    context.world = new World(context.server.url, env);
    context.ends = [];
  });
  test.after(async (context) => {
    await runCleanups(context);
    await context.world.close();
    await context.server.stop();
  });
  return test;
}

/** @param rules of the caller: those of the settings, unless said otherwise */
export function callerSuite(name: string, rules?: HealthRules): Test<System & { caller: Caller }> {
  const test = systemSuite<{ caller: Caller }>(name);
  test.before.each((context) => {
    context.caller = new Caller(context.server.url, rules);
  });
  test.after.each(({ caller }) => caller.close());
  return test;
}
