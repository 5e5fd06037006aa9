// takes: 30 s
// The API reference (docs/api): every exported name has a docstring, and each door of the package has a page.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/repository.ts";
import { runCommand } from "./command.ts";
import { readJson } from "./consumer.ts";

const FOLDER = join(repository, "package/api");
const isThere = existsSync(join(FOLDER, "node_modules"));
const test = suite("the API reference");
const withTypedoc = isThere ? test : test.skip;
if (!isThere) console.log("  no typedoc here: type  sh bin/prepare-packages package/api");

withTypedoc("every exported name has a docstring, and each door a page", async () => {
  const out = mkdtempSync(join(tmpdir(), "api-reference-"));
  try {
    const { code, stderr } = await runCommand(process.execPath, [join(FOLDER, "write-api.js"), out], {
      cwd: repository,
      mustSucceed: false,
    });
    assert.is(code, 0, stderr);
    const index = readFileSync(join(out, "README.md"), "utf8");
    for (const entry of Object.keys(readJson(repository, "package/package.json")["exports"] as object)) {
      const name = join("datawire-connect", entry);
      const [, page = ""] = new RegExp(`\\[${name}\\]\\(([^)]+)\\)`).exec(index) ?? [];
      assert.match(readFileSync(join(out, page), "utf8"), `# ${name}`, `${name}: ${page}`);
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});

test.run();
