import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMON_OPTIONS, type Command, helpText, usageLine } from "../../../src/dwc/cli/core/command.ts";
import { parse } from "../../../src/dwc/cli/core/parse.ts";
import { COMMANDS } from "../../../src/dwc/commands/table.ts";
import { goldenOf } from "../../support/golden.ts";

const test = suite("help");
const golden = goldenOf(test, "dwc/help");
/** As wide as a terminal, with a little for a long name of a folder. */
const WIDEST = 120;

const pages = [undefined, ...COMMANDS].map((command) => ({ command, text: helpText(command, COMMANDS) }));

test("the overview names every command with its summary, and how to read on", () => {
  const overview = helpText(undefined, COMMANDS);
  for (const { name, summary } of COMMANDS) assert.match(overview, new RegExp(`^  ${name} +${summary}$`, "m"));
  assert.match(overview, "bin/dwc COMMAND --help");
  golden(overview);
});

test("a page names all that its command takes, and what it means", () => {
  for (const command of COMMANDS) {
    const text = helpText(command, COMMANDS);
    for (const { name, meaning } of command.args) {
      assert.ok(
        text.split("\n").some((line) => line.includes(name) && line.includes(meaning)),
        `${command.name} ${name}`,
      );
    }
    for (const { name, meaning } of [...command.options, ...COMMON_OPTIONS]) {
      assert.ok(
        text.split("\n").some((line) => line.includes(`--${name}`) && line.includes(meaning)),
        `${command.name} --${name}`,
      );
    }
    for (const alias of command.aliases ?? []) assert.match(text, alias);
  }
});

test("every page has an example, and every example is right usage", () => {
  for (const { command, text } of pages) {
    const examples = text.slice(text.indexOf("For example\n")).split("\n").slice(1);
    const lines = examples.filter((line) => line.includes("bin/dwc ") && line.startsWith("  "));
    assert.ok(lines.length > 0, command?.name ?? "overview");
    for (const line of lines) assert.is(parse(words(line), COMMANDS).kind, "run", line);
  }
});

/** What a shell makes of the words behind bin/dwc. */
function words(line: string): string[] {
  const [, typed = ""] = /bin\/dwc ([^>|)]+)/.exec(line) ?? [];
  return [...typed.trim().matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

test("no page is wider than a terminal, ends a line in a space, or holds a colour", () => {
  for (const { text } of pages) {
    for (const line of text.split("\n")) assert.ok(line.length <= WIDEST && line === line.trimEnd(), line);
    assert.not.match(text, "\x1b");
  }
});

const move: Command = {
  ...{ name: "move", aliases: ["mv", "go"], summary: "moves it", about: ["It moves.", "Slowly."] },
  args: [
    { name: "WHAT", meaning: "it" },
    { name: "WHERE", meaning: "there", isOptional: true },
  ],
  options: [
    { name: "fast", short: "f", meaning: "at once" },
    { name: "by", value: "STEP", meaning: "so far" },
  ],
  example: "bin/dwc move it",
  run: () => Promise.reject(new Error("no help runs a command")),
};
const stay: Command = { ...move, name: "stay", summary: "stays", aliases: [], about: [], args: [], options: [] };

test("a page has a paragraph for each thing that there is, and none for what there is not", () => {
  const paragraphs = helpText(move, [move]).split("\n\n");
  const [head, usage, args, options = "", ...rest] = paragraphs;
  assert.is(head, "dwc move: moves it\nAlso known as: mv, go");
  assert.is(usage, "Usage\n  dwc move [--fast] [--by STEP] WHAT [WHERE]");
  assert.is(args, "Arguments\n  WHAT   it\n  WHERE  there");
  const width = "    --state FOLDER".length;
  assert.equal(options.split("\n").slice(0, 3), [
    "Options",
    `  ${"-f, --fast".padEnd(width)}  at once`,
    `  ${"    --by STEP".padEnd(width)}  so far`,
  ]);
  assert.equal(rest, ["It moves.\nSlowly.", "For example\n  bin/dwc move it"]);
  assert.equal(
    helpText(stay, [stay])
      .split("\n\n")
      .map((text) => text.split("\n")[0]),
    ["dwc stay: stays", "Usage", "Options", "For example"],
  );
  assert.match(helpText(stay, [stay]), /^dwc stay: stays\n\nUsage/);
  const { aliases: _, ...nameless } = stay;
  assert.is(helpText(nameless, [nameless]), helpText(stay, [stay]));
  assert.is(usageLine(stay), "dwc stay");
});

test("a command without other names names none", () => {
  for (const { text, command } of pages)
    assert.is(text.includes("Also known as"), (command?.aliases ?? []).length > 0, command?.name ?? "overview");
});

test.run();
