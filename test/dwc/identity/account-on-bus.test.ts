// The account token that the servers of a bus use, judged from their answers.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  judgeTokens,
  needsStored,
  type OnServers,
  readConfigured,
  readInfo,
  readKeeper,
  readMark,
  readNotTaken,
  readRouteAddress,
  readServers,
  type ServerAnswer,
  whyNotTaken,
} from "../../../src/dwc/identity/core/account-on-bus.ts";
import { goldenOf } from "../../support/golden.ts";

const test = suite("the account token on a bus");
const golden = goldenOf(test, "dwc/identity");

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const token = (iat: number | string, revocations?: object): string =>
  `e30.${Buffer.from(bytes({ iat, nats: { revocations } })).toString("base64url")}.x`;
const [OLD, WANTED, NEW] = [token(1), token(2), token(3)];
const server = (name: string, loaded?: string, isInCluster = true): ServerAnswer => ({
  server: name,
  isInCluster,
  token: loaded,
});
/** The token of a server that cannot show it, where it is not the one that was looked for. */
const ANOTHER = "";
const two = (one?: string, other?: string): readonly ServerAnswer[] => [server("one", one), server("two", other)];

const found = (answers: readonly ServerAnswer[], more: Partial<OnServers> = {}): ReturnType<typeof judgeTokens> => {
  const known = answers.map((answer) => answer.server);
  return judgeTokens(WANTED, { answers, stored: [], known, configured: [], ...more });
};
function judged(...given: Parameters<typeof found>): string {
  const { kind, ...more } = found(...given);
  return "reason" in more ? more.reason : kind;
}

test("all servers have loaded the token, or would load it", () => {
  assert.is(judged(two(WANTED, WANTED)), "obeys");
  assert.is(judged(two(WANTED), { stored: [WANTED, WANTED] }), "obeys");
  assert.is(judged(two(), { stored: [WANTED, WANTED] }), "obeys");
  assert.is(judged([server("one")], { stored: [WANTED] }), "obeys", "a server alone");
});

test("one server has loaded another token, or would load it", () => {
  assert.is(judged(two(WANTED, OLD)), "older");
  assert.is(judged(two(WANTED, NEW)), "newer");
  assert.is(judged(two(WANTED), { stored: [WANTED, OLD] }), "older");
  assert.is(judged(two(), { stored: [NEW, WANTED] }), "newer");
  assert.is(judged(two()), "older", "none of them knows the org");
});

test("one server does not say, or is not there", () => {
  assert.is(judged(two(WANTED), { stored: [WANTED] }), "silent");
  assert.is(judged(two(WANTED, WANTED), { known: ["one", "two", "three"] }), "silent");
  const three = { configured: ["a:6222", "b:6222", "c:6222", "a:6222"] };
  assert.is(judged(two(WANTED, WANTED), three), "silent");
  assert.is(judged([...two(WANTED, WANTED), server("three", WANTED)], three), "obeys");
  assert.is(judged(two(WANTED, OLD), three), "older", "what is known to be wrong comes first");
});

test("what a server has and cannot show is the stored one, or another; its sentence names servers and what they lack", () => {
  const alone = (loaded?: string) => [server("one", loaded, false)];
  for (const [answers, more] of [
    [two(ANOTHER, WANTED), { stored: [NEW, WANTED] }],
    [two(ANOTHER, WANTED), { stored: [WANTED] }],
    [two(WANTED, OLD), {}],
    [two(OLD, OLD), {}],
    [[...two(OLD, OLD), server("three", WANTED), server("four")], { stored: [WANTED] }],
    [alone(OLD), {}],
    [[...alone(OLD), server("two", WANTED, false)], {}],
    [alone(), {}],
    [alone(), { stored: [WANTED, OLD] }],
    [two(token(1, { U1: 1 }), NEW), {}],
    [two(NEW, token("3")), {}],
    [two("no token", token("3")), {}],
    [two(token(2, {}), WANTED), {}],
    [two(WANTED), { stored: [WANTED] }],
    [two(WANTED, WANTED), { known: ["one", "two", "three", "four"] }],
    [two(WANTED, WANTED), { configured: ["a:6222", "b:6222", "c:6222"] }],
    [two(WANTED, WANTED), { configured: ["a:6222", "b:6222", "c:6223"], reached: ["a:6222", "0.0.0.0:6223"] }],
    [two(WANTED), { stored: [WANTED], keepers: keeping({ one: true, two: false }) }],
    [two(WANTED), { stored: [WANTED], keepers: keeping({ one: true }) }],
    [two(WANTED), { stored: [WANTED, WANTED], keepers: keeping({ one: true, two: true }) }],
    [two(), { stored: [], keepers: keeping({ one: false, two: false }) }],
    [alone(), { stored: [WANTED], keepers: keeping({ one: true }) }],
  ] as const)
    golden(found(answers, more));
});

test("a server is named where the others differ from it, and judged by what it has loaded itself", () => {
  const three = [server("one"), server("two"), server("three", WANTED)];
  for (const [answers, more, reason, servers] of [
    [[server("one")], { stored: [WANTED], keepers: keeping({ one: false }) }, "obeys", undefined],
    [two(WANTED), { stored: [WANTED], keepers: keeping({ one: false, two: true }) }, "silent", undefined],
    [two(), { stored: [WANTED], keepers: keeping({ one: true }) }, "silent", ["two"]],
    [three, { stored: [WANTED], keepers: keeping({}) }, "silent", ["one", "two"]],
    [three, { stored: [WANTED], keepers: keeping({ one: false, two: false }) }, "older", ["one", "two"]],
  ] as const) {
    const verdict = found(answers, more);
    assert.is(judged(answers, more), reason);
    assert.equal("servers" in verdict ? verdict.servers : undefined, servers);
    if (servers?.length === 2 && "why" in verdict)
      assert.match(verdict.why, /servers one and two (do not say|keep no) /);
  }
});

test("the addresses that did not answer are named, if each answer came from a configured one", () => {
  const configured = ["a:6222", "b:6222", "10.0.0.0:6222", "d:6222"];
  for (const [reached, named] of [
    [["a:6222", "10.0.0.0:6222"], " (b:6222 and d:6222)"],
    [["a:6222", "0.0.0.0:6222"], ""],
    [["a:6222", "x:6222"], ""],
  ] as const) {
    const verdict = found(two(WANTED, WANTED), { configured, reached });
    assert.is("why" in verdict && verdict.why?.endsWith(`down, or cut off${named}`), true, JSON.stringify(verdict));
  }
});

const keeping = (servers: Readonly<Record<string, boolean>>) =>
  Object.entries(servers).map(([name, keeps]) => ({ server: name, keeps }));

const one = { name: "one", cluster: "c" };
const markOf = (body: Uint8Array): ServerAnswer | undefined => readMark(body, "wanted");
const NAMELESS = { server: { cluster: "c" }, data: { jwt: "t", total: 1 } };

test("each reader takes its own answer, and no other for one", () => {
  for (const [read, body, expected] of [
    [readInfo, { server: one, data: { jwt: "t" } }, server("one", "t")],
    [readInfo, { server: { name: "one", cluster: "" }, data: { jwt: "t" } }, server("one", "t", false)],
    [readInfo, { server: { name: "one", cluster: 7 }, data: { jwt: "t" } }, server("one", "t", false)],
    [readInfo, { server: one, data: { jwt: 7 }, error: {} }, server("one")],
    [readInfo, { server: one, data: { jwt: 7 } }, undefined],
    [readInfo, { server: one, data: { complete: false } }, server("one")],
    [readInfo, NAMELESS, undefined],
    [markOf, { server: one, data: { total: 1 } }, server("one", "wanted")],
    [markOf, { server: { name: "one", cluster: "" }, data: { total: 0 } }, server("one", ANOTHER, false)],
    [markOf, { server: { name: "one" }, data: { total: 0 } }, server("one", ANOTHER, false)],
    [markOf, { server: one, data: { total: "1" } }, undefined],
    [markOf, NAMELESS, undefined],
    [readServers, { server: one, statsz: { routes: [{ name: "two" }, {}, 7] } }, ["one", "two"]],
    [readServers, { server: one, statsz: { routes: "two" } }, ["one"]],
    [readServers, [], []],
    [readConfigured, { data: { cluster: { urls: ["a:6222", "b:6222"] } } }, ["a:6222", "b:6222"]],
    [readConfigured, { data: { cluster: { urls: "a" } } }, []],
    [readRouteAddress, { data: { cluster: { addr: "::", cluster_port: 6222 } } }, [":::6222"]],
    [readRouteAddress, { data: { cluster: { addr: "a", cluster_port: "6222" } } }, []],
    [readRouteAddress, { data: { cluster: { addr: 7, cluster_port: 6222 } } }, []],
    [readKeeper, { server: one, data: ["A", "B"] }, [{ server: "one", accounts: ["A", "B"] }]],
    [readKeeper, { server: { cluster: "c" }, data: ["A"] }, []],
    [readKeeper, { server: one, data: "A" }, []],
    [whyNotTaken, { data: { code: 200 } }, undefined],
    [readNotTaken, { server: one, data: { code: 200 } }, undefined],
    [readNotTaken, NAMELESS, undefined],
    [readNotTaken, { server: { name: "one" } }, undefined],
  ] as const)
    assert.equal(read(bytes(body)), expected, JSON.stringify(body));
  for (const odd of [Buffer.from("{"), ...[null, {}, [], 7, { data: 7, server: 7, statsz: 7 }].map(bytes)]) {
    for (const read of [readInfo, markOf, readNotTaken]) assert.is(read(odd), undefined);
    for (const read of [readServers, readConfigured, readRouteAddress, readKeeper]) assert.equal(read(odd), []);
    golden(whyNotTaken(odd));
  }
  const refused = { server: one, data: { code: 500 }, error: { description: "a full disk" } };
  golden([whyNotTaken(bytes(refused)), readNotTaken(bytes(refused)), readNotTaken(bytes({ server: one }))]);
});

test("only a server that shows no token, or another, is judged by what is stored", () => {
  assert.equal(
    [undefined, ANOTHER, WANTED].map((loaded) => needsStored(server("one", loaded))),
    [true, true, false],
  );
});

test.run();
