// The permissions of each role on the bus, and above all what each may not do.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { callerPartOf, repliesTo } from "../../../src/bus/core/credentials.ts";
import {
  adminPermissions,
  marketPermissions,
  type Permissions,
  pushPermissions,
  servicePermissions,
} from "../../../src/dwc/identity/core/permissions.ts";
import { matches, mayPublish, maySubscribe } from "../../support/subject-match.ts";

const test = suite("permissions");

const ratingsKey = `U${"A".repeat(55)}`;
const annKey = `U${"B".repeat(55)}`;
const ratings = servicePermissions("ratings", ratingsKey);
const market = marketPermissions(annKey);
/** The answers of one service to one user, as a caller subscribes to them and as an instance publishes one. */
const answers = (service: string, key: string): string => `_INBOX.${service}.${callerPartOf(key)}.process.token`;
const inbox = (key: string): string => `_INBOX.*.${callerPartOf(key)}.process.*`;

function publishes(who: Permissions, subjects: readonly string[], may: boolean): void {
  for (const subject of subjects) assert.is(mayPublish(who, subject), may, `publish ${subject}`);
}

function subscribes(who: Permissions, subjects: readonly string[], may: boolean): void {
  for (const subject of subjects) assert.is(maySubscribe(who, subject), may, `subscribe ${subject}`);
}

/** Subjects of the server itself and wildcards, which belong to no role. */
const FORBIDDEN = [
  ..."> * *.* *.> *.*.* *.get *.get.* health.> health.* _INBOX.> _INBOX.*.* _INBOX.x.y".split(" "),
  ..."$SYS.> $SYS.REQ.CLAIMS.UPDATE $SYS.REQ.SERVER.PING $SYS.ACCOUNT.A.CONNECT".split(" "),
  ..."$JS.API.INFO $KV.x.y $SRV.>".split(" "),
];

test("the matcher reads wildcards as the server does", () => {
  for (const [pattern, subject, fits] of [
    ...([
      ["a.b", "a.b", true],
      ["a.b", "a.c", false],
      ["a.b", "a", false],
      ["a", "a.b", false],
    ] as const),
    ...([
      ["a.*", "a.b", true],
      ["a.*", "a.b.c", false],
      ["a.*", "a", false],
      ["*.b", "a.b", true],
    ] as const),
    ...([
      ["a.>", "a.b.c", true],
      ["a.>", "a", false],
      [">", "a", true],
      ["a.b", "a.*", false],
      ["a.*", "a.>", true],
    ] as const),
  ])
    assert.is(matches(pattern, subject), fits, `${pattern} ${subject}`);
});

test("a service beats in its own name, calls its own roll, and says nothing else unasked", () => {
  publishes(ratings, ["health.ratings.x1", "health.ratings"], true);
  publishes(
    ratings,
    [
      ..."health.prices.x1 health.prices health.ratings.x1.y health.ratings2.x1 health".split(" "),
      ..."health.health.x".split(" "),
      ...["ratings.get", "ratings.get.x1", "prices.get", "prices.get.x1", "ratings", "ratings.got"],
      ...["belief.ratings.m1", "belief.ratings", "belief.prices.m1"],
      ...["$SRV.PING", "$SRV.PING.ratings", ...FORBIDDEN],
    ],
    false,
  );
});

test("a service answers under its own name, and under that of no other", () => {
  publishes(ratings, [answers("ratings", annKey), answers("ratings", ratingsKey), answers("_all", annKey)], true);
  const others = ["prices", "ratings2", "rating", "Ratings", "*", ">", ""].map((service) => answers(service, annKey));
  publishes(
    ratings,
    [...others, "_INBOX.ratings", "_INBOX", "_INBOX_ratings.x.y", `_INBOX.${callerPartOf(annKey)}.a.b`],
    false,
  );
});

test("a service receives its own requests, roll call, verbs and inbox alone", () => {
  const own = ["ratings.get.x1", "ratings.get.*", "health.ratings", inbox(ratingsKey), answers("ratings", ratingsKey)];
  const verbs = ["PING", "INFO", "STATS"].flatMap((verb) => [
    `$SRV.${verb}`,
    `$SRV.${verb}.ratings`,
    `$SRV.${verb}.ratings.x1`,
  ]);
  subscribes(ratings, [...own, ...verbs], true);
  subscribes(
    ratings,
    [
      ...["prices.get", "prices.get.x1", "ratings.*", "ratings.>", "ratings.*.x1", "*.get.x1", "ratings"],
      ...["health.prices", "health.ratings.x1", "health.ratings.*", "health.*.*", "health"],
      ...["belief.ratings.m1", "belief.ratings.*", "belief.*.*", "belief.>"],
      ...["$SRV.PING.prices", "$SRV.PING.*", "$SRV.SCHEMA", inbox(annKey), repliesTo(annKey), ...FORBIDDEN],
      ...[answers("ratings", annKey), "_INBOX.ratings.>", "_INBOX.ratings.*.*.*", "_INBOX._all.>"],
    ],
    false,
  );
});

test("a service receives shared requests only in its own queue group", () => {
  assert.ok(maySubscribe(ratings, "ratings.get", "ratings"));
  for (const queue of [undefined, "", "prices", "*", ">"])
    assert.not.ok(maySubscribe(ratings, "ratings.get", queue), String(queue));
  assert.not.ok(maySubscribe(ratings, "prices.get", "ratings"));
});

test("a Market calls any service, roll call or verb, and publishes its beliefs", () => {
  publishes(
    market,
    ["belief.ratings.m1", "ratings.get", "ratings.get.x1", "prices.get.y2", "health.ratings", "health.prices"],
    true,
  );
  publishes(market, ["$SRV.PING", "$SRV.INFO.ratings", "$SRV.STATS.ratings.x1"], true);
  publishes(
    market,
    [
      ..."belief.ratings belief.ratings.m1.x belief health.ratings.x1 health.get.x1".split(" "),
      ..."health.x.get ratings ratings.put ratings.get.x1.y health".split(" "),
      ...[
        answers("ratings", ratingsKey),
        answers("ratings", annKey),
        answers("get", annKey),
        "_INBOX.get.x.y.z",
        "$SRV.SCHEMA",
        "$SRV.PING.a.b.c",
        ...FORBIDDEN.filter((one) => !/^\*\.get/.test(one) && one !== "health.*" && one !== "health.>"),
      ],
    ],
    false,
  );
});

test("only an admin asks for faults, and a service receives its own", () => {
  const chaos = ["chaos.ratings", "chaos.ratings.x1", "chaos.prices.y2"];
  const admin = adminPermissions(annKey);
  publishes(admin, [...chaos, ...["ratings.get", "ratings.get.x1", "health.ratings", "$SRV.PING"]], true);
  publishes(admin, ["chaos", "chaos.ratings.x1.y", "health.ratings.x1", "health.get.x1", "ratings.put"], false);
  assert.equal(admin.sub, market.sub);
  publishes(market, [...chaos, "chaos.get", "chaos.get.x1", "chaos.x.get"], false);
  publishes(ratings, chaos, false);
  subscribes(ratings, ["chaos.ratings", "chaos.ratings.x1"], true);
  subscribes(ratings, ["chaos.prices", "chaos.prices.x1", "chaos.>", "chaos.*", "chaos.*.*"], false);
  for (const who of [market, admin]) subscribes(who, [...chaos, "chaos.>", "chaos.*.*"], false);
});

test("a Market receives heartbeats, beliefs and its own answers, and answers no call", () => {
  subscribes(
    market,
    [
      ..."belief.ratings.m1 belief.ratings.* belief.*.* health.ratings.x1".split(" "),
      ..."health.ratings.* health.*.*".split(" "),
      inbox(annKey),
      answers("prices", annKey),
    ],
    true,
  );
  subscribes(
    market,
    ["ratings.get", "ratings.get.x1", "ratings.get.*", "health.ratings", "$SRV.PING", inbox(ratingsKey), ...FORBIDDEN],
    false,
  );
  assert.not.ok(maySubscribe(market, "ratings.get", "ratings"));
});

test("a push can hand over an account token and ask which one is in use, and nothing else", () => {
  const push = pushPermissions(annKey);
  publishes(push, ["$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.CLAIMS.LIST", "$SYS.REQ.SERVER.PING"], true);
  publishes(push, ["$SYS.REQ.ACCOUNT.A.INFO", "$SYS.REQ.ACCOUNT.A.CLAIMS.LOOKUP"], true);
  publishes(push, ["$SYS.REQ.CLAIMS.DELETE", "$SYS.REQ.CLAIMS.PACK", "$SYS.REQ.SERVER.PING.CONNZ"], false);
  publishes(push, ["$SYS.REQ.ACCOUNT.A.CONNZ", "ratings.get", ">"], false);
  subscribes(push, [inbox(annKey)], true);
  subscribes(push, ["$SYS.>", ">", inbox(ratingsKey)], false);
});

test("two users have two inboxes, and neither receives the other's answers", () => {
  assert.not.ok(matches(repliesTo(annKey), answers("ratings", ratingsKey)));
  assert.is(repliesTo(annKey), `_INBOX.*.${"B".repeat(16)}.>`);
});

test("no role may answer what it receives: the caller chooses the reply subject", () => {
  for (const role of [ratings, market, adminPermissions(annKey), pushPermissions(annKey)])
    assert.not.ok("resp" in role);
});

test.run();
