// takes: 15 s
// bin/prepare where the system lacks a server, a browser or a proxy: with apt-get, with sudo, and where neither helps.

import { createServer } from "node:net";
import * as assert from "uvu/assert";
import { whereIs } from "../support/fresh-clone.ts";
import { box, calls, FAKE_APT, names, prepare, prepared, prepareSuite } from "./prepare-box.ts";

const test = prepareSuite("bin/prepare and the packages of the system");

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

test("a user installs it with sudo where that needs no password, and else gets the one line to type", async () => {
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

test.run();
