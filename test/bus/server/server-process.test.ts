// shares: bus
// A nats-server that is a script around the real one.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readBusAddress } from "../../../src/bus/core/bus-address.ts";
import { probe } from "../../../src/bus/handshake.ts";
import { ensureBus } from "../../../src/bus/server/embedded-server.ts";
import { findProgram, programFolders } from "../../../src/bus/server/server-process.ts";
import { systemClock } from "../../../src/clock.ts";
import { freePort } from "../../support/nats-server.ts";

const test = suite("server process");
const clock = systemClock();
const folders = programFolders(process.env["PATH"]);

test("a script that runs nats-server as its child is stopped together with it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "wrapper-"));
  const server = findProgram("nats-server", folders);
  writeFileSync(join(folder, "nats-server"), `#!/bin/sh\n${server} "$@"\necho ended >&2\n`, { mode: 0o755 });
  const url = `nats://127.0.0.1:${await freePort()}`;
  const ensured = await ensureBus({ urls: [url], clock, folders: [folder, ...folders], say: () => undefined });
  assert.is(ensured.kind, "started");
  if (ensured.kind === "started") await ensured.stop();
  const { kind } = await probe(readBusAddress(url), { clock, timeoutMs: 1_000 });
  rmSync(folder, { recursive: true });
  assert.is(kind, "nothing");
  if (ensured.kind === "started") await ensured.stop(); // it has ended: nothing is signalled, nothing throws
});

test.run();
