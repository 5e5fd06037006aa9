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
import { matches } from "../../../src/testing/core/subject-match.ts";
import { mayPublish, maySubscribe } from "../../support/may-publish.ts";

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
  ..."> * *.*.*.* _INBOX.> _INBOX.*.* _INBOX.x.y _INBOX.x _INBOX _R_.x _R_.x.y _GR_.x.y".split(" "),
  ..."$SYS.> $SYS.REQ.CLAIMS.UPDATE $SYS.REQ.SERVER.PING $SYS.ACCOUNT.A.CONNECT".split(" "),
  ..."$SYS.x $SYS.x.y $JS.x $JS.API.INFO $JS.API.STREAM.LIST $KV.x.y $O.x.y $MQTT.x.y".split(" "),
];
/** Patterns that would match calls of every service. A member may publish to such a subject, which no program receives. */
const CALL_PATTERNS = "*.* *.*.* *.> *.get *.get.* *.*.x1 health.> health.* $SRV.>".split(" ");

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
      ...["ratings.get", "ratings.get.x1", "prices.get", "prices.get.x1", "ratings", "prices._cancel.x1"],
      ...["belief.ratings.m1", "belief.ratings", "belief.prices.m1", "account.token", "account.token.news"],
      ...["$SRV.PING", "$SRV.PING.ratings", ...FORBIDDEN, ...CALL_PATTERNS],
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
  // The server reads `>` in a subscription as one word, and no subject of four parts begins with a service.
  const requests = [
    ..."ratings.get.x1 ratings.get.* ratings.reserve.x1 ratings.*.x1 ratings.*.* ratings.*.>".split(" "),
  ];
  const own = [...requests, "health.ratings", inbox(ratingsKey), answers("ratings", ratingsKey)];
  const verbs = ["PING", "INFO", "STATS"].flatMap((verb) => [
    `$SRV.${verb}`,
    `$SRV.${verb}.ratings`,
    `$SRV.${verb}.ratings.x1`,
  ]);
  subscribes(ratings, [...own, ...verbs], true);
  subscribes(
    ratings,
    [
      ...["prices.get", "prices.get.x1", "prices.*.x1", "ratings.*", "ratings.>", "*.get.x1", "ratings"],
      ...["account.token", "account.token.news", "account.*"],
      ...["health.prices", "health.ratings.x1", "health.ratings.*", "health.*.*", "health"],
      ...["belief.ratings.m1", "belief.ratings.*", "belief.*.*", "belief.>"],
      ...["$SRV.PING.prices", "$SRV.PING.*", "$SRV.SCHEMA", inbox(annKey), repliesTo(annKey)],
      ...[...FORBIDDEN, ...CALL_PATTERNS],
      ...[answers("ratings", annKey), "_INBOX.ratings.>", "_INBOX.ratings.*.*.*", "_INBOX._all.>"],
    ],
    false,
  );
});

test("a service receives shared requests only in its own queue group", () => {
  for (const subject of ["ratings.get", "ratings.reserve"]) {
    assert.ok(maySubscribe(ratings, subject, "ratings"));
    for (const queue of [undefined, "", "prices", "*", ">"])
      assert.not.ok(maySubscribe(ratings, subject, queue), String(queue));
  }
  assert.not.ok(maySubscribe(ratings, "prices.get", "ratings"));
});

test("a service calls the services that its credentials name, receives their heartbeats, and nothing else", () => {
  const orders = servicePermissions("orders", ratingsKey, ["inventory", "payments"]);
  const plain = servicePermissions("orders", ratingsKey);
  const called = (name: string): readonly string[] => [
    ...[`${name}.get`, `${name}.reserve`, `${name}.reserve.x1`, `${name}._cancel.x1`, `health.${name}`],
  ];
  publishes(orders, [...called("inventory"), ...called("payments"), "health.orders.x1"], true);
  const others = ["prices", "inventory2", "inventor", "orders2"].flatMap(called);
  const harmful = ["health", "belief", "chaos"].flatMap((kind) => [`${kind}.inventory.x1`, `${kind}.prices`]);
  const verbs = ["$SRV.PING", "$SRV.PING.inventory", "$SRV.STATS.inventory.x1"];
  const replies = [answers("inventory", annKey), answers("payments", ratingsKey)];
  publishes(orders, [...others, ...harmful, "belief.inventory", "chaos.inventory", ...verbs, ...replies], false);
  publishes(orders, ["inventory", "inventory.a.b.c", "orders.get", ...FORBIDDEN, ...CALL_PATTERNS], false);
  subscribes(orders, ["health.inventory.x1", "health.inventory.*", "health.payments.*", inbox(ratingsKey)], true);
  const requests = ["inventory.get", "inventory.*.x1", "inventory.reserve.x1", "inventory.*"];
  subscribes(orders, [...requests, "health.inventory", "health.prices.*", "health.*.*", inbox(annKey)], false);
  subscribes(orders, ["chaos.inventory.x1", "belief.inventory.*", "$SRV.PING.inventory", ...FORBIDDEN], false);
  assert.not.ok(maySubscribe(orders, "inventory.get", "inventory"));
  publishes(plain, [...called("inventory"), ...called("payments")], false);
  subscribes(plain, ["health.inventory.*"], false);
});

test("a Market calls any service, roll call or verb, and publishes its beliefs", () => {
  publishes(
    market,
    ["belief.ratings.m1", "ratings.get", "ratings.get.x1", "prices.get.y2", "health.ratings", "health.prices"],
    true,
  );
  publishes(market, ["ratings.reserve", "ratings.reserve.x1", "prices._cancel.y2", "account.token"], true);
  publishes(market, ["$SRV.PING", "$SRV.INFO.ratings", "$SRV.STATS.ratings.x1"], true);
  publishes(
    market,
    [
      ..."belief.ratings belief.ratings.m1.x belief health.ratings.x1 health.get.x1".split(" "),
      ..."health.x.get ratings ratings.get.x1.y health account.token.news account.token.is.x account.x.y".split(" "),
      ...[
        answers("ratings", ratingsKey),
        answers("ratings", annKey),
        answers("get", annKey),
        "_INBOX.get.x.y.z",
        "$SRV.PING.a.b.c",
        "$SRV.SCHEMA.a.b",
        ...FORBIDDEN,
      ],
    ],
    false,
  );
});

test("only an admin asks for faults, and a service receives its own", () => {
  const chaos = ["chaos.ratings", "chaos.ratings.x1", "chaos.prices.y2"];
  const admin = adminPermissions(annKey);
  publishes(admin, [...chaos, ...["ratings.get", "ratings.get.x1", "health.ratings", "$SRV.PING"]], true);
  publishes(admin, ["chaos", "chaos.ratings.x1.y", "health.ratings.x1", "health.get.x1", "belief.ratings"], false);
  publishes(admin, ["ratings.get.x1.y", "account.token.news", ...FORBIDDEN], false);
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
  subscribes(
    market,
    CALL_PATTERNS.filter((pattern) => !pattern.startsWith("health")),
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
