// Disagreement of Markets, as opposed to Markets of which each only knows different instances.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DisagreementDetector, type MarketsComparison } from "../../src/monitor/disagreement.ts";
import { PeerMarkets, type PeerView } from "../../src/monitor/peers.ts";
import type { HealthState } from "../../src/monitor/states.ts";

const test = suite("disagreement");

type States = Readonly<Record<number, HealthState>>;

const viewOf = (market: string, states: States, change: Partial<PeerView> = {}): PeerView => ({
  ...{ market, name: `${market}:5000`, seq: 0, intervalMs: 15_000, state: "up", omitted: 0 },
  instances: Object.entries(states).map(([instance, state]) => ({
    ...{ instance: Number(instance), incarnation: `${instance}-a`, state, since: 1_000, why: null },
  })),
  ...change,
});

/** The comparison after the grace time. */
function settled(...views: PeerView[]): MarketsComparison {
  const agreement = new DisagreementDetector();
  agreement.detect(views, 0);
  return agreement.detect(views, 2_000);
}

const disputed = (...states: States[]): number[] =>
  settled(...states.map((each, place) => viewOf(`m${place}`, each))).disagreements.map(({ instance }) => instance);

test("Markets disagree about an instance that one calls and another does not", () => {
  assert.equal(disputed({ 1: "healthy", 2: "open" }, { 1: "healthy", 2: "healthy" }), [2]);
  assert.equal(disputed({ 1: "healthy" }, { 1: "lost" }, { 1: "healthy" }), [1]);
  assert.equal(disputed({ 1: "open" }, { 1: "lost" }), [1]);
  assert.equal(disputed({ 1: "healthy", 2: "healthy" }, { 1: "healthy" }), [2], "one does not know it");
});

test("Markets agree where the treatment is the same, whatever the state", () => {
  assert.equal(disputed({ 1: "healthy", 2: "open", 3: "lost" }, { 1: "probation", 2: "retesting" }), []);
  assert.equal(disputed({ 1: "draining" }, { 1: "left" }, {}), []);
  assert.equal(disputed({ 1: "open" }), [], "one Market alone never disagrees");
});

test("an instance that a Market omits is no opinion", () => {
  const full = viewOf("m1", { 1: "healthy" }, { omitted: 900 });
  const { disagreements } = settled(viewOf("m0", { 1: "open", 2: "open" }), full);
  assert.equal(
    disagreements.map(({ instance, cells }) => [instance, cells.map(({ kind }) => kind)]),
    [[1, ["reported", "reported"]]],
  );
});

test("a disagreement has the view of each Market, ours first; the list is in order of number and incarnation", () => {
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
  const reported = { kind: "reported", state: "open", since: 1_000, why };
  assert.equal(disagreements[0]?.cells, [reported, { kind: "omitted" }, { kind: "unknown" }]);
});

test("a change that is still being published is no disagreement", () => {
  const agreement = new DisagreementDetector();
  const [one, other] = [viewOf("m0", { 1: "open" }), viewOf("m1", { 1: "healthy" })];
  const count = (now: number): number => agreement.detect([one, other], now).disagreements.length;
  assert.equal([count(0), count(1_499), count(1_500), count(3_000)], [0, 0, 1, 1]);
  agreement.detect([one, one], 4_000);
  assert.is(count(5_000), 0, "after an agreement the grace time begins again");
});

test("of a thousand disagreements fifty are listed, and the others counted", () => {
  const all = (state: HealthState): States =>
    Object.fromEntries(Array.from({ length: 250 }, (_, at) => [at + 1, state]));
  const { disagreements, omitted } = settled(viewOf("m0", all("healthy")), viewOf("m1", all("open")));
  assert.equal([disagreements.length, omitted, disagreements[0]?.instance], [50, 200, 1]);
});

test("the view of another Market expires after twice its interval, or at its goodbye", () => {
  const others = new PeerMarkets();
  const names = (now: number): string[] => others.live(now).map(({ market }) => market);
  assert.ok(others.receive(viewOf("m1", {}), 0), "a new Market has not received our view");
  assert.not.ok(others.receive(viewOf("m1", {}, { seq: 1 }), 100));
  others.receive(viewOf("m2", {}), 100);
  assert.equal(names(30_099), ["m1", "m2"]);
  assert.equal(names(30_100), []);
  others.receive(viewOf("m1", {}, { seq: 2 }), 31_000);
  others.receive(viewOf("m1", {}, { seq: 3, state: "gone" }), 31_001);
  assert.equal(names(31_001), []);
});

test("Markets are listed by name, and those of one name by id", () => {
  const others = new PeerMarkets();
  for (const [market, name] of ["m3 b", "m2 a", "m1 b", "m5 b", "m4 c"].map((words) => words.split(" ")))
    others.receive(viewOf(market ?? "", {}, { name: name ?? "" }), 0);
  assert.equal(
    others.live(1).map(({ market }) => market),
    ["m2", "m1", "m3", "m5", "m4"],
  );
});

test("a view that arrives out of order, or twice, is dropped", () => {
  const others = new PeerMarkets();
  assert.not.ok(others.receive(viewOf("m0", {}, { state: "gone" }), 0), "a Market that is gone needs no view of ours");
  others.receive(viewOf("m1", { 1: "open" }, { seq: 5 }), 0);
  for (const seq of [4, 5]) assert.not.ok(others.receive(viewOf("m1", { 1: "healthy" }, { seq }), 1));
  assert.is(others.live(2)[0]?.instances[0]?.state, "open");
});

test("a flood of unknown Markets evicts none, and suppresses none", () => {
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
  assert.not.ok(others.receive(viewOf("late", {}), 11), "a Market without an entry gets no view of ours");
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
  assert.ok(forged <= 4, "a flood in one name suppresses that name alone");
  assert.ok(others.mayRead("g1", 13));
});

test.run();
