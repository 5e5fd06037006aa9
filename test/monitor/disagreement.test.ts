// When several Markets disagree, and when they only know of different things.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DisagreementDetector, type MarketsComparison } from "../../src/monitor/disagreement.ts";
import { PeerMarkets, type PeerView } from "../../src/monitor/peers.ts";
import type { InstanceState } from "../../src/monitor/states.ts";

const test = suite("disagreement");

type States = Readonly<Record<number, InstanceState>>;

const viewOf = (market: string, states: States, change: Partial<PeerView> = {}): PeerView => ({
  ...{ market, name: `${market}:5000`, seq: 0, intervalMs: 15_000, state: "up", omitted: 0 },
  instances: Object.entries(states).map(([instance, state]) => ({
    ...{ instance: Number(instance), incarnation: `${instance}-a`, state, since: 1_000, why: null },
  })),
  ...change,
});

/** As it is once news has had its time. */
function settled(...views: PeerView[]): MarketsComparison {
  const agreement = new DisagreementDetector();
  agreement.detect(views, 0);
  return agreement.detect(views, 2_000);
}

const disputed = (...states: States[]): number[] =>
  settled(...states.map((each, place) => viewOf(`m${place}`, each))).disagreements.map(({ instance }) => instance);

test("they disagree about whom one calls and another does not", () => {
  assert.equal(disputed({ 1: "healthy", 2: "open" }, { 1: "healthy", 2: "healthy" }), [2]);
  assert.equal(disputed({ 1: "healthy" }, { 1: "lost" }, { 1: "healthy" }), [1]);
  assert.equal(disputed({ 1: "open" }, { 1: "lost" }), [1]);
  assert.equal(disputed({ 1: "healthy", 2: "healthy" }, { 1: "healthy" }), [2], "one has never heard of it");
});

test("they agree where both do the same, whatever they call it", () => {
  assert.equal(disputed({ 1: "healthy", 2: "open", 3: "lost" }, { 1: "probation", 2: "retesting" }), []);
  assert.equal(disputed({ 1: "draining" }, { 1: "left" }, {}), []);
  assert.equal(disputed({ 1: "open" }), [], "one alone agrees with itself");
});

test("what a Market has no room to tell is no opinion", () => {
  const full = viewOf("m1", { 1: "healthy" }, { omitted: 900 });
  const { disagreements } = settled(viewOf("m0", { 1: "open", 2: "open" }), full);
  assert.equal(
    disagreements.map(({ instance, cells }) => [instance, cells.map(({ kind }) => kind)]),
    [[1, ["reported", "reported"]]],
  );
});

test("a dispute holds what each Market says, ours first, and they are listed by number and incarnation", () => {
  const why = "request timed out";
  const ours = viewOf("z", { 2: "open", 1: "open" });
  const [first, second] = ours.instances;
  assert.ok(first && second);
  const instances = [second, { ...first, incarnation: "1-b" }, { ...first, why }, { ...first, incarnation: "1-c" }];
  const other = viewOf("a", {}, { omitted: 1 });
  const { all, disagreements } = settled({ ...ours, instances }, other, viewOf("b", {}));
  assert.equal(all, [
    { market: "z", name: "z:5000" },
    { market: "a", name: "a:5000" },
    { market: "b", name: "b:5000" },
  ]);
  assert.equal(
    disagreements.map(({ instance, incarnation }) => [instance, incarnation]),
    [
      [1, "1-a"],
      [1, "1-b"],
      [1, "1-c"],
      [2, "2-a"],
    ],
  );
  const told = { kind: "reported", state: "open", since: 1_000, why };
  assert.equal(disagreements[0]?.cells, [told, { kind: "omitted" }, { kind: "unknown" }]);
});

test("news that is under way is no dispute", () => {
  const agreement = new DisagreementDetector();
  const [one, other] = [viewOf("m0", { 1: "open" }), viewOf("m1", { 1: "healthy" })];
  const count = (now: number): number => agreement.detect([one, other], now).disagreements.length;
  assert.equal([count(0), count(1_499), count(1_500), count(3_000)], [0, 0, 1, 1]);
  agreement.detect([one, one], 4_000);
  assert.is(count(5_000), 0, "settled in between, it begins anew");
});

test("of a thousand disagreements fifty are listed, and the others counted", () => {
  const all = (state: InstanceState): States =>
    Object.fromEntries(Array.from({ length: 250 }, (_, at) => [at + 1, state]));
  const { disagreements, omitted } = settled(viewOf("m0", all("healthy")), viewOf("m1", all("open")));
  assert.equal([disagreements.length, omitted, disagreements[0]?.instance], [50, 200, 1]);
});

test("another Market counts for twice its interval, or until it says that it is gone", () => {
  const others = new PeerMarkets();
  const names = (now: number): string[] => others.live(now).map(({ market }) => market);
  assert.ok(others.receive(viewOf("m1", {}), 0), "a new one has not heard of us");
  assert.not.ok(others.receive(viewOf("m1", {}, { seq: 1 }), 100));
  others.receive(viewOf("m2", {}), 100);
  assert.equal(names(30_099), ["m1", "m2"]);
  assert.equal(names(30_100), []);
  others.receive(viewOf("m1", {}, { seq: 2 }), 31_000);
  others.receive(viewOf("m1", {}, { seq: 3, state: "gone" }), 31_001);
  assert.equal(names(31_001), []);
});

test("they are listed by name, and those of one name by their ids", () => {
  const others = new PeerMarkets();
  for (const [market, name] of ["m3 b", "m2 a", "m1 b", "m5 b", "m4 c"].map((words) => words.split(" ")))
    others.receive(viewOf(market ?? "", {}, { name: name ?? "" }), 0);
  assert.equal(
    others.live(1).map(({ market }) => market),
    ["m2", "m1", "m3", "m5", "m4"],
  );
});

test("one that was overtaken on its way, or came twice, is not believed", () => {
  const others = new PeerMarkets();
  assert.not.ok(others.receive(viewOf("m0", {}, { state: "gone" }), 0), "nobody has to tell it anything");
  others.receive(viewOf("m1", { 1: "open" }, { seq: 5 }), 0);
  for (const seq of [4, 5]) assert.not.ok(others.receive(viewOf("m1", { 1: "healthy" }, { seq }), 1));
  assert.is(others.live(2)[0]?.instances[0]?.state, "open");
});

test("strangers without end push nobody out, and keep nobody unheard", () => {
  const others = new PeerMarkets();
  others.receive(viewOf("real", { 1: "open" }), 0);
  let read = 0;
  for (let at = 0; at < 100_000; at++) {
    if (!others.mayRead(`f${at}`, 10)) continue;
    read += 1;
    others.receive(viewOf(`f${at}`, {}), 10);
  }
  assert.is(read, 16);
  assert.ok(others.mayRead("real", 10));
  for (let at = 0; at < 100; at++) others.receive(viewOf(`g${at}`, {}), 11);
  assert.not.ok(others.receive(viewOf("late", {}), 11), "nobody answers one that has no place");
  const live = others.live(12);
  assert.is(live.length, 32);
  assert.not.ok(others.receive(viewOf("real", { 1: "healthy" }, { seq: 1 }), 12));
  assert.is(others.live(12).find(({ market }) => market === "real")?.instances[0]?.state, "healthy");
  assert.ok(live.some(({ market }) => market === "real"));
  let forged = 0;
  for (let at = 0; at < 1000; at++) {
    if (!others.mayRead("real", 13)) continue;
    forged += 1;
    others.receive(viewOf("real", {}, { seq: 1 + forged }), 13);
  }
  assert.ok(forged <= 4, "who floods in one name keeps only that one unheard");
  assert.ok(others.mayRead("g1", 13));
});

test.run();
