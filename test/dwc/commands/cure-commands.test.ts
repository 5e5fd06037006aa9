// Every line of dwc that any program prints as a cure can be typed: the command exists, and has its arguments.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "../../../src/dwc/cli/core/parse.ts";
import { COMMANDS } from "../../../src/dwc/commands/table.ts";
import { repository } from "../../support/repository.ts";

const test = suite("lines that can be typed");

/** What ends a command in a sentence: two spaces, a bracket, a comma, the end of the text, or a pipe behind it. */
const COMMAND = /bin\/dwc ((?:"[^"\n]*"|'[A-Z]+'|\$\{[^}]*\}|[^\s"'`,();|>]|[ ](?! ))+)/g;
/** Placeholders of help texts, which show the form of a line and not a line. */
const FORMS = /^(COMMAND|--|\$\{)/;

function printed(): readonly { readonly file: string; readonly line: string }[] {
  const files = readdirSync(join(repository, "src"), { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const code = readFileSync(join(repository, "src", file), "utf8").replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, "");
      return [...code.matchAll(COMMAND)].map(([, line = ""]) => ({ file, line: line.trim() }));
    })
    .filter(({ line }) => line !== "" && !FORMS.test(line));
}

/** As a shell would split it, with any value in the place of one that is known when it is printed. */
function wordsOf(line: string): readonly string[] {
  const words = line.replace(/\$\{[^}]*\}/g, "value").match(/"[^"]*"|\S+/g) ?? [];
  return words.map((word) => word.replace(/^"(.*)"$/, "$1").replace(/[.:?]$/, ""));
}

test("each names a command, with all that it needs", () => {
  const all = printed();
  assert.ok(all.length > 40, `${all.length} found`);
  const wrong = all.filter(({ line }) => {
    const words = wordsOf(line);
    const command = COMMANDS.find(({ name, aliases = [] }) => [name, ...aliases].includes(words[0] ?? ""));
    if (command === undefined) return true;
    const needed = command.args.filter(({ isOptional }) => isOptional !== true).length;
    // Prose may go on behind a command that needs no more: "bin/dwc status to see them".
    const parsed = parse(words, COMMANDS);
    const isShort = words.slice(1).filter((word) => !word.startsWith("--")).length < needed;
    return isShort || (parsed.kind === "failed" && parsed.code !== "extra-argument");
  });
  assert.equal(wrong, []);
});

test.run();
