// A process that waits for nothing but its client.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/repository.ts";

const test = suite("waiting process");

test("a client that waits to be ready holds no process", async () => {
  const module = (path: string): string => JSON.stringify(pathToFileURL(join(repository, "dist/src", path)).href);
  const program = `
    import { contract, createClient, nothing, operation } from ${module("connect/index.js")};
    import { memoryBus } from ${module("testing/index.js")};
    const client = createClient(contract("echo", { get: operation(nothing, nothing) }), { bus: memoryBus() });
    client.ready(3).then(() => console.log("ready"));`;
  const args = ["--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
  assert.is(stdout, "");
});

test.run();
