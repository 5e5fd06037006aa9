import { suite } from "uvu";
import * as assert from "uvu/assert";

import { type Credentials, callerPartOf } from "../../src/bus/core/credentials.ts";
import * as subjects from "../../src/bus/core/subjects.ts";
import { replySubjectsOf } from "../../src/bus/reply-subjects.ts";

const test = suite("subjects");

test("a service's name is lower-case letters, digits, - and _, starting with a letter", () => {
  for (const name of ["ratings", "r", "ratings-2", "a_b", "x".repeat(64)]) {
    assert.equal(subjects.checkServiceName(name), { kind: "good", name });
  }
  for (const name of ["", "Ratings", "2ratings", "-r", "a.b", "a b", "a*", ">", "a\n", "ratings\u0000", "é"]) {
    const check = subjects.checkServiceName(name);
    assert.ok(check.kind === "bad" && check.why.includes(JSON.stringify(name)), JSON.stringify(name));
  }
});

test("a name that would speak as another is refused, and a long one is not repeated in full", () => {
  for (const name of ["health", "belief", "chaos", "account", "get", "_inbox"])
    assert.is(subjects.checkServiceName(name).kind, "bad", name);
  const long = subjects.checkServiceName("x".repeat(10_000));
  assert.ok(long.kind === "bad" && long.why.length < 200);
});

test("an answer goes to no subject that means something else", () => {
  for (const subject of [
    "_INBOX.ratings.caller.process.token",
    "_INBOX._all.a.b.c",
    "_INBOX.get.x1",
    "_R_.a.b",
    "_",
    "Z.a",
  ])
    assert.ok(subjects.takesReplies(subject), subject);
  const others = ["health.ratings", "health.ratings.x1", "belief.ratings.m1", "chaos.ratings", "chaos.ratings.x1"];
  const calls = ["ratings.get", "ratings.reserve", "ratings.reserve.x1", "ratings._cancel.x1", "any.thing", "alone"];
  const server = ["account.token", "account.token.news", "$SYS.REQ.SERVER.PING", "$SRV.PING", "$JS.API"];
  const odd = [
    "",
    " _INBOX",
    "_INBOX.*",
    "_INBOX.>",
    "_INBOX.$a",
    "_IN BOX",
    "a b",
    "_INBOX\n",
    "1.a",
    "-a",
    "\u00c9.a",
  ];
  for (const subject of [...others, ...calls, ...server, ...odd])
    assert.not.ok(subjects.takesReplies(subject), JSON.stringify(subject));
});

test("an incarnation's id is one token", () => {
  for (const id of ["a", "A-1_z", "x".repeat(64)]) assert.ok(subjects.isIncarnationId(id), id);
  for (const id of ["", "a.b", "*", ">", "a b", "a\n", "x".repeat(65)]) assert.not.ok(subjects.isIncarnationId(id), id);
});

test("the subjects are those of the protocol, version 1", () => {
  assert.is(subjects.sharedSubject("ratings"), "ratings.get");
  assert.is(subjects.directSubject("ratings", "i1"), "ratings.get.i1");
  assert.is(subjects.heartbeatSubject("ratings", "i1"), "health.ratings.i1");
  assert.is(subjects.allHeartbeatsSubject("ratings"), "health.ratings.*");
  assert.is(subjects.rollCallSubject("ratings"), "health.ratings");
  assert.equal(subjects.serviceVerbSubjects("PING", "ratings", "i1"), [
    "$SRV.PING",
    "$SRV.PING.ratings",
    "$SRV.PING.ratings.i1",
  ]);
  assert.is(subjects.shownAddress("ratings.get.i1"), "nats:ratings.get.i1");
  assert.equal(
    [subjects.chaosSubject("ratings", "i1"), subjects.chaosBroadcastSubject("ratings")],
    ["chaos.ratings.i1", "chaos.ratings"],
  );
});

test("a subject without a part that would end a line, or its command, may be sent", () => {
  assert.is(subjects.assertSubject("a.b"), undefined);
  for (const subject of ["", "a b", "a\r", "a\nb", "\ta"])
    assert.throws(() => subjects.assertSubject(subject), /no subject/);
});

test("reply subjects name the caller's own part, its process, and a token that no other has", () => {
  const key = `U${"A".repeat(16)}${"B".repeat(39)}`;
  const credentials = { callerPart: callerPartOf(key) } as Credentials;
  const open = replySubjectsOf(undefined, "p");
  assert.equal([open.subscription, open.prefixFor("tea.get.1")], ["_INBOX.*.p.*", "_INBOX.tea.p."]);
  const own = replySubjectsOf(credentials, "p", "root");
  const part = "A".repeat(16);
  assert.equal([own.subscription, own.prefixFor("$SRV.PING")], [`root.*.${part}.p.*`, `root._all.${part}.p.`]);
  assert.is(replySubjectsOf({ ...credentials, callerPart: undefined }, "p").subscription, "_INBOX.*.p.*");
  const tokens = Array.from({ length: 3_000 }, () => own.newToken());
  assert.is(new Set(tokens).size, tokens.length);
  for (const token of tokens) assert.match(token, /^[\w-]{16}$/);
});

test("a heartbeat's subject names its incarnation, if it is one of that service", () => {
  assert.is(subjects.incarnationOf("ratings", subjects.heartbeatSubject("ratings", "i1")), "i1");
  for (const subject of [
    ...[""],
    ..."health.ratings health.ratings. health.ratings.a.b health.prices.i1 ratings.get.i1".split(" "),
  ]) {
    assert.is(subjects.incarnationOf("ratings", subject), undefined, subject);
  }
});

test("a subject from the bus is shown in full where it can be a heartbeat's, and else cut, without control characters", () => {
  const longest = subjects.heartbeatSubject("s".repeat(64), "i".repeat(64));
  assert.is(subjects.shownSubject(longest), longest);
  assert.is(subjects.shownSubject("x".repeat(140)), "x".repeat(140));
  assert.is(subjects.shownSubject("health.ratings.\u001b[2J\u00e9"), "health.ratings.?[2J?");
  assert.is(subjects.shownSubject(`health.${"x".repeat(4_000)}`), `health.${"x".repeat(133)}...`);
});

test.run();
