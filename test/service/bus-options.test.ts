// Every option of a bus is checked where it is given, before anything is dialled.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectNatsBus, type NatsBusOptions } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { type ConnectOptions, connectBus } from "../../src/service/connect.ts";
import { goldenOf } from "../support/golden.ts";
import { messageOf } from "../support/option-error.ts";

const options = suite("bus options");
const golden = goldenOf(options, "options");

const natsBus = (given: object): Promise<string> => {
  const complete = { urls: ["nats://127.0.0.1:1"], name: "a", clock: systemClock(), report: () => undefined };
  return messageOf(() => connectNatsBus({ ...complete, ...given } as NatsBusOptions).close());
};
/** What is wrong is found before anything is dialled. */
const connecting = (given: unknown, more: object = {}): Promise<string> =>
  messageOf(() => connectBus(given as ConnectOptions, more as ConnectOptions));

options("of a bus", async () => {
  const wrong: readonly object[] = [
    ...[{ urls: undefined }, { urls: [] }, { urls: "nats://a" }, { urls: ["http://a"] }, { name: "" }, { clock: {} }],
    ...[{ report: 1 }, { credentials: "orders.creds" }, { openBus: "yes" }, { inboxPrefix: "inbox" }, { server: "a" }],
    ...[{ loginTimeoutMs: 0 }, { loginTimeoutMs: Number.NaN }, { authenticator: {} }, { history: {} }],
  ];
  for (const given of wrong) golden(await natsBus(given));
});

options("of connectBus, in either argument", async () => {
  const wrong: readonly object[] = [
    ...[
      { url: "nats://a" },
      { urls: 7 },
      { creds: "" },
      { waitMs: -1 },
      { waitMs: "1s" },
      { openBus: true },
      { clock: 1 },
    ],
    ...[{ servers: "nats://a" }, { inboxPrefix: "inbox" }, { report: "stderr" }],
  ];
  for (const given of wrong) {
    const message = await connecting(given);
    golden(message);
    assert.is(await connecting("nats://127.0.0.1:1", given), message);
  }
  for (const given of [null, 7, ["nats://a"]]) golden(await connecting(given));
});

options("`undefined` is the default of each", async () => {
  const ofBus = ["credentials", "readAgain", "hint", "openBus", "openBusHint", "reportOpen", "history", "inboxPrefix"];
  assert.is(
    await natsBus(Object.fromEntries([...ofBus, "authenticator", "loginTimeoutMs"].map((name) => [name, undefined]))),
    "taken",
  );
});

options.run();
