// takes: 20 s
// shares: dwc with a bus
// The cures that dwc prints where a bus has no room, is slow, refuses, or is half of a cluster: each is typed, and cures.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { listen } from "../support/listen.ts";
import { freePort, type TestServer } from "../support/nats-server.ts";
import { relay } from "../support/relay.ts";
import { until, untilMatches } from "../support/until.ts";
import { at, busOf, type DeskContext, deskSuite, inCluster, login, natsServer, newDesk } from "./desk-bus.ts";
import { ownersDesk, type Typed } from "./run-dwc.ts";

const test = deskSuite("cures by the state of the bus");

const CALL = ["call", "ratings", "get", "camera"];

/** Passes everything on, so much later in each direction. */
async function slowly({ ends }: DeskContext, port: number, delayMs: number): Promise<string> {
  const server = createServer((client) => relay(client, port, { delayMs }));
  ends.push(() => server.close());
  return `nats://127.0.0.1:${await listen(server)}`;
}

test("a bus at its limit of connections is said to be full, with one cure, which cures", async (context) => {
  const { ann } = context;
  await ann.must("create-service", "ratings");
  const bus = await busOf(context, ann, { more: "max_connections: 1\n" });
  const client = await login(ann, bus, "ratings");
  const { stdout } = await ann.type(["check"], at(bus.url));
  assert.match(stdout, /critical .*has no room for this process .*\n\s+raise max_connections in its configuration/);
  assert.not.match(stdout, /make add-ratings|bin\/dwc push/);
  for (const args of [["ps"], CALL, ["fault"], ["push"]]) {
    const { stderr, code } = await ann.type(args, at(bus.url));
    assert.match(
      stderr,
      /raise max_connections in its configuration and restart it, or end other clients/,
      args.join(" "),
    );
    assert.not.match(stderr, "bin/dwc check", args.join(" "));
    assert.is(code, args[0] === "push" ? 4 : 1);
  }
  const [, , file = ""] = /(-c|--config)\0([^\0]+)/.exec(readFileSync(`/proc/${bus.pid}/cmdline`, "utf8")) ?? [];
  writeFileSync(file, readFileSync(file, "utf8").replace("max_connections: 1", "max_connections: 100"));
  // A reload is no hint: the server refuses one where its name was given on the command line.
  await bus.stop();
  await bus.restart();
  assert.is((await ann.type(["push"], at(bus.url))).code, 0);
  assert.not.match((await ann.type(["check"], at(bus.url))).stdout, "max_connections");
  await client.close();
});

test("a slow bus is not called paused, and each command waits for it as long as push does", async (context) => {
  const { ann } = context;
  const bus = await busOf(context, ann);
  const speed = 2;
  const url = await slowly(context, bus.port, 450 / speed);
  const type = (word: string): Promise<Typed> => ann.type([word], at(url, { speed }));
  const [checked, listed, pushed] = await Promise.all([type("check"), type("ps"), type("push")]);
  assert.match(checked.stdout, "uses the newest account tokens of your orgs");
  assert.not.match(checked.stdout, /paused|\bfg\b|not known/);
  assert.not.match(listed.stderr, /let us in|paused/);
  assert.is(pushed.code, 0, pushed.stderr);
});

test("an open bus is entered only where no other address has logins, however slow that one is", async (context) => {
  const { ann } = context;
  const [bus, open] = [await busOf(context, ann), await natsServer(context)];
  const secured = await slowly(context, bus.port, 100);
  const warned = async (url: string): Promise<boolean> => {
    const { code, stderr } = await ann.type(["ps"], at(url));
    assert.is(code, 0, stderr);
    return /WARNING: the bus at \S+ is open/.test(stderr);
  };
  assert.not.ok(await warned(`${open.url},${secured}`));
  assert.ok(await warned(`${open.url},nats://127.0.0.1:${await freePort()}`));
  assert.ok(await warned(open.url));
});

test("a bus of another operator, which refuses late, is said to refuse, and no push is offered", async (context) => {
  const { ann } = context;
  const ben = await newDesk(context, ownersDesk());
  const speed = 2;
  const foreign = await busOf(context, ben, { lookupMs: 1_900 / speed });
  for (const url of [foreign.url, await slowly(context, foreign.port, 450 / speed)]) {
    const { stdout } = await ann.type(["check"], at(url, { speed }));
    assert.match(stdout, /does not let us in .*/);
    assert.match(stdout, /where this org's bus is another, set NATS_URL to it; else end what runs there, then {2}make/);
    assert.not.match(stdout, /push|no bus has accepted the login|\bfg\b/);
  }
  const listed = await ann.type(["ps"], at(await slowly(context, foreign.port, 450 / speed), { speed }));
  assert.match(listed.stderr, /does not let us in/);
  await foreign.stop();
  const own = await busOf(context, ann, { port: foreign.port });
  assert.not.match((await ann.type(["check"], at(own.url))).stdout, "critical");
});

test("a server of a cluster that does not take the token is named, with its reason", async (context) => {
  const { ann } = context;
  const [routeOne, routeTwo] = [await freePort(), await freePort()];
  const server = (name: string, route: number): Promise<TestServer> =>
    busOf(context, ann, { more: inCluster(name, route, [routeOne]), accounts: join(ann.folder, name) });
  const [one, two] = await Promise.all([server("one", routeOne), server("two", routeTwo)]);
  const folder = join(ann.folder, "two");
  const push = () => ann.type(["push"], at(one.url));
  await until("both servers", async () => (await ann.type(["push"], at(two.url))).code === 0);
  await until("both servers", async () => (await push()).code === 0);
  // The other server learns of the account from its subscriptions, and loads no token.
  await ann.type(["ps"], at(one.url));
  await until("a login at one server says nothing against the other", async () => (await push()).code === 0);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, "in the way");
  await ann.type(["create-service", "ratings"], at(one.url));
  const name = `test-${two.port}`;
  const refusal = new RegExp(
    `its server ${name} did not take the change: \\w.*\n.*repair server ${name} .*then {2}bin/dwc push`,
  );
  const outputOf = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await ann.type(args, at(one.url));
    if (args[0] !== "check") assert.is(code, 4);
    return stdout + stderr;
  };
  // A server of a busy machine may answer later than dwc gathers answers.
  await untilMatches(refusal, () => outputOf("revoke", "ratings"));
  await untilMatches(refusal, () => outputOf("push"));
  const named = `critical .* its server ${name} (uses an older|keeps no) account token of this org`;
  const cure = new RegExp(`${named}\\n\\s+bin/dwc push.*repair server ${name} .*restart it, then {2}bin/dwc push`);
  await untilMatches(cure, () => outputOf("check"));
  rmSync(folder);
  await two.stop();
  await two.restart();
  await until("the line that was printed cures", async () => (await push()).code === 0);
});

test("a member refused by the bus is offered what a member can do, and that cures", async (context) => {
  const { ann } = context;
  const bus = await busOf(context, ann, { accounts: join(ann.folder, "theirs") });
  const invite = async (): Promise<string> => {
    const { stdout } = await ann.type(["invite-user", "ben@example.org"], at(bus.url));
    return stdout;
  };
  const code = await invite();
  await ann.type(["revoke", "ben@example.org"], at(bus.url));
  const ben = await newDesk(context);
  const join1 = await ben.type(["accept-invitation", "-"], at(bus.url, { stdin: code }));
  assert.is(join1.code, 4);
  assert.match(join1.stderr, /does not obey \(it refuses your credentials: .*\)\./);
  assert.match(join1.stderr, /ask the owner of the org for a new invitation {2}\(bin\/dwc invite-user EMAIL\)/);
  assert.not.match(join1.stderr, /end what runs|make add-ratings {2}or|^.*: {2}bin\/dwc push/m);
  const again = await ben.type(["accept-invitation", "-"], at(bus.url, { stdin: await invite() }));
  assert.is(again.code, 0, again.stderr);
  // A member has nothing to hand over.
  bus.pause();
  const next = ann.type(["invite-user", "ben2@example.org"]);
  const paused = await ben.type(["accept-invitation", "-"], at(bus.url, { stdin: (await next).stdout, speed: 8 }));
  bus.resume();
  assert.not.match(paused.stderr, "bin/dwc push");
});

test.run();
