// takes: 12 s
// bin/prepare: packages, programs, locks and what it says of a machine that has no Node. What it installs of the system
// is tried in prepare-system.long.test.ts.

import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openWindow } from "../support/terminal.ts";
import { box, calls, first, names, prepare, prepared, prepareSuite } from "./prepare-box.ts";

const test = prepareSuite("bin/prepare");
/** The contract: with nothing to do the program starts within a second. */
const QUICK_MS = 1_000;
/** A machine may be busy for a moment, hardly for three in a row. */
const TRIES = 3;
/** Far below what waiting for a lock takes, far above what not waiting takes. */
const AT_ONCE_MS = 15_000;

test("a fresh clone gets its packages and programs, and a second run does nothing, in silence", async () => {
  prepared();
  assert.is(first.code, 0, first.said);
  assert.match(first.said, /^prepare: installing the npm packages .* done\nprepare: compiling\n$/);
  const [install = "", ...others] = first.calls;
  assert.match(install, /^npm ci .* cache=$/, "npm's own");
  assert.equal(others, ["tsc"]);
  let leastMs = Number.POSITIVE_INFINITY;
  for (let tried = 0; tried < TRIES && leastMs >= QUICK_MS; tried += 1) {
    const again = await prepare();
    assert.is(again.said, "");
    leastMs = Math.min(leastMs, again.tookMs);
  }
  assert.ok(leastMs < QUICK_MS, `took ${leastMs} ms`);
  assert.equal(calls(), []);
});

test("a half install, a deleted package and another lock are each installed again", async () => {
  prepared();
  rmSync(join(box.folder, "node_modules/.prepared"));
  await prepare();
  assert.equal(names(), ["npm ci"], "half");
  rmSync(join(box.folder, "node_modules/nats"), { recursive: true });
  await prepare();
  assert.equal(names(), ["npm ci"], "deleted");
  box.write("package-lock.json", '{ "other": true }\n');
  await prepare();
  assert.equal(names(), ["npm ci", "tsc"], "another lock");
});

test("a changed source is compiled, and the program of a deleted one goes", async () => {
  prepared();
  box.write("src/b.ts", "right\n");
  box.write("src/a.ts", "new\n");
  await prepare();
  assert.ok(existsSync(join(box.folder, "dist/src/b.js")));
  assert.is(readFileSync(join(box.folder, "dist/src/a.js"), "utf8"), "new\n");
  rmSync(join(box.folder, "src/b.ts"));
  await prepare();
  assert.not.ok(existsSync(join(box.folder, "dist/src/b.js")));
});

test("a bundler that fails is shown, and leaves no program to run", async () => {
  const refused = await prepare({ ESBUILD_SAYS: "no such export" });
  assert.is(refused.code, 1);
  assert.match(refused.said, /no such export\nprepare: the compiler refused/);
  assert.not.ok(existsSync(join(box.folder, "dist")));
});

test("a refused source is shown, leaves no old program to run, and is tried again", async () => {
  prepared();
  box.write("src/a.ts", "wrong\n");
  for (const _ of ["first", "again"]) {
    const refused = await prepare();
    assert.is(refused.code, 1);
    assert.match(refused.said, /src\/a.ts:1:wrong\nprepare: the compiler refused the sources \(above\): mend them/);
    assert.not.ok(existsSync(join(box.folder, "dist")));
  }
});

test("a ^C ends an install at once, and the next run starts it over", async () => {
  const window = await openWindow({ name: "one", cwd: box.folder });
  try {
    window.type(`PATH='${box.tools}' FAKES='${box.tools}' NPM_TAKES=60 sh bin/prepare; echo ended:$?\n`);
    await window.waitFor(/installing the npm packages .* \./, AT_ONCE_MS);
    window.ctrlC();
    await window.waitFor("ended:130\n", AT_ONCE_MS);
  } finally {
    await window.close();
  }
  calls();
  assert.is((await prepare()).code, 0);
  assert.equal(names(), ["npm ci", "tsc"]);
});

for (const lock of ["flock", "no flock"]) {
  test(`two at once install once, and the second says what it waits for (${lock})`, async () => {
    if (lock === "no flock") rmSync(join(box.tools, "flock"));
    const both = await Promise.all([prepare({ NPM_TAKES: "2" }), prepare({ NPM_TAKES: "2" })]);
    assert.equal(
      both.map(({ code }) => code),
      [0, 0],
    );
    assert.equal(names(), ["npm ci", "tsc"]);
    const said = both.map((one) => one.said).join("");
    assert.match(said, /prepare: waiting for another make in this folder to finish installing \.* done\n/);
    assert.match(said, /installing the npm packages .* \.+ done/, "a sign of life");
  });
}

test("a lock whose owner is dead is taken over at once", async () => {
  rmSync(join(box.tools, "flock"));
  mkdirSync(join(box.folder, ".prepared"));
  const dead = await box.run("sh", ["-c", "echo $$"]);
  symlinkSync(dead.said.trim(), join(box.folder, ".prepared/lock.link"));
  const { code, tookMs } = await prepare();
  assert.is(code, 0);
  assert.ok(tookMs < AT_ONCE_MS, `took ${tookMs} ms`);
  assert.not.ok(existsSync(join(box.folder, ".prepared/lock.link")), "and is given back");
});

test("a Node that is too old or missing, and a missing npm, are each said in one line with what to type", async () => {
  prepared();
  box.tool("node", "echo v18.20.4");
  const old = await prepare();
  assert.is(old.code, 1);
  assert.match(
    old.said,
    /^prepare: Node 18\.20\.4 is too old, 20\.19 or newer is needed: type {2}.*npx --yes n 20.*\n$/,
  );
  for (const version of ["v20.18.3", "v9.99.0", "v20.19.0", "v22.1.0"]) {
    box.tool("node", `echo ${version}`);
    const { code } = await prepare();
    assert.is(code, ["v20.19.0", "v22.1.0"].includes(version) ? 0 : 1, version);
  }
  rmSync(join(box.tools, "npm"));
  rmSync(join(box.folder, "node_modules"), { recursive: true });
  assert.match((await prepare()).said, /^prepare: npm is missing: type {2}.*apt-get install -y npm"?\n$/);
  rmSync(join(box.tools, "node"));
  const missing = await prepare();
  assert.is(missing.code, 1);
  assert.match(missing.said, /^prepare: Node is missing: see https:\/\/nodejs.org.*\n$/);
});

test("npm's trouble becomes one line that names the way out", async () => {
  const expected = {
    "npm error code ENOSPC": /prepare: the disk is full: free some space/,
    "npm error code EACCES": /prepare: \S+ may not write in .*: type {2}.*chown -R/,
    "npm error code ENOTFOUND": /prepare: npm does not reach its registry/,
    "npm error code EUSAGE":
      /prepare: package\.json and package-lock\.json name different packages: type {2}npm install/,
    "npm error something else": /something else\nprepare: npm ci failed \(above\): type {2}make clean && make/,
  };
  for (const [says, line] of Object.entries(expected)) {
    const { code, said } = await prepare({ NPM_SAYS: says });
    assert.is(code, 1, says);
    assert.match(said, line);
    assert.is(said.trim().split("\n").at(-1)?.startsWith("prepare: "), true, "the way out is the last line");
  }
});

test("a folder that may not be written in is said before anything is tried", async () => {
  box.tool("mkdir", 'echo "mkdir: cannot create directory: Read-only file system" >&2; exit 1');
  assert.match((await prepare()).said, /^prepare: this folder is on a read-only disk: type {2}cp -r/);
  box.tool("mkdir", 'echo "mkdir: cannot create directory: Permission denied" >&2; exit 1');
  assert.match((await prepare()).said, /^prepare: \S+ may not write in .*, which belongs to \S+: type {2}.*chown -R/);
  assert.equal(calls(), []);
});

test("without a HOME of its own npm keeps its cache in the folder", async () => {
  for (const home of [undefined, "/proc"]) {
    await prepare({ HOME: home });
    assert.match(calls()[0] ?? "", /^npm ci --include=dev .* cache=.*my clone\/\.prepared\/npm-cache$/, String(home));
    assert.not.ok(existsSync(join(box.folder, "~")));
    rmSync(join(box.folder, "node_modules"), { recursive: true });
  }
});

test("an unknown argument is rejected", async () => {
  const { code, said } = await prepare({}, "teapot");
  assert.is(code, 1);
  assert.match(said, 'does not know "teapot"');
});

test.run();
