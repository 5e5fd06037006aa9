// takes: 12 s
// shares: dwc with instances
// dwc on a secured bus without a Market: as a person of the org, and with the credentials of a service.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, connectBus, type Instance, type NatsBus, startInstance } from "../../../src/service/index.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { until } from "../../support/until.ts";
import { configOf } from "../desk-bus.ts";
import { Desk, ownersDesk, type RunOptions, type Typed } from "../run-dwc.ts";

/** Ports that belong to no program. */
const NO_MARKET = { PORT: "1", ADMIN_PORT: "2" };

const test = suite("services of one's own on a secured bus");
let owner: Desk;
/** A machine that has the credentials of services, and no state folder. */
let host: Desk;
let server: TestServer;
const files = new Map<string, string>();
const buses: NatsBus[] = [];
const instances: Instance[] = [];

test.before(async () => {
  owner = await ownersDesk();
  host = new Desk();
  for (const args of [["inventory"], ["payments"], ["idle"], ["orders", "--calls", "inventory"]])
    await owner.must("create-service", ...args);
  server = await startNatsServer({ config: await configOf(owner) });
  for (const service of ["inventory", "payments", "orders", "idle"]) {
    const creds = join(host.folder, `${service}.creds`);
    writeFileSync(creds, await owner.must("service-token", service));
    files.set(service, creds);
    if (service === "idle") continue;
    const bus = await connectBus({ urls: server.url, creds });
    buses.push(bus);
    const operations = { get: () => answer({ service }), reserve: (request: unknown) => answer({ request }) };
    const started = await startInstance({ service, instance: 1, bus, operations, version: "1.2.3" });
    if (started.kind === "started") instances.push(started.instance);
  }
});
test.after(async () => {
  await Promise.all(instances.map((instance) => instance.goodbye()));
  await Promise.all(buses.map((bus) => bus.close()));
  await server.stop();
  owner.clear();
  host.clear();
});

type Typing = (...args: string[]) => Promise<Typed>;

const asPerson: Typing = (...args) => owner.type(args, { env: { NATS_URL: server.url, ...NO_MARKET } });
const withCredsOf =
  (service: string, options: RunOptions = {}): Typing =>
  (...args) =>
    host.type(args, {
      ...options,
      env: { NATS_URL: server.url, NATS_CREDS: files.get(service), ...NO_MARKET, ...options.env },
    });

/** Until it prints that: dwc listens for a moment only. */
async function shows(typing: Typing, wanted: RegExp, ...args: string[]): Promise<Typed> {
  let last: Typed = { code: null, stdout: "", stderr: "" };
  const isSo = async (): Promise<boolean> => {
    last = await typing(...args);
    return wanted.test(last.stdout);
  };
  await until(`dwc ${args.join(" ")}`, isSo, undefined, () => last.stdout + last.stderr);
  return last;
}

test("a person of the org sees and calls every service", async () => {
  // In any order: events are in that of the answers to the roll call.
  const all = /^(?=[\s\S]*inventory)(?=[\s\S]*orders)[\s\S]*payments/;
  const cases: readonly (readonly string[])[] = [["ps"], ["top", "-n", "1"], ["events", "--once"], ["check"]];
  for (const args of cases) {
    const { code, stderr } = await shows(asPerson, all, ...args);
    assert.equal([code, stderr], [0, ""], args.join(" "));
  }
  const { stdout } = await shows(asPerson, /reserve +no requests yet/, "explain", "payments/1");
  assert.match(stdout, /^payments\/1 {2}up\n/);
  for (const service of ["inventory", "orders", "payments"]) {
    const called = await asPerson("call", service, "get");
    assert.equal([called.code, JSON.parse(called.stdout)], [0, { service }]);
  }
});

test("the credentials of a service show what it may call, and say that this is a part", async () => {
  const part = "WARNING: the credentials of orders show inventory alone, and no counters: to see all ";
  for (const args of [["ps"], ["top", "-n", "1"], ["events", "--once"]]) {
    const { code, stdout, stderr } = await shows(withCredsOf("orders"), /inventory/, ...args);
    assert.equal([code, stderr.startsWith(part), stderr.trimEnd().split("\n").length], [0, true, 1], stderr);
    assert.not.match(stdout, /payments/);
  }
  const { stdout } = await shows(withCredsOf("orders"), /inventory: 1 up/, "check");
  assert.match(stdout, /warning {3}the credentials of orders show inventory alone/);
  assert.not.match(stdout, /not allowed|invitation/);
});

test("what they permit works without a warning", async () => {
  const cases: readonly (readonly [args: readonly string[], shown: RegExp])[] = [
    [["ps", "inventory"], /inventory\/1 +up +get,reserve +- +-/],
    [["explain", "inventory"], /^inventory\/1 {2}up\n[\s\S]*reserve +no counters/],
    [["call", "inventory", "reserve", '{"id":1}'], /"request":\{"id":1\}/],
  ];
  for (const [args, shown] of cases) {
    const { code, stderr } = await shows(withCredsOf("orders"), shown, ...args);
    assert.is(code, 0);
    assert.not.match(stderr, /WARNING/, args.join(" "));
  }
});

test("what they do not permit is one error: the right that is missing, and what to type", async () => {
  for (const args of [
    ["ps", "payments"],
    ["explain", "payments/1"],
    ["call", "payments", "get"],
  ]) {
    const { code, stderr } = await withCredsOf("orders")(...args);
    assert.is(code, 1);
    assert.is(
      stderr,
      "dwc: the credentials of orders do not permit it to call payments\n" +
        "bin/dwc create-service orders --calls inventory,payments   (or as a person of the org, leave NATS_CREDS out)\n",
    );
    const { error, hint } = JSON.parse((await withCredsOf("orders")(...args, "--json")).stderr);
    assert.equal([error.code ?? error, typeof (error.hint ?? hint)], ["not-permitted", "string"]);
  }
  const own = await withCredsOf("orders")("call", "orders", "get");
  assert.match(own.stderr, /do not permit it to call its own instances\n.* --calls inventory,orders /);
  for (const args of [["ps"], ["top", "-n", "1"], ["events", "--once"]]) {
    const { code, stderr } = await withCredsOf("idle")(...args);
    assert.is(code, 1, args.join(" "));
    assert.match(stderr, /^dwc: the credentials of idle do not permit it to call any service\n.* --calls SERVICE /);
  }
  assert.match((await withCredsOf("idle")("check")).stdout, /could not be queried: the credentials of idle do not/);
});

test("a refused login names the file to ask for", async () => {
  const revoked = await owner.type(["revoke", "idle"], { env: { NATS_URL: server.url } });
  assert.is(revoked.code, 0, revoked.stderr);
  const { code, stderr } = await withCredsOf("idle")("ps");
  assert.is(code, 1);
  assert.match(stderr, /does not let us in with the credentials of idle .*\n.*bin\/dwc service-token idle/);
  assert.not.match(stderr, /invitation/);
});

test("completion knows what the credentials show", async () => {
  const cases: readonly (readonly [typed: readonly string[], words: string])[] = [
    [["call", ""], "inventory\n"],
    [["call", "inventory", ""], "get\nreserve\n"],
    [["call", "payments", ""], ""],
  ];
  const env = { NATS_URL: server.url, NATS_CREDS: files.get("orders"), ...NO_MARKET };
  for (const [typed, words] of cases) {
    const isSo = async (): Promise<boolean> => (await host.complete(typed, { env })) === words;
    await until(`the words after ${typed.join(" ")}`, isSo);
  }
});

test.run();
