// takes: 8 s
// shares: dwc
// After --state each command that is printed as a hint comes with the folder that it is about: typed as it stands, it would
// change the folder of the environment.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Command, CommandContext } from "../../../src/dwc/cli/core/command.ts";
import { type Failed, folderNote } from "../../../src/dwc/cli/core/result.ts";
import { runDwc } from "../../../src/dwc/cli/main.ts";
import { COMMANDS } from "../../../src/dwc/commands/table.ts";
import { type DeskContext, deskSuite, newDesk } from "../desk-bus.ts";
import { annsDesk, type Desk } from "../run-dwc.ts";

interface Context extends DeskContext {
  other: Desk;
}

const test = deskSuite<Context>("--state", async (context) => {
  context.other = await newDesk(context, annsDesk());
});

test("a refusal, a wrong word and a wrong option name the folder", async ({ ann, other }) => {
  const typed: readonly (readonly string[])[] = [
    ["service-token", "prices"],
    ["creat-service", "prices"],
    ["create-service"],
    ["revoke", "--againn", "prices"],
    ["revoke", "a", "b"],
    ["--againn"],
    ["explain", "?"],
  ];
  for (const words of typed) {
    for (const state of [["--state", other.state], [`--state=${other.state}`]]) {
      const { stderr } = await ann.type([...words, ...state]);
      assert.match(stderr, /bin\/dwc /, words.join(" "));
      assert.match(stderr, `type\n  export DWC_STATE=${other.state}\n`, words.join(" "));
      const { hint } = (JSON.parse((await ann.type([...words, ...state, "--json"])).stderr) as { error: Failed }).error;
      assert.match(hint, `(first:  export DWC_STATE=${other.state})`, words.join(" "));
    }
    assert.not.match((await other.type(words)).stderr, "export");
    assert.not.match((await other.type([...words, "--json"])).stderr, "export");
  }
});

test("a setting that is wrong names the folder where it offers a command", async () => {
  const failed = {
    kind: "failed",
    category: "usage",
    code: "wrong-setting",
    message: "wrong",
    hint: "bin/dwc status",
  } as const;
  const options = {
    commands: COMMANDS,
    version: "1.0.0",
    folderOf: (typed: string) => `/at/${typed}`,
    openContext: () => failed,
  };
  assert.match((await runDwc(["status", "--state", "x"], options)).stderr, "export DWC_STATE=/at/x\n");
  assert.not.match((await runDwc(["status"], options)).stderr, "export");
});

test("the cures of a check name the folder, on a screen and as JSON", async ({ ann, other }) => {
  const asked = ["check", "--state", other.state];
  assert.match((await ann.type(asked)).stderr, `export DWC_STATE=${other.state}\n`);
  const { findings } = JSON.parse((await ann.type([...asked, "--json"])).stdout) as {
    findings: { hint: string | null }[];
  };
  const cures = findings.flatMap(({ hint }) => (hint !== null && /bin\/dwc |make /.test(hint) ? [hint] : []));
  assert.ok(cures.length > 0);
  for (const hint of cures) assert.match(hint, `export DWC_STATE=${other.state}`);
});

test("what a command prints while it runs names the folder once, and another program's words do not", async () => {
  const written: string[] = [];
  const screen = {
    isTerminal: false,
    showMeanwhile: () => undefined,
    write: (text: string) => written.push(text),
    writeNote: (text: string) => written.push(`! ${text}\n`),
  };
  const world = { screen } as unknown as CommandContext;
  const command = (run: Command["run"]): Command => ({ ...(COMMANDS[0] as Command), name: "x", args: [], run });
  const type = (run: Command["run"], ...words: string[]) =>
    runDwc(["x", "--state", "y", ...words], {
      commands: [command(run)],
      version: "",
      folderOf: (typed) => typed,
      openContext: () => world,
    });
  const streamed = async (_call: unknown, { screen: shown }: CommandContext) => {
    shown.write("type  bin/dwc status\n");
    shown.writeNote("type  bin/dwc status");
    return { kind: "streamed", exitCode: 0 } as const;
  };
  await type(streamed);
  assert.equal(written, ["type  bin/dwc status\n", NOTE, "! type  bin/dwc status\n"]);
  const json = { warnings: ["refused: type  bin/dwc renew"], org: { name: "make it" } };
  const warned = { kind: "done", lines: [], notes: [], json, ifUnwritten: "read-only" } as const;
  const { stdout } = await type(async () => warned, "--json");
  assert.match(stdout, '["refused: type  bin/dwc renew   (first:  export DWC_STATE=y)"]');
  assert.match(stdout, '"name":"make it"');
  const foreign = {
    kind: "done",
    lines: ["bin/dwc x"],
    notes: [],
    json: { hint: "bin/dwc x" },
    isForeign: true,
    ifUnwritten: "read-only",
  } as const;
  assert.is((await type(async () => foreign)).stderr, "");
  assert.match((await type(async () => foreign, "--json")).stdout, '"hint":"bin/dwc x"}');
});

test("a folder whose name cannot be printed is refused by rule, wherever it was named, and nothing is made", async ({
  ann,
}) => {
  mkdirSync(join(ann.folder, "in\u001bhere"));
  const lines = [`DWC_STATE=$'x\\xff' "$DWC" status`, `cd in*here && "$DWC" create-service --state state`];
  for (const line of lines) {
    const { stderr, stdout } = await ann.shell(`${line}; echo $?`);
    assert.is(stdout, "2\n", line);
    if (!line.includes("create-service"))
      assert.match(stderr, "is not a path in UTF-8 without control characters", line);
    assert.not.match(stderr, /[^\n -~]/, line);
  }
  const typed = await ann.type(["create-org", "O", "Ben", "b@c.de", "--state", "x\u001b[31m", "--json"]);
  assert.is(typed.code, 2);
  assert.match(typed.stderr, /is not a path in UTF-8 without control characters/);
  assert.not.match(typed.stderr, /[^\n -~]/);
  const file = join(ann.folder, "file");
  writeFileSync(file, "");
  for (const state of ["x\u001b[31m", "nats://a/b", file])
    for (const words of [["status"], ["create-org", "O", "Ben", "b@c.de", "--json"]]) {
      const { stderr } = await ann.type([...words, "--state", state]);
      assert.match(stderr, /--state /, `${words[0]} ${state}`);
      assert.not.match(stderr, "DWC_STATE", `${words[0]} ${state}`);
    }
  rmSync(file);
  assert.equal(
    readdirSync(ann.folder).filter((name) => name !== "state"),
    ["in\u001bhere"],
  );
});

test("the note about a folder can be typed, whatever its letters", () => {
  const [, line = ""] = folderNote("/a b/\u0622\u200c\u0646/it's");
  assert.not.match(line, /[\p{Cc}\p{Cf}]/u);
  const said = execFileSync("bash", ["-c", `${line}; printf %s "$DWC_STATE"`], { encoding: "utf8" });
  assert.is(said, "/a b/\u0622\u200c\u0646/it's");
  assert.equal(folderNote("/plain")[1], "  export DWC_STATE=/plain");
});

const NOTE = "! Note: this is about the folder y. Before any of these commands type\n  export DWC_STATE=y\n";

test("a folder whose name ends in a blank is the one that is used and named, and a blank alone is no folder", async ({
  ann,
}) => {
  const folder = join(ann.folder, "ends in ");
  mkdirSync(folder);
  const before = readdirSync(ann.folder);
  await ann.start(["create-org", "O", "Ben", "ben@example.org", "--state", "."], { cwd: folder });
  assert.ok(readdirSync(folder).includes("identity.json"));
  const { stderr } = await ann.type(["service-token", "prices", "--state", `${folder}/`]);
  assert.equal(readdirSync(ann.folder), before);
  const line = /^ {2}(export DWC_STATE=.*)$/m.exec(stderr)?.[1] ?? "";
  assert.match((await ann.shell(`cd / && ${line}; "$DWC" status`)).stdout, "Logged in as");
  assert.is((await ann.type(["status", "--state", " "])).code, 2);
});

test.run();
