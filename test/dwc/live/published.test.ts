// takes: 10 s
// shares: dwc with instances
// The JSON of every live command has the fields that README publishes, those and no others.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../../src/dwc/commands/table.ts";
import { readPage, rowsOf, sectionOf } from "../../support/readme.ts";
import { BOARD, FakeMarket } from "./board.ts";
import { Running } from "./running.ts";

const test = suite("published JSON");
const section = sectionOf(readPage("docs/commands.md"), "In a terminal");
/** By command: `a`, `b` (`c`, `d`) as ["a", "b", "b.c", "b.d"]. */
const published = new Map(
  rowsOf(section.slice(section.indexOf("| `--json` of"))).map(([command = "", fields = ""]) => [
    command.replaceAll("`", ""),
    pathsOf(fields),
  ]),
);
let system: Running;
const market = new FakeMarket();
let url = "";

test.before(async () => {
  system = await Running.start();
  url = await market.start();
  await system.world.startRatings(1, { CHAOS: "1" });
});
test.after(async () => {
  await market.stop();
  await system.close();
});

function pathsOf(fields: string): readonly string[] {
  return [...fields.matchAll(/`(\w+)`(?: \(([^)]*)\))?/g)].flatMap(([, name = "", inner = ""]) => [
    name,
    ...[...inner.matchAll(/`(\w+)`/g)].map(([, one]) => `${name}.${one}`),
  ]);
}

/** The fields of an object, and below those that are published with fields of their own theirs. */
function fieldsOf(value: object, among: readonly string[]): readonly string[] {
  return Object.entries(value).flatMap(([name, inner]) => {
    const hasInner = among.some((path) => path.startsWith(`${name}.`));
    const first: unknown = Array.isArray(inner) ? inner[0] : inner;
    return hasInner ? [name, ...Object.keys(Object(first)).map((one) => `${name}.${one}`)] : [name];
  });
}

test("the fields are those of README", async () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    check: ["check", "--market", url],
    ps: ["ps", "--market", url],
    explain: ["explain", "ratings", "--market", url],
    top: ["top", "-n", "1", "--market", url],
    events: ["events", "--once", "--market", url],
    call: ["call", "ratings", "get", "camera"],
    fault: ["fault"],
  };
  assert.equal([...published.keys()].sort(), Object.keys(cases).sort());
  for (const [command, args] of Object.entries(cases)) {
    const { stdout } = await system.type([...args, "--json"]);
    const { schema_version, ...rest } = JSON.parse(stdout.split("\n")[0] ?? "");
    const fields = published.get(command) ?? [];
    assert.is(schema_version, 1, command);
    assert.equal([...fieldsOf(rest, fields)].sort(), [...fields].sort(), command);
  }
});

test("README names every command that asks the system, and the board's fields stay as they are", () => {
  const live = ["check", "call", "fault", "ps", "explain", "events", "top", "completion"];
  for (const name of live) {
    assert.ok(
      COMMANDS.some((command) => command.name === name),
      name,
    );
    assert.ok(section.includes(`bin/dwc ${name}`), name);
  }
  assert.is(BOARD.schema_version, 1);
});

test.run();
