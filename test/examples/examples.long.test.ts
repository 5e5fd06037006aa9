// takes: 90 s
// The examples as their users run them: from the npm package in an empty folder, against a real nats-server. Each prints what
// its page shows.

import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { importsOf, packageOf } from "../house/layers.ts";
import type { Consumer } from "../package/consumer.ts";
import { freePort, isRunning, startNatsServer, type TestServer } from "../support/nats-server.ts";
import { Program } from "../support/program.ts";
import { untilMatches } from "../support/until.ts";
import {
  copyExample,
  exampleNames,
  installLibrary,
  isZodThere,
  linesOf,
  manifestOf,
  missingFrom,
  readExample,
  runScript,
  shownBy,
  sourcesOf,
} from "./example.ts";

const test = suite("the examples");
if (!isZodThere) console.log("  no zod here: type  sh bin/prepare-packages test/package");
const withZod = isZodThere ? test : test.skip;
const built = exampleNames.filter((name) => isZodThere || manifestOf(name).dependencies["zod"] === undefined);

let user: Consumer;
let server: TestServer;

test.before(async () => {
  user = await installLibrary();
  server = await startNatsServer();
});
test.after(async () => {
  await server?.stop();
  await user?.end();
});

/** Runs an example to its end. What its page shows is what it prints. */
async function start(name: string, env: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runScript(user, name, "start", { NATS_URL: server.url, ...env });
  assert.is(code, 0, stdout + stderr);
  const lines = linesOf(stdout);
  assert.equal(missingFrom(lines, shownBy(name)), [], stdout);
  return lines;
}

/** The numbers of the first line that matches, or NaN. */
function numbersIn(lines: readonly string[], pattern: RegExp): readonly number[] {
  const match = lines.map((line) => pattern.exec(line)).find((found) => found !== null);
  return match?.slice(1).map(Number) ?? [Number.NaN];
}

test("each is a project of its own, on the list, with a page of 15 to 40 lines", () => {
  assert.is(exampleNames.length, 6);
  const list = readExample("README.md");
  for (const name of exampleNames) {
    const { type, scripts, dependencies, devDependencies } = manifestOf(name);
    assert.match(list, `[${name}](${name}/README.md)`);
    assert.is(type, "module", name);
    const page = readExample(name, "README.md");
    const lines = linesOf(page).length;
    assert.ok(lines >= 15 && lines <= 40, `the page of ${name} has ${lines} lines`);
    assert.ok(shownBy(name).length > 0, `the page of ${name} shows no output`);
    for (const typed of ["npm install ./datawire-connect-1.0.0.tgz", "npm run build", "npm start"])
      assert.match(page, typed);
    for (const [, script = ""] of page.matchAll(/npm run (\w+)/g)) assert.ok(scripts[script], `${name}: ${script}`);
    const { compilerOptions } = JSON.parse(readExample(name, "tsconfig.json"));
    assert.is(compilerOptions.strict, true);
    assert.is(compilerOptions.module, "nodenext");
    const imported = sourcesOf(name).flatMap((file) => importsOf(readExample(name, "src", file)));
    const packages = imported.map(({ path }) => path).filter((path) => !/^(\.|node:)/.test(path));
    assert.equal([...new Set(packages.map(packageOf))].sort(), Object.keys(dependencies).sort(), name);
    assert.equal(Object.keys(devDependencies), ["@types/node", "typescript"]);
  }
});

test("they compile under strict, with the types of the package", async () => {
  for (const name of built) {
    copyExample(user, name);
    const { code, stdout, stderr } = await runScript(user, name, "build");
    assert.is(code, 0, `${name}: ${stdout}${stderr}`);
  }
});

test("typed-service: five operations, validation and a limit in under 40 lines", async () => {
  const parts = ["contract.ts", "service.ts"].map((file) => readExample("typed-service", "src", file));
  const lines = parts.flatMap(linesOf);
  assert.ok(lines.length < 40, `${lines.length} lines`);
  assert.is(lines.filter((line) => / operation\(/.test(line)).length, 5);
  assert.match(parts.join(""), /limit: \{ concurrent/);
  const script = join(user.folder, "typed-service/dist/service.js");
  const service = new Program({ name: "another", script, env: { NATS_URL: server.url } });
  try {
    await service.waitFor(/^instance 1 is up$/);
    const { stdout, stderr } = await runScript(user, "typed-service", "call", { NATS_URL: server.url });
    assert.equal([linesOf(stdout), stderr], [shownBy("typed-service"), ""]);
    assert.match(stdout, /^photo: Uint8Array\(4\) \[ 137, 80, 78, 71 \]$/m);
    service.signal("SIGINT");
    assert.equal(await service.ended, { code: 0, signal: null });
    assert.equal(service.lines, ["instance 1 is up"], "no handler failed");
  } finally {
    await service.end();
  }
});

test("order-chain: time, cancellation and metadata of the first caller reach the last service", async () => {
  const lines = await start("order-chain");
  for (const [id, callerMs] of [
    [1, 3_000],
    [2, 500],
  ] as const) {
    const lefts = ["orders", "inventory", "payments"].map(
      (name) => numbersIn(lines, new RegExp(`^${name}: ${id}: (-?\\d+) ms left$`))[0] ?? Number.NaN,
    );
    const falling = lefts.every((leftMs, at) => leftMs <= (lefts[at - 1] ?? callerMs));
    assert.ok(falling && (lefts.at(-1) ?? 0) < callerMs, lines.join("\n"));
  }
  const stops = lines.filter((line) => line.startsWith("payments: stops"));
  assert.equal(stops, [
    "payments: stops with 2: the time of the caller is over",
    "payments: stops with 3: the caller has given up",
  ]);
  const outcomes = lines.filter((line) => /^caller: [a-z]/i.test(line));
  const ends = ["Ann has paid for 1", "timeout", "cancelled", "no customer"];
  assert.equal(
    outcomes,
    ends.map((end) => `caller: ${end}`),
  );
  assert.not.ok(
    lines.some((line) => line.startsWith("orders: 4:")),
    "no handler has seen it",
  );
});

withZod("stream: the sender waits for its reader, stops when it leaves, and its death is an error", async () => {
  const lines = await start("stream");
  const [made = 0] = numbersIn(lines, /^reader: read 10, and the sender has made (\d+)$/);
  // Those that were read, and a window.
  assert.is(made, 26);
  const [failedAfterMs = 0] = numbersIn(lines, /^reader: failed after (\d+) ms: died/);
  assert.ok(failedAfterMs <= 1_000, `${failedAfterMs} ms`);
});

/** The metrics of the example while it runs, once an instance has been found to hang. */
async function metricsAt(port: number): Promise<string> {
  let text = "";
  const read = async (): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
    text = (await response?.text()) ?? "";
    return text;
  };
  await untilMatches(/^dwc_breaker_transitions_total\{service="accounts",from="\w+",to="open"\} [1-9]/m, read, 60_000);
  return text;
}

test("safe-write: no write is executed twice, none that was answered is missing, and metrics show both", async () => {
  const port = await freePort();
  const [lines, metrics] = await Promise.all([start("safe-write", { METRICS_PORT: `${port}` }), metricsAt(port)]);
  assert.match(metrics, /^dwc_client_calls_total\{service="accounts",operation="deposit",outcome="ok"\} [1-9]/m);
  assert.match(metrics, /^dwc_breaker_state\{service="accounts",instance="3",state="\w+"\} 1$/m);
  const [writes = 0, executed = 0, uncertain = 0] = numbersIn(lines, /^(\d+) writes: (\d+) executed, (\d+) uncertain$/);
  assert.ok(executed > 0 && uncertain > 0 && writes === executed + uncertain, lines.join("\n"));
  const [written = 0, twice, missing] = numbersIn(lines, /^ledger: (\d+) lines, (\d+) of them twice, (\d+) missing$/);
  assert.equal([twice, missing], [0, 0]);
  const [late = 0] = numbersIn(lines, /^of the uncertain writes (\d+) were executed$/);
  assert.is(written, executed + late);
  const [again = 0] = numbersIn(lines, /^(\d+) times no instance had begun the write/);
  assert.ok(again > 0, "there was no instance for a while");
  const pids = lines.flatMap((line) => /pid (\d+)$/.exec(line)?.[1] ?? []).map(Number);
  assert.is(pids.length, 7);
  assert.equal(pids.filter(isRunning), []);
});

test("secured-pair: orders may call inventory, and reports learns which right it lacks", async () => {
  const lines = await start("secured-pair", { PORT: `${await freePort()}` });
  assert.ok(lines.includes("orders: inventory has 7 tea"), lines.join("\n"));
  assert.match(lines.join("\n"), /type {2}npx dwc create-service reports --calls inventory\. It was not executed\.$/m);
});

test("testing: the tests of a user pass, and each is under 20 lines", async () => {
  const lines = await start("testing");
  assert.ok(lines.some((line) => /pass 2$/.test(line)) && lines.some((line) => /fail 0$/.test(line)), lines.join("\n"));
  const tests = readExample("testing", "src/failover.test.ts")
    .split(/^test\(/m)
    .slice(1);
  assert.is(tests.length, 2);
  for (const one of tests) assert.ok(linesOf(one).length < 20, `${linesOf(one).length} lines`);
});

test.run();
