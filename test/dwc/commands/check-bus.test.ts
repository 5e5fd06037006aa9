// The findings of `dwc check` about the bus: how grave each is, what is typed against it, and that none is said twice.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { evaluateChecks } from "../../../src/dwc/commands/check.ts";
import { hintForBus } from "../../../src/dwc/commands/check-bus.ts";
import type { Obedience } from "../../../src/dwc/identity/core/obedience.ts";
import { restart } from "../../../src/dwc/identity/core/sync-notes.ts";
import type { BusProbe } from "../../../src/dwc/identity/sync-bus.ts";
import type { NotConnected } from "../../../src/dwc/live/core/live-types.ts";
import type { Facts } from "../../../src/dwc/live/facts.ts";
import { away, discovered, org, roll, url, well } from "../facts.ts";

const test = suite("what a check finds on the bus");
const OTHER = "nats://b.example:4222";
const noMarket = { market: { kind: "nothing", url: "http://127.0.0.1:5000" } } as const;

const OTHERS = ["Identity", "Instances", "Market", "Machine"];

/** The findings about the bus, as `grade what | cure`. */
const found = (changes: Partial<Facts>): readonly string[] =>
  evaluateChecks({ ...well, ...changes })
    .filter(({ group }) => !OTHERS.includes(group))
    .map(({ grade, what, hint }) => `${grade} ${what} | ${hint}`);
/** Those that are not fine. */
const troubles = (changes: Partial<Facts>): readonly string[] =>
  found(changes).filter((line) => !line.startsWith("fine "));

const secured = (at = url): BusProbe => ({ kind: "bus", url: at, secured: true });
const obedience = (...addresses: Obedience[]): Pick<Facts, "obedience"> => ({
  obedience: { kind: addresses[0]?.kind ?? "obeys", addresses },
});
const notIn = (code: NotConnected["code"], why = "not in", hint = "its own cure"): Pick<Facts, "roll"> => ({
  roll: { kind: "not-connected", code, why, hint },
});

test("an address that does not answer is critical, and a warning where another does", () => {
  const lost: readonly BusProbe[] = [
    { kind: "unresolved", url: OTHER, why: "b.example has no address: mend NATS_URL" },
    { kind: "nothing", url: OTHER },
  ];
  for (const probe of lost) {
    assert.match(troubles({ probes: [probe], roll: away }).join(), /^critical [^,]*$/, probe.kind);
    assert.match(troubles({ probes: [probe, secured()] }).join(), /^warning /, probe.kind);
  }
  assert.is(
    troubles({ probes: [lost[0] as BusProbe], roll: away })[0],
    "critical b.example has no address | mend NATS_URL",
  );
  const reached: readonly BusProbe[] = [
    { kind: "wrong port", url: OTHER, why: "it is a port for routes: name another" },
    { kind: "closed", url: OTHER, why: "it ends connections: start the bus behind it" },
    { kind: "untrusted", url: OTHER, why: "TLS fails" },
    { kind: "silent", url: OTHER },
    { kind: "not-nats", url: OTHER },
  ];
  for (const probe of reached) {
    assert.match(troubles({ probes: [probe, secured()] }).join(), /^critical /, probe.kind);
    assert.is(troubles({ probes: [probe, secured()] }).length, 1, probe.kind);
  }
  assert.is(
    troubles({ probes: [reached[0] as BusProbe], roll: away })[0],
    "critical it is a port for routes | name another",
  );
});

test("a bus that obeys the newest tokens is fine, and says so", () => {
  const fine = found({ probes: [secured()], ...obedience({ kind: "obeys", url }) });
  assert.equal(
    fine.map((line) => line.split(" ")[0]),
    ["fine", "fine"],
  );
  assert.match(fine[1] ?? "", url);
  assert.is(found({ probes: [secured()] }).length, 1, "this folder owns no org");
  assert.is(found({ probes: [secured()], ...obedience({ kind: "not running", url: OTHER }) }).length, 1);
});

test("whether an address obeys is not said where the address itself is the trouble", () => {
  const why = "it says nothing";
  const unknown = (reason: "silent" | "closed", at = url): Obedience => ({ kind: "unknown", url: at, reason, why });
  const silent: BusProbe = { kind: "silent", url };
  assert.is(troubles({ probes: [silent], roll: away, ...obedience(unknown("silent")) }).length, 1);
  assert.is(troubles({ probes: [silent, secured(OTHER)], ...obedience(unknown("silent")) }).length, 1);
  const other = troubles({ probes: [silent, secured(OTHER)], ...obedience(unknown("silent", OTHER)) });
  const older: Obedience = { kind: "does not obey", url, reason: "older", why: "it is paused by now" };
  assert.is(troubles({ probes: [silent], roll: away, ...obedience(older) }).length, 2);
  assert.equal([other.length, other[1]?.startsWith(`warning whether ${OTHER} obeys`)], [2, true]);
});

test("a bus that names no token is a warning, unless its login was refused as well", () => {
  const silent: Obedience = { kind: "unknown", url, reason: "silent", why: "it does not answer" };
  const probes = [secured()];
  assert.match(
    troubles({ probes, ...obedience(silent) }).join(),
    /^warning whether .* it does not answer \| once it runs again/,
  );
  const servers = troubles({ probes, ...obedience({ ...silent, servers: ["n1", "n2"] }) });
  assert.match(servers.join(), "repair server n1 and n2");
  const refused = troubles({ probes, ...notIn("refused"), ...obedience(silent) });
  assert.equal(refused, ["critical not in | its own cure"]);
  const ofTwo = troubles({ probes: [...probes, secured(OTHER)], ...notIn("refused"), ...obedience(silent) });
  assert.is(ofTwo.length, 2);
});

test("a full bus is said once: by the login, or else by the question whether it obeys", () => {
  const limited: Obedience = { kind: "unknown", url, reason: "limited", why: "it has no room: end others" };
  const probes = [secured()];
  const both = [secured(), secured(OTHER)];
  const room = obedience(limited);
  const warning = `warning whether ${url} obeys your orgs is not known: it has no room | end others`;
  assert.equal(troubles({ probes, ...room }), [warning]);
  assert.equal(troubles({ probes, ...notIn("bus-limited", "full"), ...room }), ["critical full | its own cure"]);
  assert.is(troubles({ probes, ...notIn("bus-failed", "gone"), ...room }).length, 2);
  assert.equal(troubles({ probes: both, ...notIn("bus-limited", `${url} is full`), ...room }).length, 1);
  assert.equal(troubles({ probes: both, ...notIn("bus-limited", `${OTHER} is full`), ...room })[1], warning);
});

test("a bus that does not obey is critical, with the cure for the reason", () => {
  const cure = (reason: "older" | "newer" | "fixed" | "forgotten", more: object = {}): string => {
    const one: Obedience = { kind: "does not obey", url, reason, why: "it does not", ...more };
    const [line = "", ...others] = troubles({ probes: [secured()], ...obedience(one) });
    assert.equal(others, []);
    assert.match(line, `critical ${url} does not obey: it does not | `);
    return line.split(" | ")[1] ?? "";
  };
  assert.is(cure("older"), "bin/dwc push");
  assert.match(cure("older", { servers: ["n2"] }), /^bin\/dwc push .*repair server n2/);
  assert.match(cure("newer"), "newest copy of the state folder");
  assert.match(cure("fixed"), /^end it, then {2}make /);
  assert.match(cure("fixed", { servers: ["n2"] }), /^repair server n2/);
  assert.is(cure("forgotten"), "");
});

test("what the failed login says of a bus is not said again by its obedience", () => {
  const not = (reason: "open" | "foreign" | "refused", at = url): Pick<Facts, "obedience"> =>
    obedience({ kind: "does not obey", url: at, reason, why: "it is another's" });
  for (const reason of ["open", "foreign", "refused"] as const)
    assert.equal(troubles({ probes: [secured()], ...not(reason) }), [], reason);
  const both = [secured(), secured(OTHER)];
  const foreign = troubles({ probes: both, ...not("foreign", OTHER) });
  assert.is(foreign.length, 1);
  assert.match(
    foreign[0] ?? "",
    /^critical nats:\/\/b\.example:4222 does not obey: .* \| where this org's bus is another/,
  );
  for (const reason of ["open", "refused"] as const)
    assert.equal(troubles({ probes: both, ...not(reason, OTHER) }), [], reason);
  assert.is(troubles({ probes: both, ...notIn("refused", `${OTHER} refuses`), ...not("foreign", OTHER) }).length, 1);
  assert.is(troubles({ probes: both, ...notIn("refused", `${url} refuses`), ...not("foreign", OTHER) }).length, 2);
  const another: BusProbe = { kind: "not-nats", url: OTHER };
  assert.is(troubles({ probes: [secured(), another], ...not("foreign", OTHER) }).length, 1, "the address says it");
});

test("a login that fails has the cure of its cause", () => {
  const probes = [secured()];
  const cure = (code: NotConnected["code"], more: Partial<Facts> = {}): string =>
    troubles({ probes, ...notIn(code), ...more })[0]?.split(" | ")[1] ?? "";
  assert.match(cure("bus-silent"), /^fg /);
  assert.is(cure("bus-failed"), `end it, then  ${restart(url)}`);
  assert.is(cure("refused"), "its own cure");
  assert.is(cure("bus-limited"), "its own cure");
  const foreign = obedience({ kind: "does not obey", url, reason: "foreign", why: "" });
  assert.match(cure("refused", foreign), /^where this org's bus is another/);
  assert.is(cure("bus-limited", foreign), "its own cure");
  const open = obedience({ kind: "does not obey", url, reason: "open", why: "" });
  assert.is(cure("refused", open), "its own cure");
  const pushed = obedience({ kind: "unknown", url, reason: "silent", why: "" });
  assert.is(cure("refused", pushed), "its own cure");
});

test("a bus on another address is restarted there", () => {
  const at = "nats://127.0.0.1:4333";
  const probes: BusProbe[] = [{ kind: "silent", url }, secured(at)];
  assert.match(troubles({ probes, ...notIn("bus-failed") }).at(-1) ?? "", /end it, then {2}make .*4333/);
});

test("a login without the right is a warning, and one with unreadable credentials is said by the identity", () => {
  const probes = [secured()];
  assert.equal(troubles({ probes, ...notIn("not-permitted") }), ["warning not in | its own cure"]);
  assert.equal(troubles({ probes, ...notIn("bad-credentials") }), []);
  assert.equal(troubles({ probes: [{ kind: "nothing", url }], ...notIn("refused") }).length, 1, "no bus, no login");
  const notes = ["a subject is denied", "another is"];
  const warned = { probes, roll: { ...roll(discovered(1)), notes } as Facts["roll"] };
  assert.equal(
    troubles(warned),
    notes.map((note) => `warning ${note} | `),
  );
});

test("an open bus is fine without an org, and with one it is to be ended", () => {
  const open: BusProbe = { kind: "bus", url, secured: false };
  assert.equal(troubles({ probes: [open] }), []);
  const [line = ""] = troubles({ probes: [open], identity: { ...well.identity, state: "readable", org } });
  assert.match(line, /^warning /);
  assert.ok(line.endsWith(` | end it, then type  ${restart(url)}`), line);
});

const SERVER = "/usr/sbin/nats-server";
const hintOf = (probe: BusProbe, more: Partial<Facts> = {}): string =>
  hintForBus(probe, { ...well, ...noMarket, probes: [probe], ...more });

test("what brings a bus back: a Market, the server alone, or the one who runs it", () => {
  const nothing: BusProbe = { kind: "nothing", url };
  const alone = `${SERVER} -a 127.0.0.1 -p 4222`;
  assert.is(hintOf(secured()), "");
  assert.is(hintOf(nothing), `make market   (it starts a bus; or  ${alone})`);
  assert.is(hintOf({ ...nothing, isNeverStarted: true } as BusProbe), alone);
  assert.is(hintOf(nothing, { probes: [nothing, secured(OTHER)] }), alone);
  assert.is(hintOf(nothing, { market: well.market }), `${alone}   (or set NATS_URL to the bus that the Market is on)`);
  assert.is(hintOf({ kind: "nothing", url: OTHER }), `${SERVER} -a b.example -p 4222   (on b.example)`);
  assert.match(hintOf(nothing, { server: undefined }), "(it starts a bus; or  nats-server -a 127.0.0.1 -p 4222)");
  assert.is(hintOf({ ...nothing, namesUser: true } as BusProbe), "start the server that knows the user in NATS_URL");
  const secure = hintOf(nothing, { identity: { ...well.identity, org } });
  assert.not.match(secure, `${SERVER} -a`);
  assert.match(secure, SERVER);
});

test("what helps where something else, or something silent, has the address", () => {
  const elsewhere = "make market NATS_URL=nats://127.0.0.1:4223";
  assert.is(hintOf({ kind: "not-nats", url }), elsewhere);
  assert.is(
    hintOf({ kind: "not-nats", url, speaks: "HTTP" } as BusProbe),
    `set NATS_URL to where a NATS server is, or  ${elsewhere}`,
  );
  assert.is(
    hintOf({ kind: "silent", url }),
    "fg   (in its window; or  kill -CONT PID  with the PID that this names:  ss -ltnp 'sport = :4222' )",
  );
  assert.is(hintOf({ kind: "closed", url, why: "it ends connections: start it" }), "start it");
  assert.is(hintOf({ kind: "untrusted", url, why: "TLS fails" }), "its log says why");
});

test.run();
