// takes: 8 s
// ps and check print at once what they do, and replace that by what they know as it comes. In a pipe nothing of that is seen.

import { spawn } from "node:child_process";
import * as assert from "uvu/assert";
import { canReplaceLines, earlyLine } from "../../../src/dwc/cli/core/early-line.ts";
import type { Line } from "../../../src/dwc/cli/core/result.ts";
import { ShownLines } from "../../../src/dwc/cli/shown-lines.ts";
import { evaluateChecks, linesSoFar } from "../../../src/dwc/commands/check.ts";
import { findingLines } from "../../../src/dwc/commands/finding.ts";
import type { Facts } from "../../../src/dwc/live/facts.ts";
import { repository } from "../../support/repository.ts";
import { systemSuite } from "../../support/system.ts";
import type { World } from "../../support/world.ts";
import { well } from "../facts.ts";

const test = systemSuite("first output of dwc");

interface Shown {
  /** Until the first output. */
  readonly firstMs: number;
  readonly raw: string;
}

/** Types a line in a terminal of its own. */
function typed(line: string, env: Readonly<Record<string, string>>): Promise<Shown> {
  const startedAt = performance.now();
  let firstMs = 0;
  let raw = "";
  const child = spawn("script", ["-qfc", line, "/dev/null"], {
    cwd: repository,
    env: { ...process.env, TERM: "xterm", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (firstMs === 0) firstMs = performance.now() - startedAt;
    raw += text;
  });
  return new Promise((resolve) => child.once("close", () => resolve({ firstMs, raw })));
}

/** What stands on the terminal in the end. */
function screenOf(raw: string): readonly string[] {
  const lines: string[] = [""];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is read here
  for (const [part] of raw.matchAll(/\u001b\[(\d+)F\u001b\[J|\u001b\[[0-9;]*m|\r|\n|[^\u001b\r\n]+/g)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
    const up = /^\u001b\[(\d+)F/.exec(part)?.[1];
    if (up !== undefined) lines.splice(lines.length - 1 - Number(up), Number(up));
    else if (part === "\n") lines.push("");
    else if (part !== "\r" && !part.startsWith("\u001b")) lines[lines.length - 1] += part;
  }
  return lines.slice(0, -1);
}

async function running(world: World): Promise<Readonly<Record<string, string>>> {
  const market = await world.startMarket();
  await world.startRatings(1);
  await market.untilKnown(1);
  const [PORT, ADMIN_PORT] = [new URL(market.url).port, new URL(market.admin).port];
  return { PORT, ADMIN_PORT, NATS_URL: world.natsUrl, DWC_STATE: world.stateDir, NO_COLOR: "1" };
}

/** 300 ms where Node alone takes 154. */
const MAX_RATIO = 300 / 154;
/** On an idle machine one round is enough. Where all cores are busy, few starts are undisturbed. */
const MAX_ROUNDS = 30;

test("the first output comes at once, in a ratio to a bare start of Node", async ({ world }) => {
  const env = await running(world);
  const bare = `${process.execPath} -e "process.stdout.write('x')"`;
  // The least of all rounds: other processes only ever add to a start, and to the one of a pair more than to the other.
  const least = { node: Number.POSITIVE_INFINITY, ps: Number.POSITIVE_INFINITY, check: Number.POSITIVE_INFINITY };
  const isSoon = (): boolean => Math.max(least.ps, least.check) / least.node < MAX_RATIO;
  for (let round = 0; round < MAX_ROUNDS && !isSoon(); round += 1)
    for (const [name, command] of [
      ["node", bare],
      ["ps", "bin/dwc ps"],
      ["check", "bin/dwc check"],
    ] as const)
      least[name] = Math.min(least[name], (await typed(command, env)).firstMs);
  assert.ok(isSoon(), `ps: ${least.ps} ms, check: ${least.check} ms, Node ${least.node} ms`);
});

test("what is shown meanwhile is replaced by the result, which is that of a pipe", async ({ world }) => {
  const env = await running(world);
  for (const [name, meanwhile] of [
    ["ps", /^calling the roll, and asking the Market …\r?\n[\s\S]*ratings\/1 [^\n]*\n[^\n]*calling the roll …/],
    [
      "check",
      /^asking the bus, [^\n]*\n[\s\S]*Bus\r?\n[^\n]*… waits for an answer\r?\n[\s\S]*Identity\r?\n[^\n]* √ fine/,
    ],
  ] as const) {
    const { raw } = await typed(`stty cols 250; bin/dwc ${name}`, env);
    assert.match(raw, meanwhile);
    const screen = screenOf(raw).join("\n");
    assert.not.match(screen, "…");
    const inPipe = (await typed(`bin/dwc ${name} | cat`, env)).raw.replaceAll("\r", "");
    // Ages and times differ from run to run, and so do their units.
    const words = (text: string): string =>
      text
        .replace(/[\d.]+( (ms|s|m)\b)*/g, "0")
        .replace(/\s+/g, " ")
        .trim();
    assert.is(words(screen), words(inPipe));
  }
  const { raw: wrong } = await typed("NATS_URL=wrong:// bin/dwc ps", env);
  assert.match(screenOf(wrong)[0] ?? "", /^dwc: wrong setting: NATS_URL/);
  for (const line of ["bin/dwc ps --json", "bin/dwc check --json", "TERM=dumb bin/dwc ps", "bin/dwc ps | cat"])
    assert.not.match((await typed(line, env)).raw, "…", line);
});

test("only a command that waits has an early line, and only where nothing can be wrong with it", () => {
  assert.ok(earlyLine(["ps"]) && earlyLine(["ps", "greetings"]) && earlyLine(["check"]));
  for (const words of [[], ["--help"], ["status"], ["ps", "--json"], ["check", "-h"], ["__complete", "ps"]])
    assert.is(earlyLine(words), undefined, words.join(" "));
  assert.equal(
    [canReplaceLines(true, "xterm"), canReplaceLines(true, "dumb"), canReplaceLines(true, undefined)],
    [true, false, false],
  );
  assert.not(canReplaceLines(false, "xterm"));
});

test("lines are replaced by as many as come, and nothing is written where they cannot be", () => {
  const written: string[] = [];
  const output = { write: (text: string) => written.push(text) } as unknown as NodeJS.WritableStream;
  const shown = new ShownLines(output, true, 1);
  shown.replace(["one", "two"]);
  shown.replace([]);
  shown.replace([]);
  assert.equal(written.splice(0), ["\u001b[1F\u001b[Jone\ntwo\n", "\u001b[2F\u001b[J"]);
  const pipe = new ShownLines(output, false, 1);
  pipe.replace(["one"]);
  assert.equal(written, []);
});

const textOf = (line: Line): string => (typeof line === "string" ? line : line.text);
const WAITS = "  … waits for an answer";

test("each group of findings is shown when its own facts have come, and reads no others", () => {
  const room = Number.POSITIVE_INFINITY;
  const shown = (known: Partial<Facts>): readonly string[] => linesSoFar(known, room).map(textOf);
  assert.equal(shown({}), ["Bus", WAITS, "Identity", WAITS, "Instances", WAITS, "Market", WAITS, "Machine", WAITS]);
  const whole = findingLines(evaluateChecks(well), room).map(textOf);
  assert.equal(shown(well), whole.slice(0, -2), "but for the last line");
  const names = Object.keys(well) as (keyof Facts)[];
  // In each order in which a fact may come last, and first.
  for (const [at] of names.entries()) {
    let known: Partial<Facts> = {};
    for (const name of [...names.slice(at), ...names.slice(0, at)]) {
      known = { ...known, [name]: well[name] };
      const present = new Set(Object.keys(known));
      const guarded = new Proxy(known, {
        get: (facts, asked) => {
          assert.ok(typeof asked === "symbol" || present.has(asked), `reads ${String(asked)} before it has come`);
          return Reflect.get(facts, asked);
        },
      });
      linesSoFar(guarded, room);
    }
  }
});

test.run();
