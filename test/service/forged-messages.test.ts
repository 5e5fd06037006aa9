// takes: 3 s
// A taken-over service on a secured bus: what the broker refuses it, and what it may send to a service that it may call.

import { connect, credsAuthenticator } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folder } from "../support/orgs.ts";
import { until } from "../support/until.ts";

const test = suite("forged messages");

test("the broker refuses messages in the name of another service", async () => {
  const folder = new Folder();
  await folder.createOrg();
  for (const name of ["payments", "inventory"]) await folder.createService(name);
  await folder.createService("orders", null, ["payments"]);
  const server = await folder.startServer();
  const authenticator = credsAuthenticator(new TextEncoder().encode(folder.service("orders").text));
  const attacker = await connect({ servers: server.url, authenticator, reconnect: false });
  const refused = new Set<string>();
  void (async () => {
    for await (const { permissionContext: denied } of attacker.status())
      if (denied !== undefined) refused.add(`${denied.operation} ${denied.subject}`);
  })();
  try {
    const forged = [
      "health.payments.1-abc", // a heartbeat
      "_INBOX.payments.CALLER.token", // a reply
      "inventory._cancel.1-abc", // of a service that it may not call
      "inventory._stream.1-abc",
      "$SRV.STATS.payments",
      "chaos.payments.1-abc",
    ];
    const overheard = ["payments.get", "health.inventory.*", "$SRV.STATS.payments", "_INBOX.>", ">"];
    for (const subject of forged) attacker.publish(subject, "{}");
    for (const subject of overheard) attacker.subscribe(subject, { callback: () => undefined });
    const expected = [
      ...forged.map((one) => `publish ${one}`),
      ...overheard.map((one) => `subscription ${one}`),
    ].sort();
    await until(
      "all are refused",
      () => refused.size >= expected.length,
      10_000,
      () => [...refused].join("\n"),
    );
    // These it may send, as a caller: both name a reply subject, whose 96 random bits only the caller of the request knows.
    for (const part of ["_cancel", "_stream"]) attacker.publish(`payments.${part}.1-abc`, "_INBOX.payments.X.guessed");
    await attacker.flush();
    assert.equal([...refused].sort(), expected);
  } finally {
    await attacker.close();
    await server.stop();
    folder.remove();
  }
});

test.run();
