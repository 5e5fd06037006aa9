// takes: 3 s
//
// Programs that may open too few files to be loaded.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Program } from "../support/program.ts";

const test = suite("descriptors");

for (const name of ["market", "ratings", "shoppers", "demo", "tour"] as const)
  test(`${name} says in a sentence that it may open too few files`, async () => {
    for (const openFiles of [64, 100]) {
      const program = new Program({ name, args: name === "tour" ? ["--auto"] : [], env: {}, openFiles });
      assert.is((await program.ended).code, 1);
      assert.equal(program.lines, [
        `${name}: this process may open ${openFiles} files, and needs 128: raise the limit where it is started (ulimit -n 1024, or LimitNOFILE=1024 in a systemd unit)`,
      ]);
    }
  });

test("with as many as it asks for the Market opens", async () => {
  const folder = mkdtempSync(join(tmpdir(), "descriptors-"));
  const env = { PORT: "0", ADMIN_PORT: "0", NATS_URL: "nats://user:password@127.0.0.1:1", DWC_STATE: folder };
  const program = new Program({ name: "market", env, openFiles: 128 });
  await program.waitFor(/open at http/, { limitMs: 60_000 });
  await program.end();
  rmSync(folder, { recursive: true });
});

test.run();
