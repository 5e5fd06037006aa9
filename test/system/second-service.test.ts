// takes: 8 s
// README, "Write your own service": its three blocks of code as they stand there, in a folder of their own that has this
// project and valibot as its packages, run as a reader would run them.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { Program } from "../support/program.ts";
import { blocksOf, readPage, sectionOf } from "../support/readme.ts";
import { repository } from "../support/repository.ts";
import { until } from "../support/until.ts";

interface Context {
  server: TestServer;
  folder: string;
  programs: Program[];
}

const MAX_LINES = 30;
const TIMEOUT_MS = 10_000;

const [contract, service, caller] = blocksOf(sectionOf(readPage("README.md"), "Write your own service")).filter(
  ({ language }) => language === "js",
);

const own = suite<Context>("a service of one's own, as README shows it");

own.before.each(async (context) => {
  context.programs = [];
  context.folder = mkdtempSync(join(tmpdir(), "own-service-"));
  // In place of the package, which test/package installs: the same files load faster than they are packed.
  mkdirSync(join(context.folder, "node_modules"));
  symlinkSync(repository, join(context.folder, "node_modules", "datawire-connect"));
  symlinkSync(join(repository, "node_modules/valibot"), join(context.folder, "node_modules", "valibot"));
  writeFileSync(join(context.folder, "greetings.mjs"), contract?.text ?? "");
  writeFileSync(join(context.folder, "greeter.mjs"), service?.text ?? "");
  writeFileSync(join(context.folder, "caller.mjs"), caller?.text ?? "");
  context.server = await startNatsServer();
});
own.after.each(async ({ server, folder, programs }) => {
  await Promise.all(programs.map((program) => program.end()));
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function run({ folder, server, programs }: Context, file: string, ...args: string[]): Program {
  const script = join(folder, file);
  const program = new Program({ name: "another", script, args, env: { NATS_URL: server.url } });
  programs.push(program);
  return program;
}

async function runGreeter(context: Context, number: number): Promise<Program> {
  const greeter = run(context, "greeter.mjs", String(number));
  await greeter.waitFor(new RegExp(`^instance ${number} is up: pid ${greeter.pid}$`));
  return greeter;
}

const FROM = (number: number): RegExp => new RegExp(`^Hello Ada, from instance ${number}$`);
const FAILED = /^(unanswered|refused)/;

own("its files have under thirty lines each", () => {
  for (const block of [contract, service, caller]) {
    const lines = block?.text.trimEnd().split("\n").length ?? MAX_LINES;
    assert.ok(lines < MAX_LINES, `${lines} lines`);
  }
});

own(
  "the caller is answered by both in turn; a kill of one, or its goodbye, fails no call; ^C ends all",
  async (context) => {
    const [first, killed] = [await runGreeter(context, 1), await runGreeter(context, 2)];
    const asking = run(context, "caller.mjs");
    // It knows both once both have answered.
    for (const number of [1, 2]) await asking.waitFor(FROM(number));
    const inTurn = asking.mark();
    const greeted = (number: number): number => asking.count(FROM(number), inTurn);
    await until("eight greetings", () => greeted(1) + greeted(2) >= 8, TIMEOUT_MS);
    assert.ok(Math.abs(greeted(1) - greeted(2)) <= 1, "in turn");
    const again = run(context, "greeter.mjs", "1");
    await again.waitFor(/instance 1 of greetings runs already: greetings\.get\.1-/);
    assert.is((await again.ended).code, 1);

    // Just after an answer of its own: a call that is under way dies with the process, and this caller has no other call
    // out that would find out about it.
    await asking.waitFor(FROM(2), { mark: asking.mark() });
    killed.signal("SIGKILL");
    const mark = asking.mark();
    await until("ten more greetings", () => asking.count(FROM(1), mark) >= 10, TIMEOUT_MS);
    assert.is(asking.count(/^\(lost greetings\.get\.2-/), 1);
    assert.is(asking.count(/^\(opened/), 0);

    const leaving = await runGreeter(context, 2);
    await asking.waitFor(FROM(2), { mark: asking.mark() });
    leaving.signal("SIGTERM");
    assert.equal(await leaving.ended, { code: 0, signal: null });
    await asking.waitFor(/^\(left greetings\.get\.2-/);
    const left = asking.mark();
    await until("greetings go on", () => asking.count(FROM(1), left) >= 3, TIMEOUT_MS);
    assert.is(asking.count(FAILED), 0, asking.lines.join("\n"));
    for (const program of [asking, first]) {
      program.signal("SIGINT");
      assert.equal(await program.ended, { code: 0, signal: null });
    }
  },
);

own.run();
