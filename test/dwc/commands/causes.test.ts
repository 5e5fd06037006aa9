// The live commands where something is missing: which cause is named, what is typed against it, and which Market dwc asks.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { BoardResult, Connected, TopOptions } from "../../../src/dwc/live/core/live-types.ts";
import { type MarketView, parseMarketView } from "../../../src/dwc/live/core/parse-answers.ts";
import { answer } from "../../../src/service/core/handler.ts";
import type { UnansweredReason } from "../../../src/service/outcome.ts";
import { BOARD } from "../live/board.ts";
import { OnBus } from "../on-bus.ts";

const test = suite("causes and cures of the live commands");
const view = parseMarketView(BOARD) as MarketView;
const URL = "http://127.0.0.1:5000";
const boardOf = (more: Partial<MarketView> = {}): BoardResult => ({
  kind: "board",
  url: URL,
  view: { ...view, ...more },
});
const inBus = <T>(value: T): Connected<T> => ({ kind: "connected", value, secured: true, connectMs: 1, notes: [] });
const who = (instance: number) => ({
  ...{ service: "orders", instance, incarnation: `${instance}-a`, address: `orders.get.${instance}-a` },
});

const REASONS: { readonly [R in UnansweredReason]: string } = {
  timeout: "request-timed-out",
  cancelled: "the-caller-gave-up",
  disconnected: "the-bus-is-disconnected",
  "no-instances": "all-services-are-down",
  "no-such-operation": "no-such-operation",
  draining: "draining",
  "breakers-open": "breakers-open",
  overloaded: "overloaded",
  denied: "not-permitted",
  "invalid-response": "the-answer-was-not-readable",
  failed: "not-sent",
};

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

async function unanswered(reason: UnansweredReason, more: object = {}, detail = "by the bus"): Promise<Failure> {
  const outcome = { kind: "unanswered", reason, detail } as const;
  const report = { outcome, known: [who(1)], operations: ["get"], attempted: [], resolveMs: 1, callMs: 20, ...more };
  const call = async () => inBus({ processingMs: undefined, ...report } as never);
  const { exitCode, error } = await new OnBus().json("call orders get", { call });
  assert.is(exitCode, 1);
  return error as Failure;
}

test("each reason why a call has no answer has a code, and a sentence of its own", async () => {
  const sentences = new Set<string>();
  for (const [reason, code] of Object.entries(REASONS) as [UnansweredReason, string][]) {
    const error = await unanswered(reason);
    assert.is(error.code, code, reason);
    assert.type(error.message, "string");
    sentences.add(error.message);
  }
  assert.is(sentences.size, Object.keys(REASONS).length);
  assert.not(sentences.has(""));
});

test("what is typed next follows from how far the call came", async () => {
  const hintOf = async (...given: Parameters<typeof unanswered>) => (await unanswered(...given)).hint;
  const tried = [who(1), who(2), who(3)];
  assert.is(await hintOf("timeout", { attempted: tried }), "what a Market believes of it:  bin/dwc explain orders/3");
  assert.match((await unanswered("timeout", { attempted: tried })).message, "orders/3, orders.get.3-a");
  assert.is(await hintOf("timeout"), "which instances run:  bin/dwc ps");
  assert.is(await hintOf("no-instances", { known: [] }), "which instances run:  bin/dwc ps");
  assert.is(await hintOf("disconnected"), "what is wrong:  bin/dwc check");
  assert.is(await hintOf("failed"), "");
  assert.match(await hintOf("failed", {}, "2 MB is over the bus's limit"), "max_payload");
  assert.match(await hintOf("no-such-operation", { operations: [] }), "bin/dwc call orders get");
});

test("a call asks only for what can be a call", async () => {
  const on = new OnBus();
  const wrong = async (line: string): Promise<readonly [exitCode: unknown, code: string]> => {
    const { exitCode, error } = await on.json(line);
    return [exitCode, (error as Failure).code];
  };
  assert.equal(await wrong("call Orders get"), [2, "bad-name"]);
  assert.equal(await wrong("call orders get!"), [2, "bad-name"]);
  assert.equal(await wrong("call orders get {"), [2, "wrong-request"]);
  assert.equal(await wrong("call orders get --timeout soon"), [2, "wrong-option"]);
  assert.equal(await wrong("call orders get --timeout 9ms"), [2, "wrong-option"]);
  assert.equal(await wrong("call orders get --timeout 61s"), [2, "wrong-option"]);
});

const NOTHING = { kind: "nothing", url: "http://x:1", why: "ECONNREFUSED" } as const;

async function orders(): Promise<OnBus> {
  const on = new OnBus();
  await on.start("orders", 12, { handle: () => answer(1) });
  return on;
}

test("a Market that was named is asked, and its absence is an error although services run", async () => {
  const on = await orders();
  const asked: unknown[] = [];
  const fetchView = async (url: string | undefined) => {
    asked.push(url);
    return NOTHING;
  };
  const top = fetchView as never;
  for (const command of ["events --once", "explain orders", "top -n 1"]) {
    const named = await on.json(`${command} --market http://x:1`, { fetchView, top });
    assert.equal([named["exitCode"], (named["error"] as Failure).code], [1, "no-market"], command);
    assert.is((await on.type(command, { fetchView, top })).exitCode, 0, command);
  }
  assert.equal(
    asked,
    Array.from({ length: 6 }, (_, at) => (at % 2 === 0 ? "http://x:1" : undefined)),
  );
});

test("ps of a Market that was named notes its absence, and shows its columns all the same", async () => {
  const on = await orders();
  const named = await on.type("ps orders --market http://x:1");
  assert.match(named.stdout, /^INSTANCE +STATE +ROLL CALL/);
  assert.match(named.stderr, "http://127.0.0.1:5000");
  assert.is((await on.type("ps orders")).stderr, "");
});

test("a Market that calls another service than ratings is believed about that service", async () => {
  const on = await orders();
  const fetchView = async () => boardOf({ service: "orders" });
  const explained = await on.json("explain orders/2", { fetchView });
  assert.equal([explained["exitCode"], explained["source"], explained["next"]], [0, undefined, "3-a"]);
  assert.match((await on.type("ps orders", { fetchView })).stdout, /^INSTANCE +STATE +ROLL CALL/);
  assert.is((await on.json("explain orders/12", { fetchView: async () => boardOf() }))["source"], "bus");
});

test("ratings is explained by a Market alone; another service by the bus, unless that is away", async () => {
  const on = await orders();
  await on.start("ratings", 1, { handle: () => answer(1) });
  const failure = async (line: string, live = {}) => ((await on.json(line, live))["error"] as Failure).code;
  assert.is(await failure("explain ratings"), "no-market");
  const out = (code: string) => ({ roll: async () => ({ kind: "not-connected", code, why: "not in", hint: "renew" }) });
  assert.is(await failure("explain orders", out("no-bus")), "no-market");
  assert.is(await failure("explain orders", out("refused")), "refused");
  for (const line of ["events --once", "top -n 1"]) {
    assert.is(await failure(line, out("no-bus")), "no-market", line);
    assert.is(await failure(line, out("refused")), "refused", line);
  }
  assert.is(await failure("explain ratings/12x"), "bad-name");
  assert.is(await failure("explain ratings/1234567"), "bad-name");
});

test("top takes a number of frames, a time and a form", async () => {
  const on = new OnBus();
  const given: TopOptions[] = [];
  const top = async (_url: unknown, _screen: unknown, options: TopOptions) => {
    given.push(options);
    return { kind: "ended" } as const;
  };
  for (const line of ["top", "top --csv", "top --json", "top --json --csv", "top -n 3 --every 5s"])
    assert.is((await on.type(line, { top })).exitCode, 0);
  assert.equal(
    given.map(({ format, everyMs, isWhole }) => [format, everyMs, isWhole]),
    [
      ["table", 1_000, false],
      ["csv", 1_000, false],
      ["json", 1_000, false],
      ["json", 1_000, false],
      ["table", 5_000, true],
    ],
  );
  assert.is(given.at(-1)?.count, 3);
  for (const line of ["-n 0", "-n x5", "-n 5x", "-n 12345678", "--every 99ms", "--every soon"])
    assert.is((await on.type(`top ${line}`, { top })).exitCode, 2, line);
});

test("a service that comes later is among the events of a bus", async () => {
  const on = await orders();
  const reader = new AbortController();
  on.clock.after(5_000, () => void on.start("basket", 1, { handle: () => answer(1) }));
  on.clock.after(10_000, () => reader.abort());
  const { written } = await on.type("events", {}, { closed: reader.signal });
  assert.match(written, /orders instance 12 joined[\s\S]*basket instance 1 joined/);
});

test.run();
