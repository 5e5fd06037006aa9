import { suite } from "uvu";
import * as assert from "uvu/assert";

import { canonicalHost, isLoopback, readBusAddress, withoutLogin } from "../../src/bus/core/bus-address.ts";

const test = suite("bus address");

test("host and port are read, and the port is NATS's own where none is said", () => {
  const { host, port, tls, shown } = readBusAddress("nats://bus.example:14222");
  assert.equal(
    { host, port, tls, shown },
    { host: "bus.example", port: 14_222, tls: false, shown: "nats://bus.example:14222" },
  );
  assert.is(readBusAddress("nats://bus.example").port, 4_222);
  assert.is(readBusAddress("nats://bus.example").shown, "nats://bus.example:4222");
});

test("an IPv6 address loses its brackets as a host and keeps them when shown", () => {
  const { host, shown } = readBusAddress("nats://[::1]:4333");
  assert.equal([host, shown], ["::1", "nats://[::1]:4333"]);
});

test("all forms of an address are the same bus", () => {
  const forms = ["127.1", "127.0.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]"];
  for (const form of [...forms, "[0:0:0:0:0:ffff:7f00:0001]", "127.0.0.1"]) {
    const { host, shown } = readBusAddress(`nats://${form}:4333`);
    assert.equal([host, shown], ["127.0.0.1", "nats://127.0.0.1:4333"], form);
  }
  assert.is(readBusAddress("nats://[0:0:0:0:0:0:0:1]").host, "::1");
  assert.is(readBusAddress("nats://localhost.:4222").shown, "nats://localhost:4222");
  assert.is(readBusAddress("nats://[::ffff:192.168.1.7]").host, "192.168.1.7");
  for (const host of ["bus.example", "face", "x", "cafe.de", "1.2.3.4.5", "Bus", "2001:db8::1"])
    assert.is(canonicalHost(host), host);
  for (const host of ["Cafe", "256.1.1.1", "zz::1", "x.localhost.", "localhost.de", "[x", "x]", "a[x]", "[x]a"])
    assert.is(canonicalHost(host), host);
  assert.is(canonicalHost("0x0a.020.300"), "10.16.1.44");
});

test("tls is read from the scheme", () => {
  assert.ok(readBusAddress("tls://bus.example").tls);
});

test("who we are may stand in the address, and is never shown", () => {
  const named = readBusAddress("nats://an%40na:se%3Acret@bus.example");
  assert.equal(named.credentials, { kind: "password", user: "an@na", password: "se:cret" });
  assert.is(named.shown, "nats://bus.example:4222");
  assert.equal(readBusAddress("nats://t0ken@bus.example").credentials, { kind: "token", token: "t0ken" });
  assert.is(readBusAddress("nats://bus.example").credentials, undefined);
  assert.equal(readBusAddress("nats://:secret@a").credentials, { kind: "password", user: "", password: "secret" });
});

test("no part of a login is left in a text, in either form", () => {
  const without = (url: string, text: string): string => withoutLogin(text, readBusAddress(url));
  const text = "an@na:se:cret, an%40na:se%3Acret, t0ken";
  assert.is(without("nats://bus.example", text), text);
  assert.is(without("nats://t0ken@bus.example", text), text.replace("t0ken", "…"));
  assert.is(without("nats://an%40na:se%3Acret@bus.example", `${text}, an@na`), "…:…, …:…, t0ken, …");
  assert.is(without("nats://:secret@bus.example", "a secret"), "a …");
});

test("a stray percent sign in a password is taken as it stands", () => {
  assert.equal(readBusAddress("nats://anna:50%@bus.example").credentials, {
    kind: "password",
    user: "anna",
    password: "50%",
  });
});

test("only this machine's own addresses are loopback", () => {
  for (const host of ["127.0.0.1", "127.10.200.3", "localhost", "LocalHost", "::1"]) assert.ok(isLoopback(host), host);
  for (const host of [
    ...[""],
    ..."0.0.0.0 10.0.0.1 bus.example 127.0.0.1.example localhost.example :: 1127.0.0.1".split(" "),
  ]) {
    assert.not.ok(isLoopback(host), host);
  }
});

test.run();
