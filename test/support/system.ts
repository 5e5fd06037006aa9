// A suite whose tests each have a bus and a world of their own, and a caller where one is wanted. All of it ends with the
// test, also when it failed.

import { suite, type Test } from "uvu";
import { Caller } from "./caller.ts";
import { startNatsServer, type TestServer } from "./nats-server.ts";
import { World } from "./world.ts";

export interface System {
  server: TestServer;
  world: World;
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

export function callerSuite(name: string): Test<System & { caller: Caller }> {
  const test = systemSuite<{ caller: Caller }>(name);
  test.before.each((context) => {
    context.caller = new Caller(context.server.url);
  });
  test.after.each(({ caller }) => caller.close());
  return test;
}
