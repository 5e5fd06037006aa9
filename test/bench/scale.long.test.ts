// takes: 35 s
// `make scale` with its smallest stage runs to its end: nothing checks the types of that folder.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/repository.ts";

const test = suite("the measurement of scale");

test("four callers and a hundred simulated instances are measured", async () => {
  const env = { ...process.env, QUICK: "1" };
  const { stdout } = await promisify(execFile)(process.execPath, ["bench/scale.js"], { cwd: repository, env });
  const [, row = ""] = /^\| 4 \| 100 \|(.*)\|$/m.exec(stdout) ?? [];
  const cells = row.split("|").map((cell) => cell.trim());
  assert.is(cells.length, 10, stdout);
  for (const cell of cells) assert.match(cell, /^\d/);
  assert.match(stdout, /nothing is written/);
});

test.run();
