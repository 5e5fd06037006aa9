// The page three ways: the Market with four live ratings, the same Market as monolith, and Express with EJS and
// request(). All three run from first to last and take turns. Then the page while one of three instances is paused.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REQUEST } from "../contestants/all.js";
import { startInstances } from "./calls.js";
import { freePort, hire, startBus, startProgram, until } from "./crew.js";
import { hedgedPause, strictPause } from "./paused.js";
import { progress } from "./progress.js";
import { summary } from "./statistics.js";

const HERE = import.meta.dirname;
const MARKET = join(HERE, "../../dist/bin/market.js");
const RATINGS = join(HERE, "../../dist/bin/ratings.js");
const EXPRESS = join(HERE, "../pages/express.js");
/** As many pages at once as a small shop has. Beyond that only the queue grows. */
const IN_FLIGHT = 16;
const WARM_UP_MS = 2_000;
const MEASURES = ["perSecond", "p50Us", "p99Us", "failed"];

export async function racePages({ rounds, forMs }) {
  const shown = progress("pages", rounds * 4 + 2);
  const state = mkdtempSync(join(tmpdir(), "bench-"));
  const bus = await startBus();
  const env = { NATS_URL: bus.url, DWC_STATE: state, LOG_LEVEL: "WARNING" };
  const { instances } = await startInstances(REQUEST, bus.url, 2);
  const ratings = [1, 2, 3].map((number) => startProgram(RATINGS, [`--instance=${number}`], env));
  const shops = [
    await openShop("market", MARKET, [], env),
    await openShop("market at DEBUG", MARKET, [], { ...env, LOG_LEVEL: "DEBUG" }),
    await openShop("monolith", MARKET, ["--monolith"], env),
    await openShop("express", EXPRESS, [], env),
  ];
  await until("all ratings to be fresh", () => isFresh(shops[0].url));
  const visitor = hire();
  for (const { url } of shops) await visitor.send({ do: "pages", url, inFlight: IN_FLIGHT, forMs: WARM_UP_MS });
  for (let round = 0; round < rounds; round++) {
    for (const shop of shops.map((_, index) => shops[(index + round) % shops.length])) {
      shown.step(`round ${round + 1}, ${shop.name}`);
      shop.rounds.push(await visitor.send({ do: "pages", url: shop.url, inFlight: IN_FLIGHT, forMs }));
    }
  }
  shown.step("one of three instances is paused");
  const paused = await strictPause(shops[0].url, ratings[1]);
  shown.step("the same with HEDGE=1");
  const hedging = await openShop("hedging", MARKET, [], { ...env, HEDGE: "1" });
  await until("all ratings to be fresh again", () => isFresh(hedging.url));
  const hedged = await hedgedPause(hedging.url, ratings[1]);
  await hedging.program.end();
  for (const one of [visitor, ...instances, ...ratings, ...shops.map(({ program }) => program)]) await one.end();
  await bus.end();
  rmSync(state, { recursive: true, force: true });
  shown.end();
  return { inFlight: IN_FLIGHT, shops: shops.map(summed), paused, hedged };
}

async function openShop(name, file, args, env) {
  const port = await freePort();
  const program = startProgram(file, args, { ...env, PORT: String(port) });
  const url = `http://127.0.0.1:${port}/`;
  await until(`${name} to open`, async () => (await fetch(url).catch(() => undefined))?.status === 200);
  return { name, url, program, rounds: [] };
}

async function isFresh(url) {
  const known = Object.values(await (await fetch(`${url}ratings`)).json());
  return known.every((rating) => rating?.fresh === true);
}

function summed({ name, rounds }) {
  const kept = Object.fromEntries(MEASURES.map((measure) => [measure, rounds.map((round) => round[measure])]));
  const medians = Object.fromEntries(MEASURES.map((measure) => [measure, summary(kept[measure])]));
  return { name, ...medians, rounds: kept };
}
