// The listener for an instance's metrics.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { LogEntry } from "../../src/program/log.ts";
import type { ShutdownHooks } from "../../src/program/program.ts";
import { serveMetrics } from "../../src/ratings/metrics.ts";
import { readSettings } from "../../src/settings.ts";
import { raw } from "../market/serve.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("metrics of an instance");
const golden = goldenOf(test, "ratings");

test("where METRICS_PORT and the instance's number make no port, it says so and goes on", async () => {
  const read = readSettings({ METRICS_PORT: "65000", HOME: "/nowhere" });
  assert.ok(read.kind === "settled");
  const lines: LogEntry[] = [];
  const closers: ShutdownHooks = [];
  const measured = {} as Parameters<typeof serveMetrics>[1];
  await serveMetrics(600, measured, { settings: read.settings, say: (line) => void lines.push(line) }, closers);
  golden(lines.map(({ text }) => text));
  assert.is(closers.length, 0);
});

const COUNTS = { requests: 10, errors: 3, dropped: 2, processingMs: 1_500, lastError: "", overloaded: 1 };

test("a client on this machine gets the instance's counters, and other clients get nothing", async () => {
  for (const board of ["local", "public"]) {
    const read = readSettings({ METRICS_PORT: "0", BOARD: board, HOST: "127.0.0.1", HOME: "/nowhere" });
    assert.ok(read.kind === "settled");
    const closers: ShutdownHooks = [];
    const [events, bus] = [[] as LogEntry[], { status: "connected" }];
    const instance = { service: "ratings", instance: 2, operationCounts: new Map([["get", COUNTS]]), waiting: 4 };
    const measured = { instance, bus } as unknown as Parameters<typeof serveMetrics>[1];
    await serveMetrics(2, measured, { settings: read.settings, say: (line) => void events.push(line) }, closers);
    const [line] = events;
    const [, port = ""] = /:(\d+)\/metrics$/.exec(line?.text ?? "") ?? [];
    assert.equal([line?.level, line?.event, closers.length], ["INFO", "ratings.metrics", 1]);
    const figures = async (): Promise<readonly string[]> => {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
      assert.equal([answer.status, answer.headers.get("cache-control")], [200, "no-store"]);
      return (await answer.text()).split("\n").filter((text) => /^dwc_(up|server)/.test(text));
    };
    const labels = 'service="ratings",operation="get",instance="2"';
    const expected = [
      `dwc_server_requests_total{${labels},outcome="ok"} 7`,
      `dwc_server_requests_total{${labels},outcome="error"} 3`,
      `dwc_server_requests_total{${labels},outcome="overloaded"} 1`,
      `dwc_server_requests_total{${labels},outcome="expired"} 2`,
      'dwc_server_requests_waiting{service="ratings",instance="2"} 4',
      `dwc_server_processing_seconds_total{${labels}} 1.5`,
    ];
    assert.equal(new Set(await figures()), new Set(["dwc_up 1", ...expected]));
    bus.status = "disconnected";
    assert.ok((await figures()).includes("dwc_up 0"));
    const statusOf = async (request: string, host: string): Promise<string> =>
      (await raw(Number(port), `${request} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).slice(9, 12);
    assert.is(await statusOf("GET /metrics", "rebound.example"), board === "public" ? "200" : "403");
    for (const request of ["GET /", "POST /metrics", "GET /metrics?a"])
      assert.is(await statusOf(request, "localhost"), "404", request);
    for (const close of closers) await close();
    assert.is(await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => "closed"), "closed");
  }
});

test("a port that is taken, or is made of the instance's number, is named", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const read = readSettings({ METRICS_PORT: String(port - 2), HOME: "/nowhere" });
  assert.ok(read.kind === "settled");
  const lines: LogEntry[] = [];
  const measured = {} as Parameters<typeof serveMetrics>[1];
  await serveMetrics(3, measured, { settings: read.settings, say: (line) => void lines.push(line) }, []);
  assert.equal([lines.length, lines[0]?.level, lines[0]?.text.includes(`port ${port} `)], [1, "WARNING", true]);
  taken.close();
});

test.run();
