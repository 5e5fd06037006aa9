// README, "The protocol, version 1", held against clients of another make: one on the plain NATS library, one on a bare
// socket. Either is an instance to our Market, and a caller to our instances.

import { suite, type Test } from "uvu";
import * as assert from "uvu/assert";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { ask, askAll, ThirdPartyInstance, type ThirdPartyReply } from "../support/third-party-client.ts";
import type { Wire } from "../support/wire.ts";
import { type RunningMarket, type RunningRatings, until, World } from "../support/world.ts";

interface Context {
  server: TestServer;
  world: World;
  wire: Wire;
  market: RunningMarket;
  thirdParty: ThirdPartyInstance;
  first: RunningRatings;
  third: RunningRatings;
}

const TIMEOUT_MS = 20_000;
const THINGS = 4;

/** What no instance of ours would say of anything, so that it is known by it. */
const FOREIGN_RATING = 1.5;
const rateAll = (body: string): ThirdPartyReply => ({
  body: JSON.stringify({ thingID: JSON.parse(body).thingID, rating: FOREIGN_RATING }),
});
const refuseAll = (code: number, error: string) => (): ThirdPartyReply => ({ code, error });

type Rule = readonly [name: string, body: (context: Context) => Promise<void>];

/** In this order: a rule goes on where the one before it ended. */
const RULES: Rule[] = [];
const rule = (...added: Rule): void => void RULES.push(added);

rule("errors and invalid answers are reported, prove nothing, and open no breaker", async ({ market, thirdParty }) => {
  const invalidAnswers: readonly [(body: string) => ThirdPartyReply, RegExp][] = [
    [refuseAll(404, "unknown thing: camera"), /^BAD camera: 404 unknown thing: camera$/],
    [refuseAll(500, "internal error"), /^BAD camera: 500 internal error$/],
    [refuseAll(Number.NaN, "no number"), /^BAD camera: 500 no number$/],
    [refuseAll(404, "kein Ding: K\u00e4se \u2615"), /^BAD camera: 404 kein Ding: K\u00e4se \u2615$/],
    [refuseAll(404, ""), /^BAD camera: 404 \(no text\)$/],
    [() => ({ body: "4.5 stars" }), /^BAD camera: instance 7 returned no rating$/],
    [() => ({ body: "" }), /^BAD camera: instance 7 returned no rating$/],
    [() => ({ body: "null" }), /^BAD camera: instance 7 returned no rating$/],
    [() => ({ body: '{"thingID":"camera","rating":5.1}' }), /^BAD camera: instance 7 returned no rating$/],
    [() => ({ body: '{"thingID":"camera","rating":"4"}' }), /^BAD camera: instance 7 returned no rating$/],
    [() => ({ body: '{"thingID":"piano","rating":4}' }), /^BAD camera: instance 7 returned no rating$/],
  ];
  for (const [handle, line] of invalidAnswers) {
    thirdParty.handle = handle;
    const mark = market.program.mark();
    const ratings = await market.ratings();
    await market.program.waitFor(line, { mark });
    assert.ok(Object.values(ratings).every((rating) => rating === null));
  }
  assert.is(thirdParty.requests.length, invalidAnswers.length * THINGS);
  assert.is(market.program.count(/OPEN/), 0);
  thirdParty.handle = rateAll;
  assert.ok(Object.values(await market.ratings()).every((rating) => rating?.rating === FOREIGN_RATING));
  await thirdParty.goodbye();
  await market.program.waitFor(/ratings instance 7 left/);
});

rule("the Market calls a third-party instance in its turn, and receives its goodbye", async (context) => {
  const { world, wire, market } = context;
  const mark = market.program.mark();
  context.first = await world.startRatings(1);
  const thirdParty = new ThirdPartyInstance({ wire, instance: 2, handle: rateAll });
  await thirdParty.start();
  await market.untilKnown(2);
  const startedAtMs = Date.now();
  const ratings = Object.values(await market.ratings());
  assert.ok(ratings.every((rating) => rating?.fresh));
  assert.equal(ratings.map((rating) => rating?.instance).sort(), [1, 1, 2, 2]);
  assert.is(ratings.filter((rating) => rating?.rating === FOREIGN_RATING).length, 2);
  const { "dwc-timeout-ms": timeoutMs, "dwc-sent-at-ms": sentAtMs } = thirdParty.requests[0]?.headers ?? {};
  assert.is(timeoutMs, "1000", "a request says how long its caller waits");
  assert.ok(Number(sentAtMs) >= startedAtMs && Number(sentAtMs) <= Date.now(), "and when it was sent");

  await thirdParty.goodbye();
  await market.program.waitFor(new RegExp(`ratings instance 2 is leaving: nats:${thirdParty.address}`));
  await market.program.waitFor(new RegExp(`ratings instance 2 left: nats:${thirdParty.address}`));
  const later = Object.values(await market.ratings());
  assert.ok(later.every((rating) => rating?.instance === 1 && rating.fresh));
  // Goodbye is for good.
  thirdParty.beat();
  await wire.flush();
  assert.is(thirdParty.requests.length, 2);
  assert.is(market.program.count(/BAD|OPEN|returned/, mark), 0);
});

rule("an instance that refuses with 503 is left out, in the same call, until it beats", async (context) => {
  const { wire, market } = context;
  const mark = market.program.mark();
  const thirdParty = new ThirdPartyInstance({ wire, instance: 2, handle: refuseAll(503, "draining") });
  await thirdParty.start();
  context.thirdParty = thirdParty;
  await market.untilKnown(2);
  const ratings = Object.values(await market.ratings());
  assert.ok(ratings.every((rating) => rating?.fresh && rating.instance === 1));
  await market.program.waitFor(/ratings instance 2 is leaving/, { mark });
  assert.is(market.program.count(/ratings instance 2 is leaving/, mark), 1);
  thirdParty.handle = rateAll;
  assert.is(thirdParty.requests.length, 2, "two of the four turns were its own");
  await market.ratings();
  assert.is(thirdParty.requests.length, 2, "it gets nothing more");
  thirdParty.beat();
  await market.program.waitFor(/ratings instance 2 returned/, { mark });
  await market.ratings();
  assert.is(thirdParty.requests.length, 4, "its turns are its own again");
  assert.is(market.program.count(/BAD|OPEN/, mark), 0);
});

rule("a number that a foreign instance answers for is taken", async ({ world, thirdParty }) => {
  const refused = world.start({ name: "ratings", args: ["--instance", "2"] });
  await refused.waitFor(/^instance 2 is already running, at nats:ratings\.get\./);
  assert.is((await refused.ended).code, 1);
  await thirdParty.goodbye();
});

rule("a caller is answered by one of the queue group, and by the one it addresses", async (context) => {
  const { world, wire, first } = context;
  const mark = first.program.mark();
  const third = await world.startRatings(3);
  context.third = third;
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(wire, "ratings.get", '{"thingID":"camera"}')));
  for (const answer of answers) assert.equal(JSON.parse(answer?.body ?? ""), { thingID: "camera", rating: 4.5 });
  const shown = /^GET camera => 4\.5$/;
  await until("twenty lines", () => first.program.count(shown, mark) + third.program.count(shown) === 20, TIMEOUT_MS);
  const direct = await ask(wire, third.address.replace("nats:", ""), '{"thingID":"football"}');
  assert.equal(JSON.parse(direct?.body ?? ""), { thingID: "football", rating: 2.2 });
  await third.program.waitFor(/^GET football => 2\.2$/);
  const old = await ask(wire, "ratings.get", '{"thingID":"camera","deadline":1}');
  assert.is(JSON.parse(old?.body ?? "").rating, 4.5, "a deadline alone drops nothing");
});

rule("errors come as headers: 404 for an unknown thing, 400 for a bad body", async ({ wire, first }) => {
  const noText = '{"problems":["\\"thingID\\" must be a text"]}';
  const cases: readonly [body: string, code: string, error: RegExp, data: string][] = [
    ['{"thingID":"piano"}', "404", /^unknown thing: piano$/, ""],
    ["{}", "400", /^bad request: "thingID" must be a text$/, noText],
    ["not JSON", "400", /^bad request: the body is not JSON/, ""],
    ["", "400", /^bad request: "thingID" must be a text$/, noText],
  ];
  for (const subject of ["ratings.get", first.address.replace("nats:", "")]) {
    for (const [body, code, error, data] of cases) {
      const answer = await ask(wire, subject, body);
      assert.is(answer?.body, data);
      assert.is(answer?.headers["nats-service-error-code"], code);
      assert.match(answer?.headers["nats-service-error"] ?? "", error);
    }
  }
});

rule("a roll call is answered by heartbeats; a goodbye is announced before and after it is done", async (context) => {
  const { wire } = context;
  const { address, program } = context.third;
  const incarnation = address.replace("nats:ratings.get.", "");
  const beats: { state: string; seq: number }[] = [];
  wire.subscribe(`health.ratings.${incarnation}`, ({ body }) => beats.push(JSON.parse(body)));
  const answers = (await askAll(wire, "health.ratings", 2)).map(({ body }) => JSON.parse(body));
  assert.equal(answers.map(({ instance }) => instance).sort(), [1, 3]);
  const beat = answers.find(({ instance }) => instance === 3);
  const expected = { service: "ratings", instance: 3, incarnation, address: `ratings.get.${incarnation}` };
  const rest = { version: beat.version, seq: beat.seq, intervalMs: 15_000, state: "up", answersOnce: true };
  assert.equal(beat, { ...expected, ...rest });
  await until("the same on its own subject", () => beats.some(({ seq }) => seq === beat.seq), TIMEOUT_MS);

  program.signal("SIGTERM");
  await until("gone", () => beats.at(-1)?.state === "gone", TIMEOUT_MS);
  assert.equal(
    beats.slice(-2).map(({ state }) => state),
    ["draining", "gone"],
  );
  assert.ok(
    beats.every(({ seq }, place) => place === 0 || seq > (beats[place - 1]?.seq ?? 0)),
    "seq only grows",
  );
  const absent = await ask(wire, beat.address, '{"thingID":"camera"}');
  assert.is(absent?.status, "503", "no responders");
});

rule("every field of a heartbeat is checked, and an invalid one is reported and ignored", async ({ market, wire }) => {
  const mark = market.program.mark();
  let last = 0;
  const beat = (changes: object): void => {
    last += 1;
    const id = `id-${last}`;
    const good = { service: "ratings", instance: last, incarnation: id, address: `ratings.get.${id}`, seq: 0 };
    wire.send(`health.ratings.${id}`, JSON.stringify({ ...good, intervalMs: 60_000, state: "up", ...changes }));
  };
  const believed = [
    {},
    { instance: 999_999, seq: Number.MAX_SAFE_INTEGER, intervalMs: 300_000, version: "1.0.0", more: "to come" },
    { version: 7, intervalMs: 5_000 },
  ];
  const broken = [
    ...[{ service: "health" }, { incarnation: "id-0" }, { address: "ratings.get" }, { address: "ratings.get.id-1" }],
    ...[{ instance: 0 }, { instance: 1_000_000 }, { instance: "1" }, { instance: 1.5 }],
    ...[{ seq: -1 }, { intervalMs: 9 }, { intervalMs: 300_001 }, { state: "well" }, { more: "x".repeat(4096) }],
  ];
  for (const changes of [...believed, ...broken]) beat(changes);
  wire.send("health.ratings.id-garbage", "\u0000{");
  wire.send("health.ratings.no$token", "{}");
  await wire.flush();
  const reported = /^WARNING:membership:- ratings heartbeat unreadable: /;
  await until("all reported", () => market.program.count(reported, mark) >= broken.length + 2, TIMEOUT_MS);
  assert.is(market.program.count(reported, mark), broken.length + 2);
  // Each line names its sender.
  const senders = broken.map((_, place) => `(on health.ratings.id-${believed.length + place + 1})`);
  for (const sender of [...senders, "(on health.ratings.id-garbage)", "(on health.ratings.no$token)"])
    assert.is(market.program.since(mark).filter((line) => line.endsWith(sender)).length, 1, sender);
  assert.is(market.program.count(/ joined: /, mark), believed.length);
});

export function protocolSuite(make: string, openWire: (natsUrl: string) => Promise<Wire>): Test {
  const foreign = suite(`an instance and a caller of another make (${make})`);
  const context = {} as Context;

  foreign.before(async () => {
    context.server = await startNatsServer();
    context.world = new World(context.server.url);
    context.wire = await openWire(context.server.url);
    const handle = refuseAll(404, "unknown thing: camera");
    context.thirdParty = new ThirdPartyInstance({ wire: context.wire, instance: 7, handle });
    await context.thirdParty.start();
    // Started last: it knows the other from the roll call, as no instance beats for a minute.
    context.market = await context.world.startMarket();
    await context.market.untilKnown(1);
  });
  foreign.after(async () => {
    const { server, world, wire } = context;
    await wire.close();
    await world.close();
    await server.stop();
  });
  for (const [name, body] of RULES) foreign(name, () => body(context));
  return foreign;
}
