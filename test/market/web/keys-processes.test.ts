// The file of the cookie keys among several processes, and under a umask that takes the owner's rights.

import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { KEY_FILE, marketKeys } from "../../../src/market/web/keys.ts";
import { asUnprivileged } from "../../support/unprivileged.ts";

const test = suite("keys of several processes");
const root = mkdtempSync(join(tmpdir(), "market-keys-"));
test.after(() => rmSync(root, { recursive: true }));

test("Markets that start at once end with one key", async () => {
  const stateDir = join(root, "shared");
  const program = `const { marketKeys } = await import(process.argv[1]);
    process.stdout.write(JSON.stringify(marketKeys({ marketKeys: undefined, stateDir: process.argv[2] })));`;
  const module = import.meta.resolve("../../../src/market/web/keys.js");
  const start = (): Promise<{ stdout: string }> =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, module, stateDir]);
  const outputs = await Promise.all(Array.from({ length: 6 }, async () => (await start()).stdout));
  assert.is(new Set(outputs).size, 1, outputs.join("\n"));
  assert.is(JSON.parse(outputs[0] ?? "{}").warning, undefined);
  assert.equal(readdirSync(stateDir), [KEY_FILE]);
});

test("a folder that its owner may not read is reported", () => {
  const folder = join(root, "locked");
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  const umask = process.umask(0o777);
  try {
    assert.match(
      asUnprivileged(root, () => marketKeys({ marketKeys: undefined, stateDir: join(folder, "state") })).warning ?? "",
      /EACCES/,
    );
  } finally {
    process.umask(umask);
    chmodSync(join(folder, "state"), 0o700);
  }
});

test.run();
