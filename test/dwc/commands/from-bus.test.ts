// The commands that need no Market, typed on a bus in memory where services run: what a person reads, and a program.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, refuse } from "../../../src/service/core/handler.ts";
import { OnBus } from "../on-bus.ts";

const test = suite("dwc on a bus without a Market");
const TOOK_MS = 20;
const UP_MS = 60_000;
const NOTE = /no Market calls it: .*\n$/;

/** Two instances of orders: the second has no refunds. */
async function orders(): Promise<OnBus> {
  const on = new OnBus();
  const get = async (request: unknown) => {
    await on.clock.sleep(TOOK_MS);
    return answer({ got: request ?? "nothing" });
  };
  const refund = () => refuse(409, "sold out", { left: 0 });
  await on.start("orders", 1, { operations: { get, refund }, version: "1.2.3" });
  await on.start("orders", 2, { operations: { get } });
  return on;
}

const linesOf = (text: string): readonly string[] => text.trimEnd().split("\n");

test("explain shows address, version, heartbeat and the counters of each operation, and whose turn it is", async () => {
  const on = await orders();
  const wall = () => on.clock.wall();
  assert.equal(linesOf((await on.type("call orders get 7")).stdout), ['{"got":7}']);
  await on.type("call orders get");
  await on.type("call orders refund");
  const started = (await on.json("explain orders/1"))["instances"] as { counts: { started_at: number } }[];
  const startedAt = started[0]?.counts.started_at ?? 0;
  assert.ok(startedAt <= wall());
  const { stdout, stderr, exitCode } = await on.type("explain orders/1", { wall: () => startedAt + UP_MS });
  assert.is(exitCode, 0);
  assert.equal(linesOf(stdout), [
    "orders/1  up",
    "  address    nats:orders.get.1-a",
    "  version    1.2.3, up for 1 m 0 s",
    "  heartbeat  answers the roll call; sends one every 15 s at least",
    "  calls      3 calls in the last minute, all succeeded",
    "  get        2 requests, 0 errors, 20 ms on average",
    "  refund     1 request, 1 error (the last: 409:sold out), 0 ms on average",
    "",
    "A caller that has just started calls in turn: orders/1, orders/2",
  ]);
  assert.match(stderr, NOTE);
  const all = linesOf((await on.type("explain orders")).stdout);
  assert.equal(
    all.filter((line) => /^\S/.test(line)).map((line) => line.split(":")[0]),
    ["orders/1  up", "orders/2  up", "A caller that has just started calls in turn"],
  );
  assert.ok(all.includes("  get        no requests yet"));
});

test("explain as JSON names its source, and has the counters of each operation", async () => {
  const on = await orders();
  await on.type("call orders get");
  await on.type("call orders refund");
  const { at, instances, ...rest } = await on.json("explain orders");
  assert.equal(rest, { exitCode: 0, schema_version: 1, service: "orders", bus: "connected", source: "bus" });
  assert.ok(typeof at === "number" && at <= on.clock.wall());
  const [one, two] = instances as [Record<string, unknown>, Record<string, unknown>];
  assert.equal([one["roll_call"], one["version"], one["believed"]], ["up", "1.2.3", null]);
  const last_minute = { requests: 1, errors: 0, last_error: null };
  assert.equal(one["operation_counts"], [
    { name: "get", requests: 1, errors: 0, processing_ms: TOOK_MS, last_error: null, last_minute },
    { name: "refund", requests: 1, errors: 1, processing_ms: 0, last_error: "409:sold out", last_minute },
  ]);
  assert.equal(
    (two["operation_counts"] as { name: string; requests: number }[]).map(({ name, requests }) => [name, requests]),
    [["get", 0]],
  );
  assert.is(((await on.json("explain orders/2"))["instances"] as unknown[]).length, 1);
});

test("an instance that does not answer is named with those that do; a warning takes the place of a hint", async () => {
  const on = await orders();
  const missing = (await on.json("explain orders/9")) as Record<string, Record<string, string>>;
  assert.is(missing["exitCode"], 1);
  assert.is(missing["error"]?.["code"], "unknown-instance");
  assert.match(missing["error"]?.["message"] ?? "", "orders/9");
  assert.is(missing["error"]?.["hint"], "those that answer are 1, 2:  bin/dwc ps orders");
  const none = (await on.json("explain payments")) as Record<string, Record<string, string>>;
  assert.equal([none["exitCode"], none["error"]?.["code"]], [1, "unknown-instance"]);
  assert.is(none["error"]?.["hint"], "start one of payments");
  on.notes = ["the bus denies it"];
  const denied = await on.type("explain payments");
  assert.equal(linesOf(denied.stderr).slice(1), ["WARNING: the bus denies it"]);
  assert.match((await on.type("explain orders")).stderr, /\nWARNING: the bus denies it\n$/);
});

test("ps lists what the instances say of themselves, where no Market calls them", async () => {
  const on = await orders();
  await on.type("call orders get");
  await on.type("call orders refund");
  await on.start("basket", 3, { handle: () => answer(1) });
  const { stdout, stderr, exitCode } = await on.type("ps");
  assert.equal([exitCode, stderr], [0, ""]);
  const cells = linesOf(stdout).map((line) => line.split(/ {2,}/));
  assert.equal(cells[0], [
    ...["INSTANCE", "ROLL CALL", "OPERATIONS", "CALLS", "SUCCESS", "ERRORS", "TOTAL CALLS", "TOTAL ERRORS"],
    ...["AVERAGE", "UP FOR", "ADDRESS"],
  ]);
  assert.equal(
    cells.slice(1).map((row) => row.toSpliced(9, 1).join(" ")),
    [
      "basket/3 up get 0 - 0 0 0 - basket.get.3-a",
      "orders/1 up get,refund 2 100 % 0 2 1 10 ms orders.get.1-a",
      "orders/2 up get 0 - 0 0 0 - orders.get.2-a",
      "basket: 0 calls in the last minute",
      "orders: 2 calls in the last minute, all succeeded",
    ],
    "the refusal is the fault of its caller",
  );
  const { roll_call, market, instances, warnings } = await on.json("ps orders");
  assert.equal([roll_call, warnings, (instances as unknown[]).length], [true, [], 2]);
  assert.equal(market, { url: "http://127.0.0.1:5000", answers: false });
});

test("top shows the requests of each instance since the frame before", async () => {
  const on = await orders();
  await on.type("call orders get");
  const CALLS = 5;
  let calls = 0;
  const caller = on.clock.every(100, () => {
    calls += 1;
    if (calls === CALLS) caller();
    void on.bus.request("orders.get.1-a", "", { timeoutMs: 1_000 });
  });
  const { exitCode, written } = await on.type("top -n 2 --every 2s --json");
  assert.is(exitCode, 0);
  const frames = linesOf(written).map((line) => JSON.parse(line));
  assert.equal(
    frames.map(({ type, source, instances }) => [type, source, instances.length]),
    Array.from({ length: 2 }, () => ["top", "bus", 2]),
  );
  const [first, second] = frames;
  const [one, idle] = second.instances;
  const sinceMs = second.at - first.at;
  const made = one.counts.requests - first.instances[0].counts.requests;
  assert.ok(made > 0 && sinceMs >= 2_000);
  assert.is(one.per_second, (made / sinceMs) * 1_000);
  assert.is(idle.per_second, 0);
  assert.is(first.instances[0].per_second, null, "nothing came before the first frame");
});

test("top prints tables with a blank line between, or CSV under one head", async () => {
  const on = await orders();
  await on.type("call orders get");
  const tables = await on.type("top -n 2 --every 1s");
  assert.equal([tables.exitCode, tables.stdout, tables.stderr], [0, "", ""]);
  const [first = "", second = "", ...more] = tables.written.split("\n\n");
  assert.equal(more, []);
  for (const text of [first, second]) {
    const [head, columns, one, two] = linesOf(text);
    assert.is(
      head,
      "no Market: 2 instances answer the roll call, 2 of them up; 1 call in the last minute, all succeeded",
    );
    assert.match(
      columns ?? "",
      /^INSTANCE {2}ROLL CALL {2}PER SECOND {2}AVERAGE {2}CALLS {2}SUCCESS {2}ERRORS {2}TOTAL CALLS {2}TOTAL ERRORS +UP FOR {2}ADDRESS$/,
    );
    assert.match(`${one}\n${two}`, /^orders\/1 {2}up .*orders\.get\.1-a\norders\/2 {2}up .*orders\.get\.2-a$/);
  }
  const [head, ...rows] = linesOf((await on.type("top -n 2 --every 1s --csv")).written);
  assert.is(
    head,
    "at,service,instance,incarnation,roll_call,requests,errors,per_second,average_ms,calls_last_minute,succeeded,failed",
  );
  assert.equal(
    rows.map((row) => row.split(",").slice(1)),
    [
      ["orders", "1", "1-a", "up", "1", "0", "", String(TOOK_MS), "1", "1", "0"],
      ["orders", "2", "2-a", "up", "0", "0", "", "", "0", "0", "0"],
      ["orders", "1", "1-a", "up", "1", "0", "0", "", "1", "1", "0"],
      ["orders", "2", "2-a", "up", "0", "0", "0", "", "0", "0", "0"],
    ],
  );
});

test("a bus that is lost during top is a note, and the frames go on", async () => {
  const on = await orders();
  const refusal = { kind: "not-connected", code: "refused", why: "it lets us in no more", hint: "renew" } as const;
  const { roll } = on.live();
  const notIn = await on.type("top -n 1", { topServices: async () => refusal });
  assert.equal([notIn.exitCode, linesOf(notIn.stderr)], [1, ["dwc: it lets us in no more", "renew"]]);
  const missed = await on.type("top -n 1", { roll: async () => refusal });
  assert.equal([missed.exitCode, linesOf(missed.stderr)], [1, ["dwc: it lets us in no more", "renew"]]);
  on.notes = ["one subject is denied"];
  assert.match((await on.type("top -n 1", { roll })).written, /^note: WARNING: one subject is denied\n/);
});

test("a call says who answered, and where its time went", async () => {
  const on = await orders();
  const { stdout, stderr, exitCode } = await on.type("call orders get 7");
  assert.equal([exitCode, stdout], [0, '{"got":7}\n']);
  assert.match(
    stderr,
    /^answered by orders\/1, orders\.get\.1-a\nconnect 1 ms, .*20 ms \(of it the instance 20 ms\)\n$/,
  );
  const refused = await on.json("call orders refund");
  assert.equal([refused["exitCode"], refused["status"], refused["data"]], [1, 409, { left: 0 }]);
  const { answer: said, answered_by, asked, times_ms, warnings } = await on.json("call orders get");
  assert.equal([said, warnings], [{ got: {} }, []]);
  assert.equal(asked, [answered_by]);
  assert.equal(times_ms, { connect: 1, resolve: 0, call: TOOK_MS, processing: TOOK_MS });
});

test("a call that is answered without a body prints nothing, and an empty request is sent without one", async () => {
  const on = new OnBus();
  const seen: unknown[] = [];
  const handle = (request: unknown) => {
    seen.push(request);
    return answer(undefined);
  };
  await on.start("orders", 1, { handle });
  assert.is((await on.type("call orders get ")).stdout, "");
  assert.is((await on.json("call orders get "))["answer"], null);
  await on.type("call orders get");
  assert.equal(seen, [undefined, undefined, {}]);
});

test("a call of an operation that no instance has names the one that was meant, or all", async () => {
  const on = await orders();
  const of = async (operation: string) =>
    (await on.json(`call orders ${operation}`)) as Record<string, Record<string, string>>;
  const near = await of("gte");
  assert.equal([near["exitCode"], near["error"]?.["code"]], [1, "no-such-operation"]);
  assert.is(near["error"]?.["hint"], "did you mean  bin/dwc call orders get ?   (it has get, refund)");
  assert.is((await of("payout"))["error"]?.["hint"], "it has get, refund:  bin/dwc call orders get");
});

test("events begin with the instances that run now, and go on with those that come", async () => {
  const on = await orders();
  const once = await on.type("events --once");
  assert.is(once.exitCode, 0);
  assert.equal(
    linesOf(once.written).map((line) => line.slice("00:00:00  ".length)),
    [1, 2].map((instance) => `instance.joined    orders instance ${instance} joined: nats:orders.get.${instance}-a`),
  );
  const since = linesOf((await on.type("events --once --since 1s")).written);
  assert.match(since[0] ?? "", /^note: no Market answers/);
  assert.is(since.length, 3);
  on.notes = ["a subject is denied"];
  assert.match((await on.type("events --once")).written, /^note: WARNING: a subject is denied\n/);
});

test("events as JSON are one object a line, and go on until the reader ends", async () => {
  const on = await orders();
  const reader = new AbortController();
  on.clock.after(5_000, () => void on.start("orders", 3, { handle: () => answer(1) }));
  on.clock.after(10_000, () => reader.abort());
  const { exitCode, written } = await on.type("events --json", {}, { closed: reader.signal });
  assert.is(exitCode, 0);
  const all = linesOf(written).map((line) => JSON.parse(line));
  assert.equal(
    all.map(({ type, id, name, level, instance, incarnation }) => [type, id, name, level, instance, incarnation]),
    [1, 2, 3].map((one) => ["event", one, "instance.joined", "INFO", one, `${one}-a`]),
  );
  const refusal = { kind: "not-connected", code: "refused", why: "no", hint: "renew" } as const;
  const failed = await on.type("events", { followServices: async () => refusal });
  assert.equal([failed.exitCode, linesOf(failed.stderr)], [1, ["dwc: no", "renew"]]);
});

test.run();
