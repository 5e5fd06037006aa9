// takes: 25 s
// Traffic of a real Market: what shoppers got is in its board, visitors' lines stay alone in its log, and the shoppers end
// with it however it ends. And `shoppers` as typed.

import * as assert from "uvu/assert";
import type { Snapshot } from "../../src/monitor/snapshot.ts";
import { freePort } from "../support/free-port.ts";
import { livingProcesses } from "../support/processes.ts";
import { sharedSystemSuite } from "../support/system.ts";
import { type RunningMarket, until } from "../support/world.ts";

/** On a busy machine an answer takes its time, and a page waits for it. */
const REQUEST_TIMEOUT_MS = 4_000;
const test = sharedSystemSuite("traffic", { REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS) });
const LIMIT_MS = 30_000;
/** The lines that each page of a visitor prints. */
const PAGE_LINE = /^(ASK for|GOT|BAD|WAITED) |^DEBUG:DWC:|using instance/;

const trafficOf = async ({ admin }: RunningMarket): Promise<Snapshot["traffic"]> =>
  ((await (await fetch(`${admin}/board.json`)).json()) as Snapshot).traffic;

async function setTraffic({ admin }: RunningMarket, rate: number): Promise<number> {
  const body = new URLSearchParams({ rate: String(rate) });
  return (await fetch(`${admin}/board/traffic`, { method: "POST", body, redirect: "manual" })).status;
}

const untilPages = (market: RunningMarket, pages: number): Promise<void> =>
  until(
    `${pages} pages`,
    async () => ((await trafficOf(market))?.shoppers?.pages ?? 0) >= pages,
    LIMIT_MS,
    () => market.program.lines.join("\n"),
  );

const shoppersOf = ({ program: { pid } }: RunningMarket): readonly number[] =>
  livingProcesses()
    .filter(({ parentPid, command }) => parentPid === pid && command.includes("shoppers.js"))
    .map((row) => row.pid);

test("what shoppers got is in board.json; their pages print no lines, and a visitor's page prints all of its own", async ({
  world,
}) => {
  const market = await world.startMarket();
  const instance = await world.startRatings(1);
  await market.untilKnown(1);
  assert.equal(await trafficOf(market), { rate: 0, shoppers: null });
  assert.is(await setTraffic(market, 20), 303);
  await untilPages(market, 30);
  const { rate, shoppers } = (await trafficOf(market)) ?? {};
  assert.is(rate, 20);
  assert.equal([shoppers?.failed, shoppers?.lastFailure, shoppers?.skipped], [0, null, 0]);
  assert.is(shoppers?.fresh, 4 * (shoppers?.pages ?? 0));
  const announced = /^INFO:market:- shoppers load pages: /;
  await market.program.waitFor(announced);
  assert.equal([market.program.count(PAGE_LINE), market.program.count(announced)], [0, 1]);
  await market.page();
  await market.program.waitFor(/^GOT football/);
  assert.is(market.program.count(/^ASK for /), 4);
  await instance.program.end();
  await until("pages have last known ratings", async () => ((await trafficOf(market))?.shoppers?.lastKnown ?? 0) > 0);
  assert.is((await trafficOf(market))?.shoppers?.failed, 0);
  assert.is(await setTraffic(market, 0), 303);
  assert.equal(await trafficOf(market), { rate: 0, shoppers: null });
});

test("an instance that hangs is found without a visitor, and no page fails", async ({ world }) => {
  const market = await world.startMarket({ REQUEST_TIMEOUT_MS: "1000" });
  const [first, second] = [await world.startRatings(1), await world.startRatings(2)];
  await market.untilKnown(2);
  await setTraffic(market, 20);
  await untilPages(market, 20);
  await second.program.stop();
  await market.program.waitFor(/OPEN breaker on \[ratings at /, { limitMs: LIMIT_MS });
  await until("pages had last known ratings", async () => ((await trafficOf(market))?.shoppers?.lastKnown ?? 0) > 0);
  assert.is((await trafficOf(market))?.shoppers?.failed, 0);
  assert.is(market.program.count(PAGE_LINE), 0);
  await Promise.all([first, second, market].map(({ program }) => program.end()));
});

test("a Market that ends takes its shoppers with it, also when it is killed", async ({ world }) => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const market = await world.startMarket();
    await setTraffic(market, 20);
    await untilPages(market, 1);
    const [pid = 0] = shoppersOf(market);
    assert.ok(pid > 0);
    market.program.signal(signal);
    await market.program.ended;
    await until("the shoppers have ended", () => livingProcesses().every((row) => row.pid !== pid), LIMIT_MS);
  }
});

test("a Market that other machines reach has no switch", async ({ world }) => {
  const market = await world.startMarket({ HOST: "0.0.0.0" });
  assert.is(await trafficOf(market), null);
  assert.is(await setTraffic(market, 20), 404);
  const board = await (await fetch(`${market.admin}/board`)).text();
  assert.not.match(board, /id="traffic"/);
});

test("`shoppers` prints what came, and a summary at ^C", async ({ world }) => {
  const market = await world.startMarket();
  await world.startRatings(1);
  await market.untilKnown(1);
  const { port } = new URL(market.url);
  const shoppers = world.start({ name: "shoppers", args: ["--rate=50"], env: { PORT: port } });
  await shoppers.waitFor(
    /^shoppers: 50 pages a second from http:\/\/localhost:\d+; what came in the last minute \(\^C ends it\):$/,
  );
  await shoppers.waitFor(/^0 of \d{3,} pages failed, p99 .* ratings fresh, \d+ last known$/);
  market.program.signal("SIGKILL");
  await market.program.ended;
  const mark = shoppers.mark();
  await shoppers.waitFor(/^[1-9]\d* of \d+ pages failed \(the last: connection refused\)/, { mark });
  shoppers.signal("SIGINT");
  assert.equal(await shoppers.ended, { code: 0, signal: null });
  assert.is(
    shoppers.count(/^shoppers: \S+ s: [1-9]\d* of \d+ pages failed, p99 .* ratings fresh, \d+ last known$/, mark),
    1,
  );
  assert.is(shoppers.count(/^ {2}\d+ failed: connection refused$/, mark), 1);
});

test("`shoppers` without a Market, or with a wrong rate, says what to type", async ({ world }) => {
  const alone = world.start({ name: "shoppers", env: { PORT: String(await freePort()) } });
  assert.is((await alone.ended).code, 1);
  assert.equal(
    alone.lines.map((line) => /^no Market is at http:.*make market .*make demo /.test(line)),
    [true],
  );
  const wrong = world.start({ name: "shoppers", args: ["--rate=many"], env: {} });
  assert.is((await wrong.ended).code, 2);
  assert.equal(wrong.lines, ["shoppers: RATE=many is not a whole number from 1 to 1000: type  make shoppers RATE=5"]);
});

test.run();
