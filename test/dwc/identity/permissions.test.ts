// What each may do on the bus, and above all what it may not.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inboxPrefixOf } from "../../../src/bus/credentials.ts";
import {
  adminPermissions,
  marketPermissions,
  type Permissions,
  pushPermissions,
  servicePermissions,
} from "../../../src/dwc/identity/permissions.ts";
import { matches, mayHear, mayPublish } from "../../support/subject-match.ts";

const test = suite("permissions");

const ratingsKey = `U${"A".repeat(55)}`;
const annKey = `U${"B".repeat(55)}`;
const ratings = servicePermissions("ratings", ratingsKey);
const market = marketPermissions(annKey);
const ratingsInbox = inboxPrefixOf(ratingsKey);
const annInbox = inboxPrefixOf(annKey);

function publishes(who: Permissions, subjects: readonly string[], may: boolean): void {
  for (const subject of subjects) assert.is(mayPublish(who, subject), may, `publish ${subject}`);
}

function hears(who: Permissions, subjects: readonly string[], may: boolean): void {
  for (const subject of subjects) assert.is(mayHear(who, subject), may, `hear ${subject}`);
}

/** Words of the bus itself, which are nobody's. */
const FORBIDDEN = [
  ...[
    ">",
    "*",
    "*.*",
    "*.>",
    "*.*.*",
    "*.get",
    "*.get.*",
    "health.>",
    "health.*",
    "_INBOX.>",
    "_INBOX.*.*",
    "_INBOX.x.y",
  ],
  ...[
    "$SYS.>",
    "$SYS.REQ.CLAIMS.UPDATE",
    "$SYS.REQ.SERVER.PING",
    "$SYS.ACCOUNT.A.CONNECT",
    "$JS.API.INFO",
    "$KV.x.y",
    "$SRV.>",
  ],
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
      ...[
        "health.prices.x1",
        "health.prices",
        "health.ratings.x1.y",
        "health.ratings2.x1",
        "health",
        "health.health.x",
      ],
      ...["ratings.get", "ratings.get.x1", "prices.get", "prices.get.x1", "ratings", "ratings.got"],
      ...["belief.ratings.m1", "belief.ratings", "belief.prices.m1"],
      ...[`${annInbox}.a.b`, `${ratingsInbox}.a.b`, "$SRV.PING", "$SRV.PING.ratings", ...FORBIDDEN],
    ],
    false,
  );
});

test("a service hears what it is asked, its own roll call, its own verbs, its own inbox", () => {
  const own = ["ratings.get.x1", "ratings.get.*", "health.ratings", `${ratingsInbox}.a.b`];
  const verbs = ["PING", "INFO", "STATS"].flatMap((verb) => [
    `$SRV.${verb}`,
    `$SRV.${verb}.ratings`,
    `$SRV.${verb}.ratings.x1`,
  ]);
  hears(ratings, [...own, ...verbs], true);
  hears(
    ratings,
    [
      ...["prices.get", "prices.get.x1", "ratings.*", "ratings.>", "ratings.*.x1", "*.get.x1", "ratings"],
      ...["health.prices", "health.ratings.x1", "health.ratings.*", "health.*.*", "health"],
      ...["belief.ratings.m1", "belief.ratings.*", "belief.*.*", "belief.>"],
      ...["$SRV.PING.prices", "$SRV.PING.*", "$SRV.SCHEMA", `${annInbox}.a.b`, `${annInbox}.>`, ...FORBIDDEN],
    ],
    false,
  );
});

test("a service hears shared requests only in its own queue group", () => {
  assert.ok(mayHear(ratings, "ratings.get", "ratings"));
  for (const queue of [undefined, "", "prices", "*", ">"])
    assert.not.ok(mayHear(ratings, "ratings.get", queue), String(queue));
  assert.not.ok(mayHear(ratings, "prices.get", "ratings"));
});

test("a service answers once to each, within two minutes", () => {
  assert.equal(ratings.resp, { max: 1, ttl: 120_000_000_000 });
});

test("a Market calls any service, calls rolls, asks the service verbs, and tells other Markets what it believes", () => {
  publishes(
    market,
    ["belief.ratings.m1", "ratings.get", "ratings.get.x1", "prices.get.y2", "health.ratings", "health.prices"],
    true,
  );
  publishes(market, ["$SRV.PING", "$SRV.INFO.ratings", "$SRV.STATS.ratings.x1"], true);
  publishes(
    market,
    [
      ...[
        "belief.ratings",
        "belief.ratings.m1.x",
        "belief",
        "health.ratings.x1",
        "health.get.x1",
        "health.x.get",
        "ratings",
        "ratings.put",
        "ratings.get.x1.y",
        "health",
      ],
      ...[
        `${ratingsInbox}.a.b`,
        `${annInbox}.a.b`,
        "$SRV.SCHEMA",
        "$SRV.PING.a.b.c",
        ...FORBIDDEN.filter((one) => !/^\*\.get/.test(one) && one !== "health.*" && one !== "health.>"),
      ],
    ],
    false,
  );
});

test("only an admin asks for faults, and a service hears its own", () => {
  const chaos = ["chaos.ratings", "chaos.ratings.x1", "chaos.prices.y2"];
  const admin = adminPermissions(annKey);
  publishes(admin, [...chaos, ...["ratings.get", "ratings.get.x1", "health.ratings", "$SRV.PING"]], true);
  publishes(admin, ["chaos", "chaos.ratings.x1.y", "health.ratings.x1", "health.get.x1", "ratings.put"], false);
  assert.equal([admin.sub, admin.resp], [market.sub, undefined]);
  publishes(market, [...chaos, "chaos.get", "chaos.get.x1", "chaos.x.get"], false);
  publishes(ratings, chaos, false);
  hears(ratings, ["chaos.ratings", "chaos.ratings.x1"], true);
  hears(ratings, ["chaos.prices", "chaos.prices.x1", "chaos.>", "chaos.*", "chaos.*.*"], false);
  for (const who of [market, admin]) hears(who, [...chaos, "chaos.>", "chaos.*.*"], false);
});

test("a Market hears heartbeats, other Markets and its own answers, and answers nobody", () => {
  hears(
    market,
    [
      "belief.ratings.m1",
      "belief.ratings.*",
      "belief.*.*",
      "health.ratings.x1",
      "health.ratings.*",
      "health.*.*",
      `${annInbox}.a.b`,
    ],
    true,
  );
  hears(
    market,
    [
      "ratings.get",
      "ratings.get.x1",
      "ratings.get.*",
      "health.ratings",
      "$SRV.PING",
      `${ratingsInbox}.a.b`,
      ...FORBIDDEN,
    ],
    false,
  );
  assert.not.ok(mayHear(market, "ratings.get", "ratings"));
  assert.is(market.resp, undefined);
});

test("whoever tells the server of a change can do that one thing", () => {
  const push = pushPermissions(annKey);
  publishes(push, ["$SYS.REQ.CLAIMS.UPDATE"], true);
  publishes(
    push,
    ["$SYS.REQ.CLAIMS.DELETE", "$SYS.REQ.CLAIMS.LIST", "$SYS.REQ.SERVER.PING", "ratings.get", ">"],
    false,
  );
  hears(push, [`${annInbox}.a.b`], true);
  hears(push, ["$SYS.>", ">", `${ratingsInbox}.a.b`], false);
});

test("two users have two inboxes, and neither is in the other", () => {
  assert.is.not(annInbox, ratingsInbox);
  assert.not.ok(matches(`${annInbox}.>`, `${ratingsInbox}.a.b`));
  assert.match(annInbox, /^_INBOX\.B{16}$/);
});

test.run();
