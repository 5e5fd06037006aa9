// takes: 10 s
// shares: dwc
// dwc among the things of a shell: links, other folders, pipes that close, disks that are full, and no HOME.

import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../../src/dwc/commands/table.ts";
import { VERSION } from "../../../src/program/program.ts";
import { goldenOf } from "../../support/golden.ts";
import { Desk, ownersDesk, PROGRAM } from "../run-dwc.ts";

const test = suite("dwc in a shell");
const golden = goldenOf(test, "dwc/shell");
let ann: Desk;

test.before(async () => {
  ann = await ownersDesk();
});
test.after(() => ann.clear());

test("it runs through a link to a link, from any folder", async () => {
  symlinkSync(PROGRAM, join(ann.folder, "first"));
  symlinkSync("first", join(ann.folder, "second"));
  const { code, stdout } = await ann.start(["status"], { program: join(ann.folder, "second"), cwd: "/" });
  assert.is(code, 0);
  golden(stdout);
});

test("--state wins over DWC_STATE, and is meant from the folder that one is in", async () => {
  const { stdout } = await ann.start(["status", "--state", "elsewhere"]);
  assert.match(stdout, `(${join(ann.folder, "elsewhere")})`);
  const there = await ann.type(["--state", ann.state, "status"], { env: { DWC_STATE: undefined, HOME: undefined } });
  golden(there.stdout);
});

test("without a HOME it says what to set, and help needs none", async () => {
  const env = { HOME: undefined, DWC_STATE: undefined };
  const { code, stderr } = await ann.type(["status"], { env });
  assert.is(code, 2);
  assert.match(stderr, /HOME.*set DWC_STATE/);
  assert.is((await ann.start(["--help"], { env })).code, 0);
});

test("in HOME it keeps its state in .datawire", async () => {
  const desk = new Desk();
  const { code } = await desk.type(["create-org", "Org", "Ben", "b@example.org"], { env: { DWC_STATE: undefined } });
  assert.is(code, 0);
  assert.match((await desk.type(["status", "--state", join(desk.folder, ".datawire")])).stdout, "b@example.org");
  desk.clear();
});

test("a folder that cannot be written is named in the refusal, and nothing is written", async () => {
  writeFileSync(join(ann.folder, "file"), "");
  symlinkSync("nowhere/at/all", join(ann.folder, "dangling"));
  const inOurs = ["file", "file/below", "dangling"].map((name) => join(ann.folder, name));
  // /proc always says that the parent is missing: a program that believes it retries without end.
  for (const state of [...inOurs, "/dev/null/x", "/proc/none", "/proc/none/x"]) {
    const { code, stdout, stderr } = await ann.type(["create-org", "Org", "Ben", "b@c.de", "--state", state]);
    assert.is(code, 1, state);
    assert.is(stdout, "");
    assert.match(stderr, state);
    assert.not.match(stderr, / at .*\.[jt]s:\d+/, "no stack trace");
  }
});

test("a reader that leaves early is no error", async () => {
  for (const [command, code] of [
    ["status", 0],
    ["service-token none", 1],
  ] as const) {
    const { stdout, stderr } = await ann.shell(`"$DWC" ${command} | true; echo "\${PIPESTATUS[0]}"`);
    assert.is(stdout, `${code}\n`, command);
    assert.not.match(stderr, "EPIPE");
  }
  const { stdout } = await ann.shell(`"$DWC" status | head -n 1`);
  golden(stdout);
});

// A closed stdout: unwritten.test.ts.
test("a closed stderr or stdin is no crash, and a full disk is reported", async () => {
  const closed = await ann.shell(`"$DWC" unknown 2>&-; echo $?; "$DWC" status <&-; echo $?`);
  assert.match(closed.stdout, /^2\n[\s\S]*\n0\n$/);
  const { stdout, stderr } = await ann.shell(`"$DWC" status >/dev/full; echo $?`);
  assert.is(stdout, "1\n");
  golden(stderr);
});

test("no answer has a colour, whatever the environment asks for", async () => {
  const env = { FORCE_COLOR: "1", TERM: "xterm-256color", CLICOLOR_FORCE: "1" };
  const { stdout, stderr } = await ann.start(["status"], { env });
  assert.not.match(stdout + stderr, "\u001b");
});

test("help of every command is there, on stdout, with exit code 0", async () => {
  for (const { name } of COMMANDS) {
    const { code, stdout, stderr } = await ann.type([name, "--help"]);
    assert.is(code, 0);
    assert.match(stdout, `dwc ${name}`);
    assert.is(stderr, "");
  }
  assert.is(await ann.must("--version"), `${VERSION}\n`);
});

test("settings of the Market that are wrong do not keep help from being read", async () => {
  assert.is((await ann.type(["create-org", "--help"], { env: { PORT: "none" } })).code, 0);
});

test.run();
