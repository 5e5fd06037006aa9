// Rules alone: the clients that join a bus without logins, and the processes that start a server.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readBusAddress } from "../../src/bus/core/bus-address.ts";
import type { Credentials } from "../../src/bus/core/credentials.ts";
import { embeddedName, greetingOf, isEmbedded, readGreeting } from "../../src/bus/core/greeting.ts";
import {
  BusHistory,
  type OpenBusCase,
  type OpenBusRule,
  OpenGuard,
  objectionToOpen,
  openBusWarning,
} from "../../src/bus/core/open-bus.ts";
import type { LinkOptions } from "../../src/bus/nats-options.ts";
import { notWeaker, whyNeverStarted, whyNotSucceeded } from "../../src/bus/server/core/succession.ts";
import { openBusOptions } from "../../src/program/open-bus.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("open buses and successors");
const golden = goldenOf(test, "bus");

test("a greeting says whether a login is asked for, and who started the server", () => {
  for (const info of [{ auth_required: true }, { nonce: "x" }, { auth_required: true, nonce: "x" }])
    assert.is(greetingOf(info).asksLogin, true, JSON.stringify(info));
  for (const line of ["", "INFO", "INFO {", "INFO null", 'INFO {"auth_required":"yes","nonce":1,"server_name":7}'])
    assert.equal(readGreeting(line), { name: "", asksLogin: false }, line);
  assert.ok(isEmbedded(readGreeting(`INFO {"server_name":"${embeddedName("0123456789abcdef")}"}`)));
  for (const name of ["", "embedded-", "embedded-prod", "my-embedded-0123456789abcdef", "embedded-0123456789abcdefa"])
    assert.not.ok(isEmbedded({ name }), name);
});

const CASE: OpenBusCase = {
  ...{ rule: "join-until-secured", hadLogins: false, login: undefined, shown: "nats://127.0.0.1:4222", hint: "cure" },
};

test("an open bus is joined by who expects no login; never after one with logins, unless that is allowed", () => {
  assert.is(objectionToOpen(CASE), undefined);
  assert.is(openBusWarning(CASE), undefined);
  const orgs = { ...CASE, login: "the credentials of ann@example.org" };
  assert.is(objectionToOpen(orgs), undefined);
  golden(openBusWarning(orgs) ?? "");
  for (const login of [undefined, orgs.login]) golden(objectionToOpen({ ...CASE, login, hadLogins: true }) ?? "");
  golden(objectionToOpen({ ...orgs, rule: "refuse" }) ?? "");
  const allowed = { ...CASE, rule: "join", hadLogins: true } as const;
  assert.is(objectionToOpen(allowed), undefined);
  golden(openBusWarning(allowed) ?? "");
});

test("credentials that a person named, in a file or an address, are for a bus with logins only", () => {
  const rule = (openBus: boolean, isNamed: boolean, ...natsUrls: readonly string[]): string =>
    openBusOptions({ openBus, natsUrls }, { isNamed }).openBus;
  assert.is(rule(false, false, "nats://a"), "join-until-secured");
  assert.is(rule(false, true, "nats://a"), "refuse");
  assert.is(rule(false, false, "nats://a", "nats://token@b"), "refuse");
  assert.is(rule(true, true, "nats://user:password@a"), "join");
});

test("what one address of a bus asked for holds for all of them", () => {
  const history = new BusHistory();
  const [a, b, c] = ["nats://localhost:4222", "nats://b:4222", "nats://c:4222"].map(readBusAddress);
  assert.ok(a && b && c);
  assert.not.ok(history.hadLogins([a, b]));
  history.joinedWithLogin([a, b]);
  for (const one of [readBusAddress("nats://127.0.0.1:4222"), b]) assert.ok(history.hadLogins([one]), one.shown);
  assert.not.ok(history.hadLogins([c]));
  assert.ok(history.hadLogins([c, a]), "one is enough");
});

test("a listener is called at each login, until it stops", () => {
  const history = new BusHistory();
  const [address] = [readBusAddress("nats://a:4222")];
  let reported = 0;
  const stop = history.watch(() => {
    reported += 1;
  });
  history.joinedWithLogin([address]);
  history.joinedWithLogin([address]);
  stop();
  history.joinedWithLogin([address]);
  assert.is(reported, 2);
});

test("a connection joins an open server if it has nothing to log in with, or may join", () => {
  const at = readBusAddress("nats://a:4222");
  const ann = { name: "ann@example.org" } as Credentials;
  const objection = (
    options: Partial<ConstructorParameters<typeof OpenGuard>[0]>,
    credentials?: Credentials,
    address = at,
  ): string | undefined => {
    const guard = new OpenGuard(options as LinkOptions, { credentials }, [address], () => undefined);
    return guard.greeted({ name: "", asksLogin: false }, address);
  };
  assert.is(objection({}), undefined);
  golden(objection({}, ann) ?? "");
  assert.match(objection({ authenticator: () => undefined, openBusHint: "a cure" }) ?? "", /authenticator.*a cure/);
  golden(objection({}, undefined, readBusAddress("nats://token@a:4222")) ?? "");
  assert.is(objection({ openBus: "join" }, ann), undefined);
  assert.is(objection({ openBus: "join-until-secured" }, ann), undefined);
});

test("the guards of one process share what they have met", () => {
  const history = new BusHistory();
  const at = readBusAddress("nats://a:4222");
  let leaves = 0;
  const guardOf = (openBus: OpenBusRule) =>
    new OpenGuard({ history, openBus } as LinkOptions, { credentials: { name: "ann" } as Credentials }, [at], () => {
      leaves += 1;
    });
  const [open, other, allowed] = [guardOf("join-until-secured"), guardOf("join-until-secured"), guardOf("join")];
  for (const guard of [open, allowed]) assert.is(guard.greeted({ name: "s", asksLogin: false }, at), undefined);
  golden(open.joined("s") ?? "");
  assert.is(allowed.joined("s"), undefined, "it was said");
  assert.is(other.greeted({ name: "t", asksLogin: true }, at), undefined);
  assert.equal([other.joined("t"), leaves], [undefined, 1]);
  golden(open.objection ?? "");
  assert.equal([allowed.objection, other.objection], [undefined, undefined]);
});

test("a server is started where one address names this machine alone, without TLS and without a user", () => {
  const local = "nats://127.0.0.1:4222";
  for (const url of [local, "nats://localhost:4222", "nats://[::1]:4222"])
    assert.is(whyNeverStarted([url]), undefined, url);
  const reasons = [[], ["nats://a:4222"], ["tls://127.0.0.1:4222"], ["nats://token@127.0.0.1:4222"]].map(
    whyNeverStarted,
  );
  assert.ok(!reasons.includes(undefined) && new Set(reasons).size === reasons.length, reasons.join("; "));
  assert.is(whyNeverStarted([local, "nats://127.0.0.1:4223"]), reasons[0]);
});

test("the connections of a process warn once of each open server, and again once there is more to warn of", () => {
  const history = new BusHistory();
  const [a, b] = ["nats://a:4222", "nats://b:4222"].map(readBusAddress);
  assert.ok(a && b);
  assert.is(history.joinedOpen(a, "one", undefined), undefined, "no login was to be expected");
  assert.is(history.joinedOpen(a, "one", "it is open"), "it is open");
  assert.is(history.joinedOpen(a, "one", "it is open"), undefined, "the other connection has said it");
  assert.is(history.joinedOpen(b, "one", "it is open"), "it is open");
  assert.is(history.joinedOpen(a, "two", "it is open"), "it is open");
  history.joinedWithLogin([a, b]);
  assert.is(history.joinedOpen(a, "two", "it is open"), "it is open");
});

const OURS = { name: embeddedName("0123456789abcdef"), asksLogin: false, standing: "admitted" } as const;
const OPEN = { kind: "granted", configFile: undefined } as const;
const SECURED = { kind: "granted", configFile: "/c" } as const;

test("only a server that this project started is succeeded, by who was let in, and never by a weaker one", () => {
  assert.is(whyNotSucceeded(undefined), undefined);
  assert.is(whyNotSucceeded(OURS), undefined);
  golden(whyNotSucceeded({ ...OURS, name: "NABC" }) ?? "");
  golden(whyNotSucceeded({ ...OURS, standing: "refused" }) ?? "");
  assert.is(notWeaker(OURS, OPEN), OPEN);
  assert.is(notWeaker({ ...OURS, asksLogin: true }, SECURED), SECURED);
  assert.is(notWeaker({ ...OURS, asksLogin: true }, OPEN).kind, "withheld");
  assert.is(notWeaker(undefined, OPEN), OPEN);
  const avoided = { ...OURS, standing: "avoided" } as const;
  assert.is(whyNotSucceeded(avoided), undefined, "one with logins may take the place of an open one");
  assert.is(notWeaker(avoided, SECURED), SECURED);
  assert.is(notWeaker(avoided, OPEN).kind, "withheld");
  const withheld = { kind: "withheld", why: "not now" } as const;
  assert.is(notWeaker({ ...OURS, asksLogin: true }, withheld), withheld);
});

test.run();
