// The open loop, with a real server, on a clock that the test advances.

import { createServer, type ServerResponse } from "node:http";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ShoppersReport } from "../../src/monitor/traffic.ts";
import type { ShutdownHooks, StartResult } from "../../src/program/program.ts";
import type { Totals } from "../../src/shoppers/core/results.ts";
import { startShoppers } from "../../src/shoppers/shoppers.ts";
import { fakeClock } from "../../src/testing/index.ts";
import { freePort } from "../support/free-port.ts";
import { listen } from "../support/listen.ts";
import { until } from "../support/until.ts";

const test = suite("shoppers");

const PAGE = '<input name="camera"><p class="rating-fresh">';

interface Run {
  readonly clock: ReturnType<typeof fakeClock>;
  readonly result: StartResult;
  readonly reports: ShoppersReport[];
  readonly ended: Totals[];
  /** Pages that were requested and not answered. */
  readonly held: ServerResponse[];
  answers: "page" | "nothing" | "error";
  setRate(rate: number): void;
  close(): Promise<void>;
}

async function shop(rate: number, things = '{"thingIDs":["camera"]}'): Promise<Run> {
  const held: ServerResponse[] = [];
  const server = createServer(({ url }, response) => {
    if (url !== "/") response.end(things);
    else if (run.answers === "nothing") held.push(response);
    else response.writeHead(run.answers === "error" ? 500 : 200).end(PAGE);
  });
  const closers: ShutdownHooks = [];
  const clock = fakeClock();
  const reports: ShoppersReport[] = [];
  const ended: Totals[] = [];
  const run: Run = {
    ...{ clock, reports, ended, held, answers: "page", result: { kind: "running" }, setRate: () => undefined },
    close: async () => {
      for (const close of closers.reverse()) await close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const output = {
    started: () => undefined,
    report: (report: ShoppersReport) => void reports.push(report),
    ended: (totals: Totals) => void ended.push(totals),
  };
  const url = `http://127.0.0.1:${await listen(server)}`;
  const onRate = (act: (wanted: number) => void): void => {
    run.setRate = act;
  };
  Object.assign(run, { result: await startShoppers({ url, rate, clock, output, onRate }, closers) });
  return run;
}

async function withShoppers(rate: number, act: (run: Run) => Promise<void>): Promise<void> {
  const run = await shop(rate);
  try {
    assert.is(run.result.kind, "running");
    await act(run);
  } finally {
    await run.close();
  }
}

/** Advances the clock until that many pages have ended. */
async function untilPages({ clock, reports }: Run, pages: number): Promise<ShoppersReport> {
  await until(`${pages} pages`, async () => {
    await clock.advance(1_000);
    return (reports.at(-1)?.pages ?? 0) >= pages;
  });
  return reports.at(-1) as ShoppersReport;
}

test("what came is reported every second", () =>
  withShoppers(2, async (run) => {
    const { failed, fresh, pages, lastFailure } = await untilPages(run, 5);
    assert.equal([failed, fresh, lastFailure], [0, pages, null]);
    run.answers = "error";
    await until("a page has failed", async () => {
      await run.clock.advance(1_000);
      return (run.reports.at(-1)?.failed ?? 0) > 0;
    });
    assert.is(run.reports.at(-1)?.lastFailure, "status 500");
  }));

test("a page that waits does not slow the rate, and those that are open are limited", () =>
  withShoppers(200, async (run) => {
    run.answers = "nothing";
    // One at the start, which may have been answered, and 500 after it.
    await run.clock.advance(2_500);
    await until("as many as may be are open", () => run.held.length >= 399);
    await run.clock.advance(500);
    const { skipped = 0 } = run.reports.at(-1) ?? {};
    assert.ok(skipped >= 200 && skipped <= 201, `${skipped} were not begun`);
    assert.ok(run.held.length <= 400);
    // After five seconds without an answer they have failed, and make room.
    await run.clock.advance(3_000);
    const { failed = 0, lastFailure } = run.reports.at(-1) ?? {};
    assert.ok(failed > 0, "none has failed");
    assert.is(lastFailure, "no page within 5.0 s");
  }));

test("a new rate counts from now on", () =>
  withShoppers(1, async (run) => {
    run.answers = "nothing";
    run.setRate(20);
    await run.clock.advance(1_000);
    await until("21 pages are open", () => run.held.length >= 21);
    await run.clock.advance(500);
    await until("ten more are", () => run.held.length >= 31);
    assert.ok(run.held.length <= 32, String(run.held.length));
  }));

test("at the end open pages count as nothing, and the totals are reported", async () => {
  const run = await shop(1);
  run.answers = "nothing";
  await run.clock.advance(1_000);
  await until("a page is open", () => run.held.length > 0);
  await run.close();
  assert.equal(
    run.ended.map(({ failed }) => failed),
    [0],
  );
});

test("without a Market the start is refused, with what to type", async () => {
  const clock = fakeClock();
  const output = { started: () => assert.unreachable(), report: () => undefined, ended: () => undefined };
  const url = `http://127.0.0.1:${await freePort()}`;
  const none = await startShoppers({ url, rate: 7, clock, output }, []);
  assert.ok(none.kind === "refused");
  assert.match(none.why[0] ?? "", /^no Market is at http:\S+: .*make market .*make demo .*make shoppers RATE=7 PORT=/);
  const other = await shop(5, "<h1>It works!</h1>");
  assert.ok(other.result.kind === "refused");
  assert.match(other.result.why[0] ?? "", /is no Market: .*make shoppers RATE=5 PORT=/);
  await other.close();
});

test.run();
