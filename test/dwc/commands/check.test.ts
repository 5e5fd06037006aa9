// takes: 30 s
// shares: dwc with instances
// `dwc check` as a newcomer meets it: nothing runs, something else has the port, all is well; and never for longer than 3 s.

import { chmodSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { goldenOf } from "../../support/golden.ts";
import { freePort } from "../../support/nats-server.ts";
import { Running } from "../live/running.ts";

const test = suite("dwc check");
const golden = goldenOf(test, "dwc/check");
/** As the roll call reports it. */
const ONE_UP = /ratings: 1 up \(1\)/;
let system: Running;

test.before(async () => {
  system = await Running.start();
});
test.after(() => system.close());

/** A server that occupies a port: it sends `greeting` to each client, or nothing. */
async function squatter(greeting?: string): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    if (greeting !== undefined) socket.end(greeting);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { port, server };
}

test("before anything is started it says what to type, and is critical", async () => {
  const { code, stdout, stderr } = await system.desk.type(["check"], { env: { PORT: String(await freePort()) } });
  assert.equal({ code, stderr }, { code: 2, stderr: "" });
  golden(stdout);
  assert.match(stdout, /\n\n× critical: 1 critical, .*\n$/);
});

test("a bus without instances is a warning, and so is a Market that was not started", async () => {
  const { code, stdout } = await system.type(["check"]);
  assert.is(code, 1);
  golden(stdout);
});

test("when all is well it says so, with exit code 0; JSON says the same", async () => {
  await system.startMarket();
  await system.world.startRatings(1);
  const { stdout } = await system.typeUntil(0, ["check"]);
  assert.match(stdout, "ratings: 1 up (1)");
  assert.match(stdout, /\n√ fine: \d fine\n$/);
  const read = JSON.parse((await system.typeUntil(0, ["check", "--json"])).stdout);
  assert.equal([read.schema_version, read.grade], [1, "fine"]);
  assert.equal(Object.keys(read.findings[0]), ["group", "grade", "what", "hint"]);
});

test("one that is paused is a warning, though the others are well", async () => {
  const second = await system.world.startRatings(2);
  await second.program.stop();
  const page = await fetch(`http://127.0.0.1:${system.marketPort}/`);
  await page.text();
  const { code, stdout } = await system.typeUntil(ONE_UP, ["check"]);
  golden(stdout);
  assert.is(code, 1);
  second.program.signal("SIGCONT");
  await second.program.end();
});

test("wrong arguments or settings are unknown to a monitoring system: exit code 3", async () => {
  for (const [args, env] of [
    [["check", "--bogus"], {}],
    [["check", "now"], {}],
    [["check", "--market", "x"], {}],
    [["check"], { REQUEST_TIMEOUT_MS: "soon" }],
  ] as const) {
    const { code, stdout, stderr } = await system.type(args, { env });
    assert.equal([code, stdout], [3, ""], args.join(" "));
    assert.match(stderr, /^dwc: /);
  }
});

test("a real Market's board is read as it stands, and its next choice is the one that is taken", async () => {
  await system.typeUntil(/^ratings\/1 [\s\S]*: ratings\/1\n$/, ["explain", "ratings"]);
  await system.typeUntil(/\nratings\/1 {2}√ healthy {2}up {9}next /, ["ps"]);
  const events = await system.type(["events", "--once"]);
  assert.match(events.stdout, / instance\.joined .*ratings.* 1 /);
});

test("the admin listener under a foreign name is recognized, with the address to type", async () => {
  // Leads to this machine, and is no name of it.
  const named = `http://0.0.0.0:${system.adminPort}`;
  const says = `the admin listener of a Market is at ${named}: it answers only to local names, and not to 0.0.0.0`;
  const cure = `on the Market's own machine type  --market http://localhost:${system.adminPort}   (or the address of the board that the Market printed at its start)`;
  const checked = await system.type(["check", "--market", named]);
  assert.match(checked.stdout, `? unknown   ${says}\n${" ".repeat(14)}${cure}\n`);
  assert.not.match(checked.stdout, /not the Market|no board/);
  for (const command of [
    ["explain", "ratings"],
    ["events", "--once"],
    ["top", "-n", "1"],
  ]) {
    const { code, stderr } = await system.type([...command, "--market", named]);
    assert.equal([code, stderr], [1, `dwc: ${says}\n${cure}\n`], command[0]);
  }
  const local = await system.type(["explain", "ratings", "--market", `http://localhost:${system.adminPort}`]);
  assert.is(local.code, 0, local.stderr);
});

test("ports that other programs have are reported, also where these send nothing", async () => {
  const [web, mute] = await Promise.all([squatter("HTTP/1.1 200 OK\r\n\r\nhello"), squatter()]);
  const taken = await system.type(["check"], {
    env: { PORT: String(web.port), NATS_URL: `nats://127.0.0.1:${web.port}` },
  });
  golden(taken.stdout);
  const env = { PORT: String(mute.port), NATS_URL: `nats://127.0.0.1:${mute.port}` };
  const silent = await system.type(["check"], { env });
  assert.is(silent.code, 2);
  golden(silent.stdout);
  web.server.close();
  mute.server.close();
});

test("a state folder that others may read is a warning, with the line that mends it", async () => {
  await system.desk.must("create-org", "My Org", "Ann", "ann@example.org");
  chmodSync(system.desk.state, 0o755);
  chmodSync(join(system.desk.state, "identity.json"), 0o644);
  const { code, stdout } = await system.typeUntil(ONE_UP, ["check"]);
  assert.is(code, 1);
  assert.match(stdout, `chmod 700 '${system.desk.state}'`);
  assert.match(stdout, `chmod 600 '${join(system.desk.state, "identity.json")}'`);
  golden(stdout);
});

test("it writes nothing", async () => {
  const before = system.desk.snapshot();
  await system.type(["check"]);
  assert.equal(system.desk.snapshot(), before);
});

test.run();
