// takes: 15 s
// Takeovers of the embedded server, with real processes: an owner that is stopped, ended or killed, and its heir.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { connectNatsBus, type NatsBus } from "../../../src/bus/nats-bus.ts";
import { systemClock } from "../../../src/clock.ts";
import { type Cleanup, cleanupSuite } from "../../support/cleanup.ts";
import { freeUrl, isRunning, isServerAt } from "../../support/nats-server.ts";
import { stopProcess } from "../../support/processes.ts";
import { until } from "../../support/until.ts";

const test = cleanupSuite("embedded server takeover");
const clock = systemClock();

interface Owner {
  readonly name: string;
  readonly child: ChildProcess;
  readonly received: Record<string, unknown>[];
  readonly serverPid: () => number;
}

/** A process of its own that keeps a bus. */
function startOwner({ ends }: Cleanup, url: string, name: string): Owner {
  const script = fileURLToPath(new URL("embedded-owner.js", import.meta.url));
  const child = spawn(process.execPath, ["--enable-source-maps", script, url, name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const received: Record<string, unknown>[] = [];
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) received.push(JSON.parse(line) as Record<string, unknown>);
  });
  ends.push(() => child.kill("SIGKILL"));
  const serverPid = (): number => {
    const said = received.map(({ said: line }) => /started nats-server there \(pid (\d+)\)/.exec(String(line))?.[1]);
    return Number(said.findLast((pid) => pid !== undefined) ?? 0);
  };
  return { name, child, received, serverPid };
}

const isConnected = ({ received }: Owner): boolean =>
  received.findLast(({ status }) => status !== undefined)?.["status"] === "connected";

async function owners(context: Cleanup, url: string): Promise<{ owner: Owner; heir: Owner }> {
  const owner = startOwner(context, url, "owner");
  await until("the owner started a server", () => owner.serverPid() !== 0 && isConnected(owner));
  const heir = startOwner(context, url, "heir");
  await until("the heir uses it", () => isConnected(heir));
  assert.is(heir.serverPid(), 0);
  return { owner, heir };
}

function client({ ends }: Cleanup, url: string): NatsBus {
  const bus = connectNatsBus({ urls: [url], name: "client", clock, report: () => undefined });
  ends.push(() => bus.close());
  return bus;
}

test("an owner that is stopped and continued has lost no call and no connection", async (context) => {
  const url = await freeUrl();
  const { owner } = await owners(context, url);
  const bus = client(context, url);
  await until("connected", () => bus.status === "connected");
  const sessionOf = (pid: number): string | undefined =>
    readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[3];
  if (process.platform === "linux") assert.is(sessionOf(owner.serverPid()), String(owner.serverPid()));
  stopProcess(owner.child.pid ?? 0);
  assert.ok(await isServerAt(url), "the server does not stand still with its owner");
  const waiting = bus.request("owner.get", "", { timeoutMs: 10_000 });
  // Longer than a bus may keep silent: the pause itself is what is tested.
  await new Promise<void>((resolve) => clock.after(4_000, resolve));
  owner.child.kill("SIGCONT");
  assert.is((await waiting).kind, "answered");
  assert.is((await bus.request("owner.get", "", { timeoutMs: 10_000 })).kind, "answered");
  assert.equal(
    owner.received.filter(({ status }) => status !== undefined),
    [{ status: "connected" }],
  );
});

test("a paused server is reported by pid; an owner that ends hands over to the heir", async (context) => {
  const url = await freeUrl();
  const { owner, heir } = await owners(context, url);
  const pid = owner.serverPid();
  process.kill(pid, "SIGSTOP");
  context.ends.push(() => isRunning(pid) && process.kill(pid, "SIGCONT"));
  const says = (one: Owner, what: RegExp): boolean => one.received.some(({ said }) => what.test(String(said)));
  await until("the owner says so", () => says(owner, new RegExp(`says nothing.*kill -CONT ${pid}`)), 30_000);
  await until("the heir says so", () => says(heir, /the nats-server at .* says nothing.*kill -CONT PID/), 30_000);
  assert.not.ok([owner, heir].some((one) => says(one, /not NATS|as NATS does/)));
  process.kill(pid, "SIGCONT");
  await until("both are back", () => isConnected(owner) && isConnected(heir), 30_000);
  assert.is(owner.serverPid(), pid);
  const bus = client(context, url);
  const goodbyes: string[] = [];
  bus.subscribe("goodbyes", (message) => goodbyes.push(Buffer.from(message.body).toString()));
  await until("connected", async () => bus.status === "connected" && (await bus.flush()));
  owner.child.kill("SIGTERM");
  await until("it ended", () => owner.child.exitCode === 0);
  assert.equal(goodbyes, ["owner"]);
  assert.not.ok(isRunning(pid));
  await until("the heir took over", () => heir.serverPid() !== 0 && isConnected(heir));
});

test("a crashed server is restarted; after kill -9 of its owner the heir takes over", async (context) => {
  const url = await freeUrl();
  const both = Object.values(await owners(context, url));
  const bus = client(context, url);
  await until("connected", () => bus.status === "connected");
  const first = both[0]?.serverPid() ?? 0;
  process.kill(first, "SIGKILL");
  const hasNext = (one: Owner): boolean => one.serverPid() !== 0 && one.serverPid() !== first;
  await until("another runs", () => both.some(hasNext));
  await until("both are back", () => both.every(isConnected));
  const [owner, heir] = both.toSorted((a, b) => Number(hasNext(b)) - Number(hasNext(a))) as [Owner, Owner];
  const before = heir.serverPid();
  owner.child.kill("SIGKILL");
  await until("its server is gone", () => !isRunning(owner.serverPid()));
  await until("the heir took over", () => heir.serverPid() !== before && isConnected(heir));
  const { name } = heir;
  await until(
    "its instance answers",
    async () => (await bus.request(`${name}.get`, "", { timeoutMs: 10_000 })).kind === "answered",
  );
  heir.child.kill("SIGTERM");
  await until("all gone", () => heir.child.exitCode === 0 && !isRunning(heir.serverPid()));
});

test.run();
