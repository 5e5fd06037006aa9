// takes: 8 s
// shares: dwc with instances
// dwc for services of one's own, on a bus without a Market.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, connectBus, type Instance, type NatsBus, refuse, startInstance } from "../../../src/service/index.ts";
import { until } from "../../support/until.ts";
import { Running } from "./running.ts";

/** For a line of dwc on a busy machine. */
const LINE_LIMIT_MS = 20_000;
/** For names, which a process leaves out where they take longer than 300 ms. A person presses the key again. */
const NAMES_LIMIT_MS = 60_000;

const test = suite("services of one's own");
let system: Running;
let bus: NatsBus;
const instances: Instance[] = [];

const echo = (operation: string) => (request: unknown) => answer({ operation, request: request ?? null });

const placesOf = ({ server, marketPort, adminPort }: Running) => ({
  ...{ NATS_URL: server.url, PORT: marketPort, ADMIN_PORT: adminPort },
});

async function start(service: string, instance: number, operations: readonly string[]): Promise<void> {
  const handlers = Object.fromEntries(operations.map((name) => [name, echo(name)]));
  const all = { ...handlers, ...(service === "payments" && { refund: () => refuse(409, "paid out already") }) };
  const started = await startInstance({ service, instance, bus, operations: all, version: "1.2.3" });
  if (started.kind === "started") instances.push(started.instance);
}

test.before(async () => {
  system = await Running.start();
  bus = await connectBus(system.server.url);
  await Promise.all([
    ...[1, 2].map((number) => start("orders", number, ["reserve", "get", "list"])),
    start("payments", 1, ["pay"]),
  ]);
});
test.after(async () => {
  await Promise.all(instances.map((instance) => instance.goodbye()));
  await bus.close();
  await system.close();
});

test("call makes a call of any operation, with any JSON value", async () => {
  const cases: readonly (readonly [args: readonly string[], answered: object])[] = [
    [["reserve", '{"id":1}'], { operation: "reserve", request: { id: 1 } }],
    [["list", "[1,2]"], { operation: "list", request: [1, 2] }],
    [["get", "7"], { operation: "get", request: 7 }],
    [["get"], { operation: "get", request: {} }],
    [["get", ""], { operation: "get", request: null }],
  ];
  for (const [args, answered] of cases) {
    const { code, stdout } = await system.typeUntil(0, ["call", "orders", ...args]);
    assert.equal([code, JSON.parse(stdout)], [0, answered]);
  }
  const { code, stderr } = await system.type(["call", "payments", "refund"]);
  assert.is(code, 1);
  assert.match(stderr, /^dwc: payments\/1 refused it: 409 paid out already\n/);
});

test("call names the operations that the service has", async () => {
  const wrong = await system.type(["call", "orders", "reserv"]);
  assert.is(wrong.code, 1);
  assert.is(
    wrong.stderr,
    "dwc: no instance of orders has the operation reserv\n" +
      "did you mean  bin/dwc call orders reserve ?   (it has get, list, reserve)\n",
  );
  assert.match(
    (await system.type(["call", "orders", "xyzzy"])).stderr,
    /\nit has get, list, reserve: {2}bin\/dwc call/,
  );
  assert.match((await system.type(["call", "orders", "get", "{x"])).stderr, /has to be JSON, and "\{x" is none/);
});

test("ps lists operations and counters, and misses no Market", async () => {
  const { stdout, stderr } = await system.typeUntil(/payments\/1/, ["ps"]);
  assert.is(stderr, "");
  assert.match(
    stdout,
    /^INSTANCE +ROLL CALL +OPERATIONS +CALLS +SUCCESS +ERRORS +TOTAL CALLS +TOTAL ERRORS +AVERAGE +UP FOR +ADDRESS\n/,
  );
  assert.match(stdout, /\norders\/1 +up +reserve,get,list +\d+ +(100 %|-) +0 /);
  assert.match(stdout, /\npayments\/1 +up +pay,refund +\d+ +(100 %|-) +0 /);
  const { instances: rows } = JSON.parse((await system.typeUntil(/payments/, ["ps", "--json"])).stdout);
  assert.equal(rows.at(-1).operations, ["pay", "refund"]);
});

test("check finds nothing wrong without a Market", async () => {
  const { code, stdout } = await system.typeUntil(/payments: 1 up/, ["check"]);
  assert.match(stdout, /fine +no Market answers at \S+, and the services that run need none\n/);
  assert.match(stdout, /orders: 2 up \(1, 2\)/);
  assert.is(code, 0, stdout);
});

test("explain prints what the instances say of themselves", async () => {
  await system.typeUntil(0, ["call", "orders", "reserve", "{}"]);
  const { stdout, stderr } = await system.typeUntil(/orders\/2/, ["explain", "orders"]);
  assert.match(stdout, /^orders\/1 {2}up\n {2}address +nats:orders\.get\.1-\S+\n {2}version +1\.2\.3, up for /);
  assert.match(stdout, /\n {2}reserve +\d+ requests?, 0 errors, \S+ \S+ on average\n/);
  assert.match(stdout, /\nA caller that has just started calls in turn: orders\/1, orders\/2\n$/);
  assert.match(stderr, /^no Market calls it/);
  const failed = await system.typeUntil(/refund/, ["explain", "payments/1"]);
  assert.match(failed.stdout, /\n {2}refund +1 request, 1 error \(the last: 409:paid out already\), /);
  const { code, stderr: wrong } = await system.type(["explain", "orders/7"]);
  assert.equal(
    [code, wrong.includes("orders/7 does not answer the roll call"), wrong.includes("are 1, 2:")],
    [1, true, true],
  );
  const read = JSON.parse((await system.typeUntil(/orders/, ["explain", "orders/1", "--json"])).stdout);
  assert.equal([read.source, read.instances.length, read.instances[0].operation_counts.length], ["bus", 1, 3]);
});

test("top shows each instance, with the requests of a second", async () => {
  const { stdout } = await system.typeUntil(/payments\/1[\s\S]*payments\/1/, ["top", "-n", "2", "--every", "100ms"]);
  assert.match(
    stdout,
    /^no Market: 3 instances answer the roll call, 3 of them up; \d+ calls? in the last minute.*\nINSTANCE +ROLL CALL +PER SECOND /,
  );
  assert.match(stdout, /\norders\/1 +up +0\.0 /);
  const { stdout: csv } = await system.typeUntil(/payments,1/, ["top", "-n", "1", "--csv"]);
  assert.match(csv, /^at,service,instance,[\s\S]*\n\d+,orders,1,1-\S+,up,\d+,0,,/);
  const frame = JSON.parse((await system.typeUntil(/payments/, ["top", "-n", "1", "--json"])).stdout);
  assert.equal([frame.type, frame.source, frame.instances.length], ["top", "bus", 3]);
});

test("events shows comings and goings as they happen", async () => {
  const { stdout } = await system.typeUntil(/payments instance 1 joined/, ["events", "--once"]);
  assert.match(stdout, /instance\.joined +orders instance 1 joined: nats:orders\.get\.1-/);
  let interrupt: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    interrupt = resolve;
  });
  let printed = "";
  const onStdout = (all: string): void => {
    printed = all;
  };
  const line = (words: RegExp): Promise<void> =>
    until(`a line with ${words}`, () => words.test(printed), LINE_LIMIT_MS);
  const followed = system.desk.start(["events", "--json"], { env: placesOf(system), interrupt: over, onStdout });
  await line(/payments instance 1 joined/);
  await start("parcels", 1, ["send"]);
  await line(/parcels instance 1 joined/);
  await instances.pop()?.goodbye();
  await line(/instance\.draining.*parcels/);
  interrupt();
  const lines = (await followed).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const names = lines.filter(({ text }) => String(text).includes("parcels")).map(({ name }) => name);
  assert.equal(names.slice(0, 2), ["instance.joined", "instance.draining"], JSON.stringify(lines));
});

test("completion knows services and their operations", async () => {
  const env = placesOf(system);
  const cases: readonly (readonly [typed: readonly string[], words: string])[] = [
    [["call", ""], "orders\npayments\n"],
    [["call", "orders", ""], "get\nlist\nreserve\n"],
    [["call", "payments", "re"], "refund\n"],
    [["explain", "orders/"], "orders/1\norders/2\n"],
  ];
  for (const [typed, words] of cases) {
    const isSo = async (): Promise<boolean> => (await system.desk.complete(typed, { env })) === words;
    await until(`the words after ${typed.join(" ")}`, isSo);
  }
});

test("a process that completes has the names from the bus in time", async () => {
  const env = placesOf(system);
  const isSo = async (): Promise<boolean> =>
    /^orders\t.*\npayments\t/.test((await system.desk.start(["__complete", "call", ""], { env })).stdout);
  await until("the services", isSo, NAMES_LIMIT_MS);
});

test.run();
