// takes: 20 s
// Faults on real processes: each begins, is visible, and ends by itself, also when its sender or watchdog is gone.

import * as assert from "uvu/assert";
import { connectNatsBus, type NatsBus } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { encodeCommand } from "../../src/faults/core/faults.ts";
import { broadcastFault, sendFaultCommand } from "../../src/faults/fault-client.ts";
import type { InstanceRow } from "../../src/monitor/snapshot.ts";
import { isRunning } from "../support/nats-server.ts";
import { livingProcesses, readProcess } from "../support/processes.ts";
import { sharedSystemSuite } from "../support/system.ts";
import { incarnationOf, type RunningMarket, type RunningRatings, until } from "../support/world.ts";

interface Shop {
  bus: NatsBus;
  market: RunningMarket;
  /** With CHAOS=1, from the end of the first test on. */
  ratings: RunningRatings;
}

const faults = sharedSystemSuite<Shop>("faults on purpose", {
  HEARTBEAT_INTERVAL_MS: "1000",
  REQUEST_TIMEOUT_MS: "5000",
});
const LIMIT_MS = 20_000;
const clock = systemClock();

faults.before(async (context) => {
  const urls = [context.server.url];
  context.bus = connectNatsBus({ urls, name: "asker", clock, report: () => undefined });
  context.ends.push(() => context.bus.close());
  await until("connected", () => context.bus.status === "connected", LIMIT_MS);
  context.market = await context.world.startMarket({ BOARD: "public" });
});

const CHAOS = { CHAOS: "1" };

/** As a form of the board posts it. */
const post = (market: RunningMarket, fields: Record<string, string>): Promise<Response> =>
  fetch(`${market.admin}/board/faults`, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(fields),
  });

async function rowOf({ admin }: RunningMarket, ratings: RunningRatings): Promise<InstanceRow | undefined> {
  const board = (await (await fetch(`${admin}/board.json`)).json()) as { instances: readonly InstanceRow[] };
  return board.instances.find(({ incarnation }) => incarnation === incarnationOf(ratings));
}

const untilOn = (market: RunningMarket, ratings: RunningRatings, kinds: string): Promise<void> =>
  until(
    `on the board: ${kinds}`,
    async () => {
      const row = await rowOf(market, ratings);
      return row?.faults?.map(({ kind }) => kind).join() === kinds;
    },
    LIMIT_MS,
  );

/** Watchdogs of a paused instance: first the one that receives a reset, then the spare one. */
const watchesOf = ({ program }: RunningRatings): readonly number[] =>
  livingProcesses()
    .filter(({ parentPid, command }) => parentPid === program.pid && command.includes("pause-watchdog"))
    .sort((one, other) => one.command.length - other.command.length)
    .map(({ pid }) => pid);

const isStopped = ({ program }: RunningRatings): boolean => readProcess(program.pid)?.state === "T";

const ask = (bus: NatsBus, ratings: RunningRatings, order: Parameters<typeof sendFaultCommand>[3]) =>
  sendFaultCommand(bus, "ratings", incarnationOf(ratings), order);

/** Pauses it; by itself it ends after all tests. */
async function pause(bus: NatsBus, ratings: RunningRatings, forMs = 600_000): Promise<void> {
  const reply = await ask(bus, ratings, { kind: "begin", fault: { kind: "pause" }, forMs });
  assert.is(reply.kind, "done", JSON.stringify(reply));
  await until("it stands still", () => isStopped(ratings), LIMIT_MS);
}

const untilUnwatched = (ratings: RunningRatings): Promise<void> =>
  until("no watchdog is left", () => watchesOf(ratings).length === 0, LIMIT_MS);

faults("without CHAOS=1 no instance subscribes, and no fault can be sent", async (context) => {
  const { world, bus, market } = context;
  const ratings = await world.startRatings(5);
  for (const subject of ["chaos.ratings", `chaos.ratings.${incarnationOf(ratings)}`]) {
    const reply = await bus.request(subject, encodeCommand({ kind: "kill" }), { timeoutMs: LIMIT_MS });
    assert.is(reply.kind, "no-responders", subject);
  }
  await market.untilKnown(1);
  assert.is((await rowOf(market, ratings))?.faults, null);
  assert.is((await post(market, { target: incarnationOf(ratings), fault: "kill" })).status, 409);
  const typed = await world.dwc(["fault", "ratings/5", "kill"]);
  assert.is(typed.code, 1);
  assert.match(typed.said, /no instance of ratings takes faults\nto start three that do, type {2}CHAOS=1 make/);
  assert.ok(isRunning(ratings.program.pid));
  await ratings.program.end();
  context.ratings = await world.startRatings(1, CHAOS);
  await untilOn(market, context.ratings, "");
});

faults("each one begins, is on the board, and ends by itself", async ({ market, ratings }) => {
  const marketMark = market.program.mark();
  const began = ratings.program.mark();
  for (const fields of [
    { fault: "slow", byMs: "200" },
    { fault: "fail", percent: "100" },
    { fault: "mute" },
    { fault: "pause" },
  ]) {
    const mark = ratings.program.mark();
    const asked = await post(market, { target: incarnationOf(ratings), forS: "1.5", ...fields });
    assert.is(asked.status, 200, await asked.text());
    await untilOn(market, ratings, fields.fault);
    await ratings.program.waitFor(/begins a fault: .*, for 1\.5 s/, { mark });
    await ratings.program.waitFor(/ended a fault: .* \(over\)/, { mark });
    await untilOn(market, ratings, "");
  }
  // Waited for: the lines of a program come after what its board shows.
  await market.program.waitFor(/^WARNING:chaos:- ratings instance 1 has faults on: paused$/, { mark: marketMark });
  await ratings.program.waitFor(/resumed after a pause of \d+\.\d s/, { mark: began });
});

faults("a reset ends a pause at once, and all else with it", async ({ world, bus, ratings }) => {
  const mark = ratings.program.mark();
  await ask(bus, ratings, { kind: "begin", fault: { kind: "fail", share: 1 }, forMs: 600_000 });
  await pause(bus, ratings);
  const refused = await ask(bus, ratings, { kind: "begin", fault: { kind: "mute" }, forMs: 1_000 });
  assert.equal(refused, { kind: "refused", why: "it is paused: reset it first" });
  await world.dwcDone(["fault", "reset"]);
  await ratings.program.waitFor(/ended a fault: paused \(continued early\)/, { mark });
  await ratings.program.waitFor(/ended a fault: fails 100 % of its calls \(reset\)/, { mark });
  assert.is(ratings.program.count(/begins a fault: silent/, mark), 0, "what was refused stays so");
  await untilUnwatched(ratings);
});

faults("killing the watchdog that would end a pause does not make it longer", async ({ bus, ratings }) => {
  const mark = ratings.program.mark();
  const began = performance.now();
  await pause(bus, ratings, 3_000);
  const [watch] = watchesOf(ratings);
  assert.ok(watch);
  process.kill(watch, "SIGKILL");
  await until("it is dead", () => !watchesOf(ratings).includes(watch), LIMIT_MS);
  assert.is((await broadcastFault(bus, "ratings", "reset", 300)).length, 0, "and no instance receives a reset");
  await ratings.program.waitFor(/ended a fault: paused \(over\)/, { mark });
  assert.ok(performance.now() - began >= 3_000);
  await untilUnwatched(ratings);
});

faults("what is out of range is refused, and begins nothing", async ({ world, bus, market, ratings }) => {
  const mark = ratings.program.mark();
  for (const body of [
    '{"fault":"pause","forMs":600001}',
    '{"fault":"slow","byMs":60001}',
    '{"fault":"fail","share":2}',
  ]) {
    const reply = await bus.request(`chaos.ratings.${incarnationOf(ratings)}`, body, { timeoutMs: LIMIT_MS });
    assert.ok(reply.kind === "service-error" && reply.code === 400, JSON.stringify(reply));
  }
  for (const fields of [
    { fault: "pause", forS: "601" },
    { fault: "slow", byMs: "1e9" },
    { fault: "explode" },
    { fault: "mute", target: "" },
  ])
    assert.is((await post(market, { target: incarnationOf(ratings), ...fields })).status, 400, JSON.stringify(fields));
  assert.is((await world.dwc(["fault", "ratings/1", "pause", "--for", "11m"])).code, 2);
  assert.is(ratings.program.count(/begins a fault/, mark), 0);
});

faults(
  "the page's port takes no faults, also with BOARD=public, and the admin port none from elsewhere",
  async ({ market, ratings }) => {
    const mark = ratings.program.mark();
    const asking = (headers: Record<string, string>): Promise<number> =>
      postWith(market.admin, incarnationOf(ratings), headers);
    assert.is(await postWith(market.url, incarnationOf(ratings), {}), 404);
    assert.not.match(await (await fetch(`${market.url}/board`)).text(), /class="fault-form"/);
    for (const headers of [
      { Host: "market.example.org" },
      { Origin: market.url },
      { Origin: "https://elsewhere.example" },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
    ])
      assert.is(await asking(headers), 403, JSON.stringify(headers));
    assert.match(await (await fetch(`${market.admin}/board`)).text(), /class="fault-form"/);
    assert.is(ratings.program.count(/begins a fault/, mark), 0);
    assert.is(await asking({}), 303);
    await ratings.program.waitFor(/begins a fault: silent/, { mark });
  },
);

faults("an instance killed while paused leaves no watchdog behind", async ({ world, bus }) => {
  const ratings = await world.startRatings(2, CHAOS);
  await pause(bus, ratings);
  const watches = watchesOf(ratings);
  assert.is(watches.length, 2);
  ratings.program.signal("SIGKILL");
  await ratings.program.ended;
  await until("they have ended, too", () => watches.every((watch) => readProcess(watch) === undefined), LIMIT_MS);
});

faults("a paused one can be killed by the same means, and ^C ends it in order", async ({ world, bus }) => {
  const [first, second] = [await world.startRatings(3, CHAOS), await world.startRatings(4, CHAOS)];
  for (const ratings of [first, second]) await pause(bus, ratings);
  assert.is((await ask(bus, first, { kind: "kill" })).kind, "done");
  assert.is((await first.program.ended).signal, "SIGKILL");
  // A terminal sends it to the whole group; the watch passes on what a stopped process cannot act on.
  const [watch] = watchesOf(second);
  assert.ok(watch);
  second.program.signal("SIGINT");
  process.kill(watch, "SIGINT");
  await second.program.waitFor(/instance 4 has left/);
  assert.is((await second.program.ended).code, 0);
});

faults("killed on purpose is dead, and the next call goes on", async ({ world, market, ratings }) => {
  const other = await world.startRatings(6, CHAOS);
  await untilOn(market, other, "");
  const asked = await post(market, { target: incarnationOf(other), fault: "kill" });
  assert.equal(await asked.json(), {
    done: true,
    message: "instance 6 is killed: start it again with  CHAOS=1 make startRatings INSTANCE=6",
  });
  assert.is((await other.program.ended).signal, "SIGKILL");
  await untilOn(market, ratings, "");
  const shown = Object.values(await market.ratings());
  assert.ok(shown.every((rating) => rating?.fresh && rating.instance === 1));
});

faults("they end in time though the Market that asked was killed, and so was the terminal", async (context) => {
  const { world, market, ratings } = context;
  const begun = ratings.program.mark();
  await post(market, { target: incarnationOf(ratings), forS: "3", fault: "slow", byMs: "100" });
  await post(market, { target: incarnationOf(ratings), forS: "3", fault: "pause" });
  market.program.signal("SIGKILL");
  await market.program.ended;
  await until("it stands still", () => isStopped(ratings), LIMIT_MS);
  await ratings.program.waitFor(/ended a fault: paused \(over\)/, { mark: begun });
  await ratings.program.waitFor(/ended a fault: slow by 100 ms \(over\)/, { mark: begun });

  const mark = ratings.program.mark();
  const terminal = world.start({ name: "dwc", args: ["fault", "ratings/1", "mute", "--for", "2s"] });
  await ratings.program.waitFor(/begins a fault: silent/, { mark });
  terminal.signal("SIGKILL");
  await ratings.program.waitFor(/ended a fault: silent: no heartbeats \(over\)/, { mark });
});

faults("a paused one ends its pause though the bus is gone, too", async ({ bus, server, ratings }) => {
  const mark = ratings.program.mark();
  await pause(bus, ratings, 2_500);
  await server.stop();
  await ratings.program.waitFor(/ended a fault: paused \(over\)/, { mark });
  await untilUnwatched(ratings);
});

/** By hand, as fetch does not let a Host be set. */
async function postWith(url: string, target: string, headers: Record<string, string>): Promise<number> {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    const body = `target=${target}&fault=mute&forS=1`;
    const asking = request(`${url}/board/faults`, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded", "Content-Length": body.length, ...headers },
    });
    asking.on("error", reject);
    asking.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asking.end(body);
  });
}

faults.run();
