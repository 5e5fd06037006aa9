// takes: 10 s
// shares: identity
// One state folder in two containers: processes in pid namespaces of their own, where no process id of the other means
// anything.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../../src/clock.ts";
import { paths } from "../../../src/dwc/identity/derived-files.ts";
import { type Locked, lock } from "../../../src/dwc/identity/lock.ts";
import { Folder } from "../../support/orgs.ts";
import { stopProcess } from "../../support/processes.ts";
import { until } from "../../support/until.ts";

const script = (name: string): string => fileURLToPath(new URL(`../../support/${name}.js`, import.meta.url));
const NAMESPACE = ["--pid", "--fork", "--kill-child", "--mount-proc"];
const canUnshare = spawnSync("unshare", [...NAMESPACE, "true"]).status === 0;
const EACH = 2;
const SHORT_MS = 300;
const LONG_MS = 10_000;

const test = suite<{ folder: Folder; children: ChildProcess[] }>("state folder shared by two pid namespaces");

test.before.each((context) => {
  context.folder = new Folder();
  context.children = [];
});
test.after.each(({ folder, children }) => {
  for (const child of children) child.kill("SIGKILL");
  folder.remove();
});

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** A shell line in a pid namespace of its own. */
function inNamespace(
  children: ChildProcess[],
  line: string,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn("unshare", [...NAMESPACE, "sh", "-c", line], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  return { child, ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, said }))) };
}

const skipped = canUnshare ? test : test.skip;

skipped(`${EACH} changes at once from each of two namespaces are all kept`, async ({ folder, children }) => {
  await folder.createOrg();
  await folder.createService("first");
  const names = Array.from({ length: EACH * 2 }, (_, place) => `service-${String(place).padStart(2, "0")}`);
  const lineFor = (some: readonly string[]): string =>
    `${some.map((name) => `(node '${script("change-state")}' '${folder.path}' ${name} || echo failed) &`).join(" ")} wait`;
  const ends = await Promise.all(
    [names.slice(0, EACH), names.slice(EACH)].map((some) => inNamespace(children, lineFor(some)).ended),
  );
  assert.equal(
    ends.map(({ said }) => said),
    ["", ""],
  );
  assert.equal(folder.org.services.map(({ name }) => name).sort(), ["first", ...names]);
});

skipped(
  "a holder in another namespace holds it, also while it is stopped, until it is killed",
  async ({ folder, children }) => {
    const clock = systemClock();
    const path = paths.lock(folder.path);
    const take = (timeoutMs: number): Promise<Locked> => lock({ path, clock, timeoutMs });
    const { child } = inNamespace(children, `exec node '${script("hold-lock")}' '${path}'`);
    let printed = "";
    child.stdout?.on("data", (text: string) => {
      printed += text;
    });
    await until("the holder in the namespace", () => printed.includes("locked"));
    const busy = await take(SHORT_MS);
    assert.is(busy.kind, "busy");
    const inner = spawnSync("pgrep", ["-P", String(child.pid)])
      .stdout.toString()
      .trim();
    stopProcess(Number(inner));
    assert.is((await take(SHORT_MS)).kind, "busy", "stopped");
    process.kill(Number(inner), "SIGKILL");
    const next = await take(LONG_MS);
    assert.is(next.kind, "locked");
    if (next.kind === "locked") next.release();
  },
);

test.run();
