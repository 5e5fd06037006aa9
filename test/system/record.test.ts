// takes: 20 s
// A real Market writes its record while an instance is paused, one is killed and the bus goes away; replayed, the same
// core decides the same, and a changed record is detected.

import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { replayFile } from "../../src/market/replay.ts";
import { type System, systemSuite } from "../support/system.ts";
import { type RunningMarket, until } from "../support/world.ts";

interface Context extends System {
  readonly record: string;
}

/** Fast enough that a retest comes, and a heartbeat, within the test. */
const FAST = { REQUEST_TIMEOUT_MS: "300", RETEST_DELAY_MS: "500", HEARTBEAT_INTERVAL_MS: "1000" };
const test = systemSuite<{ record: string }>("the record of a Market", FAST);

const LIMIT_MS = 10_000;

test.before.each((context) => {
  context.record = join(context.world.stateDir, "market.record");
});

interface Replayed {
  readonly kind: string;
  readonly lines: readonly string[];
}

/** In this process: a start of the program costs more than the replay. */
async function replay(path: string): Promise<Replayed> {
  const lines: string[] = [];
  const { kind, sentence } = await replayFile(path, (line) => lines.push(line));
  return { kind, lines: [...lines, sentence] };
}

/** Loads pages until the Market has printed it. */
async function pagesUntil(market: RunningMarket, pattern: RegExp): Promise<void> {
  const mark = market.program.mark();
  await until(
    String(pattern),
    async () => {
      await market.ratings();
      return market.program.count(pattern, mark) > 0;
    },
    LIMIT_MS,
  );
}

/** A bad morning: everything that a record has to hold. */
async function badMorning({ world, server, record }: Context): Promise<RunningMarket> {
  const market = await world.startMarket({ RECORD: record });
  assert.is(statSync(record).mode & 0o077, 0);
  await market.program.waitFor(/INFO:record:- recording to .*market\.record, up to 100 MB$/);
  const [first, second] = [await world.startRatings(1), await world.startRatings(2), await world.startRatings(3)];
  await market.untilKnown(3);
  await market.ratings();
  await second.program.stop();
  await pagesUntil(market, /OPEN breaker .*ratings\.get\.2-/);
  await pagesUntil(market, /RETEST breaker .*ratings\.get\.2-/);
  second.program.signal("SIGCONT");
  await pagesUntil(market, /CLOSE breaker .*ratings\.get\.2-/);
  first.program.signal("SIGKILL");
  await pagesUntil(market, /instance 1 lost/);
  const mark = market.program.mark();
  await server.kill();
  await market.program.waitFor(/WARNING:bus:- disconnected/, { mark });
  await server.restart();
  await market.program.waitFor(/INFO:bus:- connected/, { mark });
  await until("an instance answers again", async () => (await market.ratings())["camera"]?.fresh === true, LIMIT_MS);
  return market;
}

const changesIn = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => /(?:INFO|WARNING):(?:resolver|membership):- (?!ratings using).*/.exec(line)?.[0] ?? []);

test("replayed, every decision is the same; a changed or invalid record is reported with the line", async (context) => {
  const { world, record } = context;
  const market = await badMorning(context);
  assert.is((await market.program.end()).code, 0);
  const program = world.start({ name: "replay", args: [record] });
  assert.is((await program.ended).code, 0, program.lines.join("\n"));
  const { lines } = await replay(record);
  assert.equal(program.lines, lines);
  assert.match(lines.at(-1) ?? "", /\d+ lines, \d+ changes of state, and every decision the same as recorded\.$/);
  assert.equal(changesIn(lines), changesIn(market.program.lines));
  assert.ok(lines.some((line) => / settled {6}call \d+ to instance 2 \(2-.*\): timeout$/.test(line)));
  assert.ok(lines.some((line) => / disconnected no heartbeats can arrive/.test(line)));
  assert.ok(lines.some((line) => / end {10}the Market ended; 3 incarnations were known$/.test(line)));

  const text = readFileSync(record, "utf8");
  const whole = text.trimEnd().split("\n");
  const timeout = whole.findIndex((line) => line.includes('"result":"timeout"') && line.includes('"opened"'));
  const tampered = whole.with(timeout, whole[timeout]?.replace('"timeout"', '"answered"') ?? "");
  const other = join(world.stateDir, "other.record");
  for (const [changed, reported] of [
    [tampered.join("\n"), `line ${timeout + 1}: decided differently than recorded. recorded: [{"kind":"opened"`],
    [text.slice(0, text.length - 20), `line ${whole.length}: cut off in the middle`],
    ["x".repeat(200), "line 1: its first line is cut off, or this is no record of a Market"],
    [undefined, "cannot be read (ENOENT)"],
  ] as const) {
    if (changed === undefined) rmSync(other);
    else writeFileSync(other, changed);
    const replayed = await replay(other);
    assert.is(replayed.kind, "trouble");
    assert.ok(replayed.lines.at(-1)?.includes(reported), replayed.lines.at(-1));
  }
  assert.is((await world.start({ name: "replay", args: [other] }).ended).code, 1);
  const script = fileURLToPath(new URL("../../bin/replay.js", import.meta.url));
  const words = ["-c", 'exec "$0" "$1" "$2" >/dev/full', process.execPath, script, record];
  const lost = spawnSync("sh", words, { encoding: "utf8" });
  assert.is(lost.status, 1);
  assert.match(lost.stderr, "ENOSPC");
});

test("with HEDGE=1 the calls sent twice are in it, and a Market that is killed leaves a record as good", async (context) => {
  const { world, record } = context;
  const market = await world.startMarket({ RECORD: record, HEDGE: "1" });
  const [, second] = [await world.startRatings(1), await world.startRatings(2)];
  await market.untilKnown(2);
  await market.ratings();
  await second.program.stop();
  await pagesUntil(market, /instance 2 has not answered for \d+ ms, calling instance 1 too/);
  await pagesUntil(market, /OPEN breaker .*ratings\.get\.2-/);
  await until("it is in the file", () => readFileSync(record, "utf8").includes('"isHedge":true'), LIMIT_MS);
  market.program.signal("SIGKILL");
  await market.program.ended;
  const { kind, lines } = await replay(record);
  assert.is(kind, "same", lines.join("\n"));
  assert.ok(
    lines.some((line) => /picked {7}call \d+ to instance 1 \(1-.*\), as a hedge of the call to 2-\S+/.test(line)),
  );
  assert.match(lines.at(-1) ?? "", /every decision the same as recorded\. It has no end entry/);
});

test("a file that cannot be written is refused at the start", async ({ world }) => {
  const env = { PORT: "0", RECORD: join(world.stateDir, "no", "file") };
  const refused = world.start({ name: "market", env });
  assert.is((await refused.ended).code, 1);
  assert.match(refused.lines.at(-1) ?? "", /^RECORD=.* cannot be written \(ENOENT\)/);
});

test.run();
