// takes: 15 s
// shares: terminals
// top, events, ps and explain as typed off a terminal: in a pipe, with a Market that comes and goes. In a terminal:
// suspended.test.ts.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { followEvents } from "../../../src/dwc/live/market-client.ts";
import { goldenOf } from "../../support/golden.ts";
import { Program } from "../../support/program.ts";
import { until } from "../../support/until.ts";
import { Desk } from "../run-dwc.ts";
import { BOARD, FakeMarket } from "./board.ts";

const test = suite("dwc, live");
const golden = goldenOf(test, "dwc/live");
const LIMIT_MS = 20_000;
const desk = new Desk();
const market = new FakeMarket();
let url = "";

test.before(async () => {
  url = await market.start();
});
test.after(async () => {
  await market.stop();
  desk.clear();
});

test("off a terminal top prints plain tables, CSV or JSON, and no escape", async () => {
  const plain = await desk.type(["top", "-n", "2", "--every", "100ms", "--market", url]);
  assert.is(plain.stdout.match(/^INSTANCE/gm)?.length, 2);
  assert.not.match(plain.stdout, "\u001b");
  const csv = await desk.type(["top", "-n", "2", "--every", "100ms", "--csv", "--market", url]);
  assert.is(csv.stdout.trimEnd().split("\n").length, 1 + 2 * BOARD.instances.length);
  const json = await desk.type(["top", "-n", "1", "--json", "--market", url]);
  assert.is(JSON.parse(json.stdout).schema_version, 1);
});

test("top in a pipe says when what it prints is old, and prints no rows that are", async () => {
  const other = new FakeMarket();
  const at = await other.start();
  const start = (format: string): Program =>
    new Program({
      name: "dwc",
      args: ["top", format, "--every", "100ms", "--market", at],
      env: { DWC_STATE: desk.state },
    });
  const [json, csv] = [start("--json"), start("--csv")];
  await Promise.all([json.waitFor(/"stale_ms":null/), csv.waitFor(/^\d+,ratings,2/)]);
  await other.stop();
  await Promise.all([json.waitFor(/"stale_ms":\d/), csv.waitFor(/does not answer: trying again/)]);
  const rows = csv.count(/^\d+,/);
  await json.waitFor(/"stale_ms":\d{3}/);
  assert.is(csv.count(/^\d+,/), rows);
  await other.start(Number(new URL(at).port));
  await Promise.all([json.waitFor(/is back/), csv.waitFor(/is back/)]);
  for (const program of [json, csv]) program.signal("SIGINT");
  await Promise.all([json.ended, csv.ended]);
  await other.stop();
});

test("events shows what was, what comes, and goes on when the Market is back", async () => {
  const env = { DWC_STATE: desk.state };
  const program = new Program({ name: "dwc", args: ["events", "--json", "--market", url], env });
  await program.waitFor(/breaker\.opened/);
  await until("dwc follows", () => market.feeds === 1, LIMIT_MS);
  market.publish({ id: 4, at: BOARD.at, name: "breaker.closed", level: "INFO", text: "- CLOSE" });
  const [line] = await program.waitFor(/.*breaker\.closed.*/);
  assert.is(JSON.parse(line).id, 4);
  await market.stop();
  await program.waitFor(/does not answer: trying again/);
  await market.start(Number(new URL(url).port));
  await program.waitFor(/is back/);
  assert.is(program.count(/"id":3/), 1, "no event is printed twice");
  program.signal("SIGINT");
  await program.ended;
});

test("lines that came while events was stopped are no silence of the Market", async () => {
  const system = systemClock();
  let fireLast = (): void => undefined;
  const after: Clock["after"] = (delayMs, act) => {
    fireLast = act;
    return system.after(delayMs, act);
  };
  const [ending, seen] = [new AbortController(), { ids: [] as number[], away: 0 }];
  const following = followEvents(url, { ...system, after }, ending.signal, {
    events: (events) => void seen.ids.push(...events.map(({ id }) => id)),
    away: () => {
      seen.away += 1;
    },
  });
  try {
    await until("the snapshot", () => seen.ids.includes(3), LIMIT_MS);
    market.publish({ id: 4, at: BOARD.at, name: "breaker.closed", level: "INFO", text: "- CLOSE" });
    fireLast();
    await until("the event", () => seen.ids.includes(4), LIMIT_MS);
    assert.is(seen.away, 0);
  } finally {
    ending.abort();
    await following;
  }
});

test("--since and --once bound the printed events", async () => {
  const all = await desk.type(["events", "--once", "--market", url]);
  assert.is(all.stdout.trimEnd().split("\n").length, 3);
  const recent = await desk.type(["events", "--once", "--since", "15s", "--market", url]);
  assert.match(recent.stdout, /^\d\d:\d\d:\d\d {2}breaker\.opened {5}OPEN breaker\n$/);
});

test("ps and explain go on with one witness, and say which is missing", async () => {
  const listed = await desk.type(["ps", "--market", url]);
  assert.is(listed.code, 0);
  assert.match(listed.stdout, /ratings\/2 {2}× open/);
  golden(listed.stderr);
  const alone = await desk.type(["ps", "--market", "http://127.0.0.1:1"]);
  assert.is(alone.code, 1, "with no witness at all there is nothing to list");
  const explained = await desk.type(["explain", "ratings", "--json", "--market", url]);
  assert.is(JSON.parse(explained.stdout).next, "3-a");
});

test("without a Market each says so, with what to type", async () => {
  for (const args of [
    ["top", "-n", "1"],
    ["events", "--once"],
    ["explain", "ratings"],
  ]) {
    const { code, stdout, stderr } = await desk.type([...args, "--market", "http://127.0.0.1:1"]);
    assert.equal({ code, stdout }, { code: 1, stdout: "" });
    golden(stderr);
  }
  assert.is((await desk.type(["top", "--market", "ftp://x"])).code, 2);
});

test.run();
