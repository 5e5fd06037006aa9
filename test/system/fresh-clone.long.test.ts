// takes: 60 s
// The way of a newcomer: a fresh clone, nothing installed, an empty home, and `make demo` in a terminal.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort } from "../support/nats-server.ts";
import { carries, livingProcesses } from "../support/processes.ts";
import { openWindow } from "../support/terminal.ts";

const freshClone = suite("a fresh clone");

/** Packages come over the network, and a busy machine compiles slowly. */
const INSTALL_LIMIT_MS = 150_000;
const root = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));

/** The files of this version as they stand, committed or not: what a clone would hold once they are. */
function cloneInto(folder: string): void {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: root, encoding: "utf8" });
  for (const name of listed.split("\0").filter((line) => line !== "")) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(join(root, name), join(folder, name));
  }
}

freshClone("make demo installs what it needs and shows four fresh ratings; ^C leaves no process", async () => {
  const home = mkdtempSync(join(tmpdir(), "fresh clone "));
  const folder = join(home, "market");
  cloneInto(folder);
  const port = await freePort();
  const env = { ...process.env, HOME: home, DWC_STATE: join(home, "state"), PORT: String(port), ADMIN_PORT: "0" };
  const window = await openWindow({
    name: "clone",
    cwd: folder,
    env: { ...env, NATS_URL: `nats://127.0.0.1:${await freePort()}` },
  });
  try {
    window.type("make demo\n");
    await window.waitFor(/The Market is open at \S+ with three Ratings instances/, INSTALL_LIMIT_MS);
    const html = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    for (const rating of ["4.5/5", "2.1/5", "3.5/5", "2.2/5"]) assert.ok(html.includes(rating), rating);
    assert.not.ok(html.includes("last known"), "all of them are fresh");
    const from = window.mark();
    window.ctrlC();
    await window.waitFor(/demo: everything has ended/, 20_000, from);
    await window.waitFor(/clone\$ $/, 20_000, from);
    assert.not.match(window.output().slice(from), /Error|\*\*\*/, "^C ends it without a complaint");
    const left = livingProcesses().filter(
      ({ pid, command }) => carries(pid, home) && /\bnode\b|nats-server|make/.test(command),
    );
    assert.equal(left, []);
  } finally {
    await window.close();
    rmSync(home, { recursive: true, force: true });
  }
});

freshClone.run();
