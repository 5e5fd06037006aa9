// takes: 20 s
//
// bin/prepare on machines that lack something. npm, the compiler, apt-get and sudo are fakes that write down how they
// were called; all else is the real script.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openWindow } from "../support/terminal.ts";
import { type Finished, openToolbox, type Toolbox, whereIs } from "../support/toolbox.ts";

const test = suite("bin/prepare");
/** The contract: with nothing to do the program starts within a second. */
const QUICK_MS = 1_000;
/** A machine may be busy for a moment, hardly for three in a row. */
const TRIES = 3;
/** Far below what waiting for a lock takes, far above what not waiting takes. */
const AT_ONCE_MS = 15_000;
let box: Toolbox;

/** An npm that installs what the fake project names, and a compiler that copies sources and refuses the word "wrong". */
const FAKE_NPM = `
[ "$1" = config ] && { echo "$HOME/.npm"; exit; }
echo "npm $* cache=$npm_config_cache" >>calls
[ -z "$NPM_SAYS" ] || { echo "$NPM_SAYS"; exit 1; }
rm -rf node_modules
mkdir -p node_modules/.bin node_modules/nats
sleep "\${NPM_TAKES:-0}"
touch node_modules/nats/package.json
cp "$FAKES/tsc" "$FAKES/esbuild" node_modules/.bin
`;
const FAKE_TSC = `
echo "tsc" >>calls
grep -rn wrong src && exit 2
mkdir -p .dist-new/src .dist-new/bin
for file in src/*.ts; do cp "$file" ".dist-new/\${file%.ts}.js"; done
`;
const FAKE_ESBUILD = `
[ -z "$ESBUILD_SAYS" ] || { echo "$ESBUILD_SAYS"; exit 1; }
`;
const FAKE_APT = `
echo "apt-get $*" >>calls
case $* in
  *update*) touch updated ;;
  *install*) [ -f updated ] || { echo 'E: Unable to locate package'; exit 100; }
    for package; do :; done
    [ -n "$APT_LACKS" ] || cp "$FAKES/installed" "$FAKES/$package" ;;
esac
`;

/** What a run leaves behind, kept for the tests that begin after one. */
const MADE = ["node_modules", "dist", ".prepared"];
const kept = mkdtempSync(join(tmpdir(), "prepared-"));
let first: Finished & { readonly calls: readonly string[] };

test.before(async () => {
  open();
  const finished = await prepare();
  first = { ...finished, calls: calls() };
  for (const made of MADE) cpSync(join(box.folder, made), join(kept, made), { recursive: true });
  close();
});
test.after(() => rmSync(kept, { recursive: true }));

/** The box after a run. */
function prepared(): void {
  cpSync(kept, box.folder, { recursive: true });
}

function open(): void {
  box = openToolbox(["bin/prepare", "bin/prepare-system", "bin/bundle-programs"]);
  box.write("package.json", '{\n  "version": "1.0.0",\n  "dependencies": {\n    "nats": "2.29.3"\n  }\n}\n');
  box.write("package-lock.json", "{}\n");
  box.write("tsconfig.json", "{}\n");
  box.write("src/a.ts", "right\n");
  box.tool("node", `[ "$1" = --version ] && { echo v20.19.0; exit; }\nexec '${process.execPath}' "$@"`);
  symlinkSync(whereIs("flock"), join(box.tools, "flock"));
  box.tool("npm", FAKE_NPM);
  box.tool("tsc", FAKE_TSC);
  box.tool("esbuild", FAKE_ESBUILD);
  box.tool("installed", "exit 0");
}
const close = (): void => rmSync(join(box.folder, ".."), { recursive: true, force: true });
test.before.each(open);
test.after.each(close);

const prepare = (env: Record<string, string | undefined> = {}, ...needs: string[]) =>
  box.run("sh", ["bin/prepare", ...needs], { FAKES: box.tools, PREPARE_BUS_FOLDERS: "", ...env });
const calls = (): string[] => {
  const path = join(box.folder, "calls");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  rmSync(path, { force: true });
  return text.split("\n").filter((line) => line !== "");
};
const names = (): string[] => calls().map((line) => line.split(" ").slice(0, 2).join(" "));

test("a fresh clone gets its packages and programs, and a second run does nothing, in silence", async () => {
  prepared();
  assert.is(first.code, 0, first.said);
  assert.match(first.said, /^prepare: installing the npm packages .* done\nprepare: compiling\n$/);
  const [install = "", ...others] = first.calls;
  assert.match(install, /^npm ci .* cache=$/, "npm's own");
  assert.equal(others, ["tsc"]);
  let leastMs = Number.POSITIVE_INFINITY;
  for (let tried = 0; tried < TRIES && leastMs >= QUICK_MS; tried += 1) {
    const again = await prepare();
    assert.is(again.said, "");
    leastMs = Math.min(leastMs, again.tookMs);
  }
  assert.ok(leastMs < QUICK_MS, `took ${leastMs} ms`);
  assert.equal(calls(), []);
});

test("a half install, a deleted package and another lock are each installed again", async () => {
  prepared();
  rmSync(join(box.folder, "node_modules/.prepared"));
  await prepare();
  assert.equal(names(), ["npm ci"], "half");
  rmSync(join(box.folder, "node_modules/nats"), { recursive: true });
  await prepare();
  assert.equal(names(), ["npm ci"], "deleted");
  box.write("package-lock.json", '{ "other": true }\n');
  await prepare();
  assert.equal(names(), ["npm ci", "tsc"], "another lock");
});

test("a changed source is compiled, and the program of a deleted one goes", async () => {
  prepared();
  box.write("src/b.ts", "right\n");
  box.write("src/a.ts", "new\n");
  await prepare();
  assert.ok(existsSync(join(box.folder, "dist/src/b.js")));
  assert.is(readFileSync(join(box.folder, "dist/src/a.js"), "utf8"), "new\n");
  rmSync(join(box.folder, "src/b.ts"));
  await prepare();
  assert.not.ok(existsSync(join(box.folder, "dist/src/b.js")));
});

test("a bundler that fails is shown, and leaves no program to run", async () => {
  const refused = await prepare({ ESBUILD_SAYS: "no such export" });
  assert.is(refused.code, 1);
  assert.match(refused.said, /no such export\nprepare: the compiler refused/);
  assert.not.ok(existsSync(join(box.folder, "dist")));
});

test("a refused source is shown, leaves no old program to run, and is tried again", async () => {
  prepared();
  box.write("src/a.ts", "wrong\n");
  for (const _ of ["first", "again"]) {
    const refused = await prepare();
    assert.is(refused.code, 1);
    assert.match(refused.said, /src\/a.ts:1:wrong\nprepare: the compiler refused the sources \(above\): mend them/);
    assert.not.ok(existsSync(join(box.folder, "dist")));
  }
});

test("a ^C ends an install at once, and the next run starts it over", async () => {
  const window = await openWindow({ name: "one", cwd: box.folder });
  try {
    window.type(`PATH='${box.tools}' FAKES='${box.tools}' NPM_TAKES=60 sh bin/prepare; echo ended:$?\n`);
    await window.waitFor(/installing the npm packages .* \./, AT_ONCE_MS);
    window.ctrlC();
    await window.waitFor("ended:130\n", AT_ONCE_MS);
  } finally {
    await window.close();
  }
  calls();
  assert.is((await prepare()).code, 0);
  assert.equal(names(), ["npm ci", "tsc"]);
});

for (const lock of ["flock", "no flock"]) {
  test(`two at once install once, and the second says what it waits for (${lock})`, async () => {
    if (lock === "no flock") rmSync(join(box.tools, "flock"));
    const both = await Promise.all([prepare({ NPM_TAKES: "2" }), prepare({ NPM_TAKES: "2" })]);
    assert.equal(
      both.map(({ code }) => code),
      [0, 0],
    );
    assert.equal(names(), ["npm ci", "tsc"]);
    const said = both.map((one) => one.said).join("");
    assert.match(said, /prepare: waiting for another make in this folder to finish installing \.* done\n/);
    assert.match(said, /installing the npm packages .* \.+ done/, "a sign of life");
  });
}

test("a lock whose owner is dead is taken over at once", async () => {
  rmSync(join(box.tools, "flock"));
  mkdirSync(join(box.folder, ".prepared"));
  const dead = await box.run("sh", ["-c", "echo $$"]);
  symlinkSync(dead.said.trim(), join(box.folder, ".prepared/lock.link"));
  const { code, tookMs } = await prepare();
  assert.is(code, 0);
  assert.ok(tookMs < AT_ONCE_MS, `took ${tookMs} ms`);
  assert.not.ok(existsSync(join(box.folder, ".prepared/lock.link")), "and is given back");
});

test("a Node that is too old or missing, and a missing npm, are each said in one line with what to type", async () => {
  prepared();
  box.tool("node", "echo v18.20.4");
  const old = await prepare();
  assert.is(old.code, 1);
  assert.match(
    old.said,
    /^prepare: Node 18\.20\.4 is too old, 20\.19 or newer is needed: type {2}.*npx --yes n 20.*\n$/,
  );
  for (const version of ["v20.18.3", "v9.99.0", "v20.19.0", "v22.1.0"]) {
    box.tool("node", `echo ${version}`);
    const { code } = await prepare();
    assert.is(code, ["v20.19.0", "v22.1.0"].includes(version) ? 0 : 1, version);
  }
  rmSync(join(box.tools, "npm"));
  rmSync(join(box.folder, "node_modules"), { recursive: true });
  assert.match((await prepare()).said, /^prepare: npm is missing: type {2}.*apt-get install -y npm"?\n$/);
  rmSync(join(box.tools, "node"));
  const missing = await prepare();
  assert.is(missing.code, 1);
  assert.match(missing.said, /^prepare: Node is missing: see https:\/\/nodejs.org.*\n$/);
});

test("npm's trouble becomes one line that names the way out", async () => {
  const expected = {
    "npm error code ENOSPC": /prepare: the disk is full: free some space/,
    "npm error code EACCES": /prepare: \S+ may not write in .*: type {2}.*chown -R/,
    "npm error code ENOTFOUND": /prepare: npm does not reach its registry/,
    "npm error code EUSAGE":
      /prepare: package\.json and package-lock\.json name different packages: type {2}npm install/,
    "npm error something else": /something else\nprepare: npm ci failed \(above\): type {2}make clean && make/,
  };
  for (const [says, line] of Object.entries(expected)) {
    const { code, said } = await prepare({ NPM_SAYS: says });
    assert.is(code, 1, says);
    assert.match(said, line);
    assert.is(said.trim().split("\n").at(-1)?.startsWith("prepare: "), true, "the way out is the last line");
  }
});

test("a folder that may not be written in is said before anything is tried", async () => {
  box.tool("mkdir", 'echo "mkdir: cannot create directory: Read-only file system" >&2; exit 1');
  assert.match((await prepare()).said, /^prepare: this folder is on a read-only disk: type {2}cp -r/);
  box.tool("mkdir", 'echo "mkdir: cannot create directory: Permission denied" >&2; exit 1');
  assert.match((await prepare()).said, /^prepare: \S+ may not write in .*, which belongs to \S+: type {2}.*chown -R/);
  assert.equal(calls(), []);
});

test("without a HOME of its own npm keeps its cache in the folder", async () => {
  for (const home of [undefined, "/proc"]) {
    await prepare({ HOME: home });
    assert.match(calls()[0] ?? "", /^npm ci --include=dev .* cache=.*my clone\/\.prepared\/npm-cache$/, String(home));
    assert.not.ok(existsSync(join(box.folder, "~")));
    rmSync(join(box.folder, "node_modules"), { recursive: true });
  }
});

test("a missing nats-server is asked for only where it is needed", async () => {
  prepared();
  assert.is((await prepare({ NATS_URL: "nats://bus.example:4222" }, "bus")).code, 0, "the bus is elsewhere");
  const { said } = await prepare({ NATS_URL: "nats://bus.example:4222" }, "nats-server");
  assert.match(said, /^prepare: nats-server is missing: install it/);
  assert.is((await prepare({ PREPARE_BUS_FOLDERS: box.tools }, "bus")).code, 1);
  box.tool("nats-server", "exit 0");
  assert.is((await prepare({ PREPARE_BUS_FOLDERS: "" }, "nats-server")).code, 0, "found in PATH");
});

test("a bus that answers on this machine is enough", async () => {
  prepared();
  const server = createServer((socket) => socket.end("INFO {}\r\n"));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  assert.is((await prepare({ NATS_URL: `nats://127.0.0.1:${port}` }, "bus")).code, 0);
  await new Promise((closed) => server.close(closed));
  assert.is((await prepare({ NATS_URL: `nats://127.0.0.1:${port}` }, "bus")).code, 1);
});

const installs = ["apt-get -o", "apt-get -o", "apt-get -o"]; // install fails, update, install

test("root installs nats-server with apt-get, and fetches the package lists when they are missing", async () => {
  box.tool("apt-get", FAKE_APT);
  box.tool("id", '[ "$1" = -u ] && echo 0 || echo root');
  prepared();
  const { code, said } = await prepare({}, "nats-server");
  assert.is(code, 0, said);
  assert.match(said, /^prepare: installing nats-server with apt-get \.* done\n$/);
  assert.equal(names(), installs);
});

test("a user installs it with sudo where that asks nothing, and else is told the one line", async () => {
  box.tool("apt-get", FAKE_APT);
  box.tool("id", '[ "$1" = -u ] && echo 1000 || echo ann');
  prepared();
  const unlisted = await prepare({}, "nats-server");
  assert.is(unlisted.code, 1);
  assert.match(
    unlisted.said,
    'type  su -c "apt-get update && apt-get install -y nats-server"\n',
    "as it would fail without",
  );
  box.tool("apt-cache", "exit 0");
  const none = await prepare({}, "nats-server");
  assert.is(none.said, 'prepare: nats-server is missing: type  su -c "apt-get install -y nats-server"\n');
  box.tool("sudo", "exit 1");
  const asks = await prepare({}, "nats-server");
  assert.is(asks.said, "prepare: nats-server is missing: type  sudo apt-get install -y nats-server\n");
  box.tool("sudo", 'shift; [ "$1" = true ] || exec "$@"');
  const { code, said } = await prepare({}, "nats-server");
  assert.is(code, 0, said);
  assert.equal(names(), installs);
});

test("a browser is installed the same way, and where it cannot be had the tests go on without it", async () => {
  box.tool("id", '[ "$1" = -u ] && echo 0 || echo root');
  box.tool("nats-server", "exit 0");
  const needs = ["nats-server", "browser"];
  const without = await prepare({}, ...needs);
  assert.is(without.code, 0, without.said);
  assert.match(
    without.said,
    /\nprepare: no browser here: the tests that look at pages are skipped, unless you type {2}apt-get .*chromium\n$/,
  );
  box.tool("apt-get", FAKE_APT);
  calls();
  const lacking = await prepare({ APT_LACKS: "chromium" }, ...needs);
  assert.is(lacking.code, 0, lacking.said);
  assert.match(lacking.said, /^prepare: installing chromium with apt-get \.*\nprepare: no browser here: /);
  const { code, said } = await prepare({}, ...needs);
  assert.is(code, 0, said);
  assert.match(said, /^prepare: installing chromium with apt-get \.* done\n$/);
  assert.ok(
    calls().every((call) => call.startsWith("apt-get") && (call.includes("update") || call.endsWith(" chromium"))),
  );
});

test("an nginx is unpacked in the folder, without rights, and where it cannot be had the tests go on without it", async () => {
  box.tool("id", '[ "$1" = -u ] && echo 1000 || echo ann');
  prepared();
  const without = await prepare({}, "nginx");
  assert.is(without.code, 0, without.said);
  assert.match(
    without.said,
    /^prepare: no nginx here: the tests behind a proxy are skipped, unless you type {2}su -c "apt-get .*nginx"\n$/,
  );
  const unpacked = "mkdir -p usr/sbin; printf '#!/bin/sh\\n' >usr/sbin/nginx; chmod +x usr/sbin/nginx 2>/dev/null";
  box.tool("chmod", `exec ${whereIs("chmod")} "$@"`);
  box.tool("dpkg", `echo "dpkg $*" >>../../calls; [ -n "$DPKG_LACKS" ] || { ${unpacked}; }`);
  box.tool("apt-get", 'echo "apt-get $*" >>../../calls; [ -z "$APT_LACKS" ] && touch "$2.deb"');
  const lacking = await prepare({ APT_LACKS: "all" }, "nginx");
  assert.is(lacking.code, 0, lacking.said);
  assert.match(lacking.said, /^prepare: fetching nginx for the tests with apt-get \.*\nprepare: no nginx here: /);
  calls();
  assert.match((await prepare({ DPKG_LACKS: "all" }, "nginx")).said, "no nginx here");
  assert.ok(calls().includes("apt-get download nginx-light"), "some releases have it there");
  const { code, said } = await prepare({}, "nginx");
  assert.is(code, 0, said);
  assert.match(said, /^prepare: fetching nginx for the tests with apt-get \.* done\n$/);
  assert.equal(calls(), ["apt-get download nginx", "dpkg -x ./nginx.deb ."], "nothing is installed");
  assert.is((await prepare({}, "nginx")).said, "", "and then nothing is to be done");
});

test("a fresh machine has no package lists: root fetches them for nginx, too", async () => {
  box.tool("id", '[ "$1" = -u ] && echo 0 || echo root');
  prepared();
  box.tool("chmod", `exec ${whereIs("chmod")} "$@"`);
  box.tool("dpkg", "mkdir -p usr/sbin; printf '#!/bin/sh\\n' >usr/sbin/nginx; chmod +x usr/sbin/nginx");
  box.tool("apt-get", 'case $* in *update*) touch updated ;; *) [ -f ../../updated ] && touch "$2.deb" ;; esac');
  const { code, said } = await prepare({}, "nginx");
  assert.is(code, 0, said);
  assert.match(said, /apt-get \.* done\n$/);
});

test("what nobody knows is refused", async () => {
  const { code, said } = await prepare({}, "teapot");
  assert.is(code, 1);
  assert.match(said, 'does not know "teapot"');
});

test.run();
