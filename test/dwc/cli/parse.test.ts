import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMON_OPTIONS } from "../../../src/dwc/cli/core/command.ts";
import { type ParsedCommand, parse, stateOption, wantsJson } from "../../../src/dwc/cli/core/parse.ts";
import { COMMANDS } from "../../../src/dwc/commands/table.ts";
import { goldenOf } from "../../support/golden.ts";

const test = suite("what was typed");
const golden = goldenOf(test, "dwc/parse");
const read = (...typed: string[]): ParsedCommand => parse(typed, COMMANDS);

/** The command that would run, as one line. */
function runs(...typed: string[]): string {
  const parsed = read(...typed);
  if (parsed.kind !== "run") return parsed.kind === "failed" ? `failed: ${parsed.code}` : parsed.kind;
  const { args, values, flags } = parsed.call;
  const options = [...[...values].map(([name, value]) => `${name}=${value}`), ...flags].sort();
  return [parsed.command.name, ...args, ...options.map((option) => `--${option}`)].join(" ");
}

/** The wrong usage that must be found; it always comes with something to type. */
function wrong(...typed: string[]): { code: string; message: string; hint: string } {
  const parsed = read(...typed);
  assert.is(parsed.kind, "failed", typed.join(" "));
  if (parsed.kind !== "failed") throw new Error("unreachable");
  assert.is(parsed.category, "usage");
  assert.ok(parsed.hint !== "", "says what to type");
  return parsed;
}

test("a command is known by its name and by its alias", () => {
  assert.is(runs("create-org", "My Org", "Ann", "a@b.c"), "create-org My Org Ann a@b.c");
  assert.is(runs("create-organization", "My Org", "Ann", "a@b.c"), "create-org My Org Ann a@b.c");
});

test("options stand before the command, behind it, and between its words", () => {
  for (const typed of [
    ["--org-id", "X1", "--json", "login", "a@b.c"],
    ["login", "--json", "a@b.c", "--org-id=X1"],
    ["login", "--org-id", "X1", "--json", "--", "a@b.c"],
  ]) {
    assert.is(runs(...typed), "login a@b.c --json --org-id=X1", typed.join(" "));
  }
  assert.is(runs("logout", "-f"), "logout --force");
});

test("a dash alone is a word, and so is whatever stands behind two", () => {
  assert.is(runs("accept-invitation", "-"), "accept-invitation -");
  assert.is(runs("create-service", "--", "--json"), "create-service --json");
  assert.not(wantsJson(["create-service", "--", "--json"]));
  assert.ok(wantsJson(["unknown", "--json"]));
});

test("help is found however it is asked for", () => {
  for (const typed of [[], ["help"], ["--help"], ["-h"]])
    assert.equal(read(...typed), { kind: "help", command: undefined });
  const status = COMMANDS.find(({ name }) => name === "status");
  for (const typed of [
    ["help", "status"],
    ["status", "--help"],
    ["status", "-h"],
    ["status", "help"],
    ["--help", "status"],
    ["status", "--unknown", "--help"],
  ]) {
    assert.equal(read(...typed), { kind: "help", command: status }, typed.join(" "));
  }
  for (const typed of [["--version"], ["-V"], ["version"]]) assert.equal(read(...typed), { kind: "version" });
});

test("an org may be called help", () => {
  assert.is(runs("create-org", "help", "Ann", "a@b.c"), "create-org help Ann a@b.c");
});

test("a near miss of a command is in the hint", () => {
  golden(wrong("statsu").hint);
  golden(wrong("help", "logn").hint);
  golden(wrong("create", "service", "x").hint);
  golden(wrong("org", "create", "x").hint);
  assert.match(wrong("frobnicate").hint, "bin/dwc --help");
});

test("a near miss of an option is in the hint; another command's option is unknown", () => {
  assert.match(wrong("login", "a@b.c", "--orgid", "X").hint, "--org-id");
  assert.match(wrong("status", "--jsn").hint, "--json");
  assert.match(wrong("--verison").hint, "--version");
  assert.is(wrong("status", "--force").code, "unknown-option");
  assert.is(wrong("status", "-x").code, "unknown-option");
  assert.is(wrong("--json").code, "no-command");
});

test("an option that needs a value takes no other option for it", () => {
  for (const typed of [
    ["status", "--state"],
    ["status", "--state="],
    ["status", "--state", "--json"],
    ["login", "a@b.c", "--org-id"],
    ["logout", "--force=no"],
  ]) {
    assert.is(wrong(...typed).code, "wrong-option", typed.join(" "));
  }
});

test("too few or too many words: the message names the argument", () => {
  golden(wrong("create-org", "My Org").message);
  assert.match(wrong("create-org", "My", "Org", "Ann", "a@b.c").message, "quotes");
  assert.match(wrong("create-service").message, "SERVICE");
  assert.match(wrong("status", "now").message, '"now"');
});

test("hostile words come back short and harmless", () => {
  for (const hostile of ["\x1b[2J", "x".repeat(10_000), "__proto__", "constructor", "-\u0000", "--__proto__", "--=x"]) {
    const { message } = wrong(hostile);
    assert.ok(message.length < 200, message);
    assert.not.match(message, /\p{Cc}/u);
  }
});

test("an option means the same in every command", () => {
  const all = [...COMMON_OPTIONS, ...COMMANDS.flatMap(({ options }) => options)];
  for (const { name, short, value } of all) {
    for (const other of all.filter((one) => one.name === name || (short !== undefined && one.short === short)))
      assert.equal([other.name, other.short, other.value], [name, short, value]);
  }
});

test("an unknown command or option has its code, and the list of commands where nothing is near", () => {
  const LIST = wrong("frobnicate").hint;
  assert.is(wrong("frobnicate").code, "unknown-command");
  assert.equal([wrong("--frobnicate").code, wrong("--frobnicate").hint], ["unknown-option", LIST]);
  assert.match(wrong("help", "org", "create").hint, "bin/dwc create-org ");
  assert.match(wrong("status", "--frobnicate").hint, "bin/dwc status --help");
});

test("what is missing is named, and with what else; quotes help only where several words can stand", () => {
  const missing = wrong("create-org");
  assert.equal([missing.code, missing.message], ["missing-argument", "create-org needs ORG, NAME and EMAIL"]);
  assert.is(wrong("create-org", "O", "Ann").message, "create-org needs EMAIL as well");
  assert.not.match(wrong("create-service", "my", "service").message, "quotes");
  assert.not.match(wrong("status", "now").message, "quotes");
});

test("a value may begin with a dash behind an equals sign, and be a dash alone, and is no space", () => {
  assert.is(runs("status", "--state=-x"), "status --state=-x");
  assert.is(runs("status", "--state", "-"), "status --state=-");
  assert.is(wrong("status", "--state", " ").code, "wrong-option");
  assert.is(wrong("status", "--state= ").code, "wrong-option");
});

test("the folder of --state is the last one that is right, whatever else was typed", () => {
  const folder = (...typed: string[]): string | undefined => stateOption(typed, COMMANDS);
  assert.is(folder("--state", "a", "unknown", "--state=b"), "b");
  assert.is(folder("status", "--state", "a", "--state="), "a");
  assert.is(folder("status", "--state", "--json"), undefined);
  assert.is(folder("login", "a@b.c", "--org-id", "X"), undefined);
});

test("--json counts up to two dashes, and not behind them", () => {
  assert.ok(wantsJson(["--json", "--", "x"]));
  assert.not(wantsJson(["ps", "--", "--json", "x"]));
});

test.run();
