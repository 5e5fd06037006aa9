// Holding a process: a connected bus does, as any socket does; clients and instances do not.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNatsServer } from "../support/nats-server.ts";
import { repository } from "../support/repository.ts";

const ending = suite("the end of a process");

const SCRIPT = join(repository, "dist/test/support/unclosed.js");
/** Far more than a process needs to end, on a busy machine. */
const LIMIT_MS = 20_000;
/** How long a process is seen to go on. */
const HELD_MS = 500;

/** Resolves once its own code is over. */
async function start(scenario: string, url = "") {
  const child = spawn(process.execPath, [SCRIPT, scenario, url], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit").then(([code]: unknown[]) => code);
  const late = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  void ended.then(() => clearTimeout(late));
  let printed = "";
  child.stdout.on("data", (text: Buffer) => (printed += String(text)));
  await Promise.race([once(child.stdout, "data"), ended]);
  return { child, ended, printed: () => printed };
}

for (const scenario of ["a client in memory", "an instance and a client in memory", "a call that is not answered"])
  ending(`${scenario}: not held`, async () => {
    const program = await start(scenario);
    assert.is(await program.ended, 0);
    assert.is(program.printed(), "over\n");
  });

ending("client and instance of a closed bus: not held; a connected bus: held", async () => {
  const server = await startNatsServer();
  try {
    const program = await start("client and instance of a closed bus", server.url);
    assert.is(await program.ended, 0);
    const held = await start("a bus", server.url);
    const goesOn = new Promise((resolve) => setTimeout(() => resolve("it goes on"), HELD_MS));
    assert.is(await Promise.race([held.ended, goesOn]), "it goes on");
    held.child.kill();
    await held.ended;
  } finally {
    await server.stop();
  }
});

ending.run();
