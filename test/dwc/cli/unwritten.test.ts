// takes: 6 s
// shares: dwc
// A result that cannot be written: its reader has ended, stdout is closed, or the disk is full. It may be the only copy of
// what the command made.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { Writable } from "node:stream";
import * as assert from "uvu/assert";
import { ShownLines } from "../../../src/dwc/cli/shown-lines.ts";
import { processScreen } from "../../../src/dwc/cli/terminal.ts";
import { shellWord } from "../../../src/dwc/identity/core/names.ts";
import { goldenOf } from "../../support/golden.ts";
import { until } from "../../support/until.ts";
import { deskSuite } from "../desk-bus.ts";
import { BOARD, FakeMarket } from "../live/board.ts";
import { type Desk, nowhere, PROGRAM } from "../run-dwc.ts";

const test = deskSuite("a result that is not written");
const golden = goldenOf(test, "dwc/unwritten");

/** Outputs that take no result: a pipe without a reader, no stdout at all, a disk that is full. */
const LOST = { EPIPE: ">&3", EBADF: ">&-", ENOSPC: ">/dev/full" } as const;

interface Lost {
  readonly code: number;
  readonly stderr: string;
}

async function lose(desk: Desk, words: readonly string[], why: keyof typeof LOST = "EPIPE"): Promise<Lost> {
  const line = `exec 3> >(:); wait $!; "$DWC" ${words.map(shellWord).join(" ")} ${LOST[why]}; echo $?`;
  const { stdout, stderr } = await desk.shell(line);
  return { code: Number(stdout), stderr };
}

test("a code that is lost is reported, with what makes another one", async ({ ann }) => {
  for (const [at, why] of (["EPIPE", "EBADF", "ENOSPC"] as const).entries()) {
    const email = `b${at}@example.org`;
    const { code, stderr } = await lose(ann, ["invite-user", email, "--admin"], why);
    assert.is(code, 1, why);
    assert.not.match(stderr, /the code above|send the code|paste it/);
    golden(stderr);
  }
  const renewed = await ann.type(["renew", "--all"]);
  const unread = renewed.ifUnwritten?.("EPIPE");
  assert.is(unread?.exitCode, 4, "keys are revoked, and no bus has the change");
  golden(String(unread?.stderr));
  assert.not.match(String(unread?.stderr), /is good until|send each code/);
  await ann.must("create-service", "prices");
  const token = await ann.type(["service-token", "prices"]);
  assert.not.match(String(token.ifUnwritten?.("EPIPE")?.stderr), "This is a secret");
  for (const words of [
    ["revoke", "prices"],
    ["renew", "--all"],
  ]) {
    const json = (await ann.type([...words, "--json"])).ifUnwritten?.("EPIPE");
    const { error, bus, buses, ...others } = JSON.parse(json?.stderr ?? "");
    assert.equal([error.code, bus, buses[0].url], ["unwritten", "not running", nowhere], words[0]);
    assert.equal(Object.keys(others), ["schema_version"], "no code is repeated");
  }
  const { stderr } = await lose(ann, ["invite-user", "c@example.org", "--json"]);
  assert.match((JSON.parse(stderr) as { error: { code: string } }).error.code, "unwritten");
});

test("a look whose reader ends is no error, and on a full disk it fails as that command fails", async ({ ann }) => {
  for (const why of ["EPIPE", "EBADF"] as const)
    assert.equal(await lose(ann, ["status"], why), { code: 0, stderr: "" });
  assert.ok((await lose(ann, ["check"], "ENOSPC")).code >= 2, "a warning or more, and 3 where all is fine");
});

test("whatever goes wrong with its output ends a command that prints as it goes", async () => {
  const stdout = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error("full"), { code: "ENOSPC" })),
  });
  const screen = processScreen(
    process.stdin,
    stdout as unknown as NodeJS.WriteStream,
    process.stderr,
    new ShownLines(stdout, false),
  );
  screen.write("an event\n");
  await new Promise((resolve) => screen.closed.addEventListener("abort", resolve));
});

test("help and version on a full disk fail, and may lose their reader", async ({ ann }) => {
  const full = await lose(ann, ["--version"], "ENOSPC");
  assert.is(full.code, 1);
  assert.match(full.stderr, /ENOSPC/);
  for (const words of [["--help"], ["--version"], ["revoke", "--help"], ["help", "revoke"]]) {
    const { stdout, ifUnwritten } = await ann.type([...words, "--json"]);
    assert.is(stdout, (await ann.type(words)).stdout, "for people");
    assert.is(JSON.parse(ifUnwritten?.("ENOSPC")?.stderr ?? "").error.code, "unwritten", words.join(" "));
  }
  assert.equal(await lose(ann, ["--help"]), { code: 0, stderr: "" });
});

test("a command that follows goes on where stderr does not take its words", async ({ ann }) => {
  const market = new FakeMarket();
  const url = await market.start();
  for (const lost of ["2>/dev/full", "2>&3"]) {
    const line = `exec 3> >(:); wait $!; exec "$DWC" events --json --market ${url} ${lost}`;
    const env = { PATH: process.env["PATH"], HOME: ann.folder, DWC_STATE: ann.state, DWC: PROGRAM, NATS_URL: nowhere };
    const child = spawn("bash", ["-c", line], { env, stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += String(chunk);
    });
    await until("it follows", () => market.feeds === 1);
    market.hangUp();
    await until("it follows again", () => market.feeds === 1 || child.exitCode !== null);
    market.publish({ ...BOARD.events[0], id: 4 });
    await until("an event after that", () => text.includes('"id":4') || child.exitCode !== null);
    assert.is(child.exitCode, null, lost);
    child.kill();
    await once(child, "exit");
  }
  await market.stop();
});

test.run();
