// takes: 5 s
// The parts of `make bench` run to their end: nothing checks the types of that folder.

import { fork } from "node:child_process";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/repository.ts";

const test = suite("the parts of the bench");

test("a pick, the memory of an incarnation and the receipt of heartbeats are measured", async () => {
  const child = fork(join(repository, "bench/lib/parts.js"), [], { execArgv: ["--expose-gc"] });
  const measured = new Promise<Record<string, { readonly median: number }>>((resolve) =>
    child.once("message", (message) => resolve(message as Record<string, { readonly median: number }>)),
  );
  const ended = new Promise<never>((_, reject) =>
    child.once("exit", (code) => reject(new Error(`it ended with code ${code}`))),
  );
  child.send({ rounds: 1 });
  const parts = await Promise.race([measured, ended]);
  assert.equal(Object.keys(parts), ["fewNs", "manyNs", "bytes", "beats"]);
  for (const [name, { median }] of Object.entries(parts)) assert.ok(median > 0, `${name}: ${median}`);
});

test.run();
