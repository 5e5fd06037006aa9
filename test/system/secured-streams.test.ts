// takes: 10 s
// A stream on a bus with logins: the credentials to call a service are all that its reader needs.

import * as assert from "uvu/assert";
import { openClient } from "../../src/service/client.ts";
import { streamOf } from "../../src/service/core/handler.ts";
import { startInstance } from "../../src/service/instance.ts";
import { type Cleanup, cleanupSuite } from "../support/cleanup.ts";
import type { TestServer } from "../support/nats-server.ts";
import { clock, Folder, logIn } from "../support/orgs.ts";
import { until } from "../support/until.ts";

interface Context extends Cleanup {
  folder: Folder;
  server: TestServer;
}

const test = cleanupSuite<Context>("streams with logins", async (context) => {
  context.folder = new Folder();
  context.ends.push(() => context.folder.remove());
  await context.folder.createOrg();
});

/** Numbers from 1, until they are closed. */
class Numbers {
  made = 0;
  closed = 0;

  async *all(): AsyncGenerator<number> {
    try {
      for (;;) yield ++this.made;
    } finally {
      this.closed += 1;
    }
  }
}

test("a service reads the stream of one that it may call, and ends it; no other service can", async (context) => {
  const { folder } = context;
  await folder.createService("numbers");
  await folder.createService("orders", null, ["numbers"]);
  await folder.createService("prices");
  context.server = await folder.startServer();
  context.ends.push(() => context.server.stop());
  const [owner, reader, other] = await Promise.all(
    ["numbers", "orders", "prices"].map((name) => logIn(context.server, folder.service(name))),
  );
  if (owner === undefined || reader === undefined || other === undefined) throw new Error("a login is missing");
  context.ends.push(() => Promise.all([owner.bus.close(), reader.bus.close(), other.bus.close()]));
  const numbers = new Numbers();
  const started = await startInstance({
    ...{ service: "numbers", instance: 1, incarnation: "1-a", bus: owner.bus, clock },
    operations: { count: () => streamOf(numbers.all()) },
  });
  assert.is(started.kind, "started");
  const client = openClient({ service: "numbers", bus: reader.bus, clock });
  context.ends.push(() => client.close());
  await client.ready();
  const outcome = await client.stream({}, { operation: "count" });
  assert.is(outcome.kind, "ok", JSON.stringify(outcome));
  if (outcome.kind !== "ok") return;
  for (let count = 1; count <= 1_000; count += 1) assert.is((await outcome.value.next()).value, count);
  const command = JSON.stringify({ stream: "_INBOX.numbers.x", cancel: true });
  const refused = await other.bus.request("numbers._stream.1-a", command, { timeoutMs: 5_000 });
  assert.is(refused.kind, "denied");
  await outcome.value.return();
  await until("its iterator is closed", () => numbers.closed === 1);
  assert.ok(numbers.made <= 1_000 + 64);
});

test.run();
