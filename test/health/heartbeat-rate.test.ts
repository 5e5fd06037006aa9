// Heartbeats in proportion to the size of a service: their intervals, and the moments when a caller says the size.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { intervalForSize, reportedSize, SizeReports, sizeReportJson } from "../../src/health/heartbeat-rate.ts";
import { type Member, newMember } from "../../src/health/member.ts";
import { beatOf, DEFAULT_RULES } from "../support/health-harness.ts";

const test = suite("heartbeats in proportion");

test("an interval grows with the number of instances, from its own to two minutes", () => {
  const known = [0, 1, 1_500, 1_501, 3_000, 12_000, 12_001, 999_999];
  const intervals = known.map((count) => intervalForSize(count, 15_000));
  assert.equal(intervals, [15_000, 15_000, 15_000, 15_010, 30_000, 120_000, 120_000, 120_000]);
  assert.is(intervalForSize(999_999, 200_000), 200_000, "one that is longer already is kept");
});

test("a number is read as it is written, and all else is a roll call", () => {
  assert.is(reportedSize(JSON.parse(sizeReportJson(8_000))), 8_000);
  const none = [null, 1, "", [], {}, { known: 0 }, { known: -1 }, { known: 1.5 }, { known: "9" }, { known: 1e9 }];
  for (const value of none) assert.is(reportedSize(value), undefined, JSON.stringify(value));
});

/** Live members with heartbeats of that interval. */
function serviceOf(count: number, intervalMs: number): readonly Member[] {
  return Array.from({ length: count }, (_, index) => {
    const member = newMember(beatOf(index + 1), 0);
    member.leaseMs = DEFAULT_RULES.leaseIntervals * intervalMs;
    return member;
  });
}

/** What is said within so many seconds, and when, in seconds. */
function said(reports: SizeReports, live: () => readonly Member[], fromS: number, untilS: number): readonly number[][] {
  const all: number[][] = [];
  for (let second = fromS; second < untilS; second++) {
    const known = reports.due(second * 1_000, live);
    if (known !== undefined) all.push([second, known]);
  }
  return all;
}

const reportsAt = (share: number): SizeReports => new SizeReports(DEFAULT_RULES, () => share);

test("at twice the rate nothing is said, and above it the number, at a moment that chance chooses", () => {
  const fits = serviceOf(3_000, 15_000);
  assert.equal(
    said(reportsAt(0), () => fits, 0, 600),
    [],
  );
  const tooMany = serviceOf(3_001, 15_000);
  assert.equal(
    said(reportsAt(0), () => tooMany, 0, 60),
    [[5, 3_001]],
  );
  assert.equal(
    said(reportsAt(0.9), () => tooMany, 0, 200),
    [[110, 3_001]],
  );
});

test("far too few are corrected as well: a number was false, or the service has shrunk", () => {
  const stretched = serviceOf(3, 120_000);
  assert.equal(
    said(reportsAt(0), () => stretched, 0, 60),
    [[5, 3]],
  );
  for (const fits of [serviceOf(3, 30_000), serviceOf(10_000, 100_000), serviceOf(0, 1)])
    assert.equal(
      said(reportsAt(0), () => fits, 0, 600),
      [],
    );
});

test("short intervals of a small service are its own business", () => {
  const small = serviceOf(1_500, 10);
  assert.equal(
    said(reportsAt(0), () => small, 0, 600),
    [],
  );
});

test("while the rate changes, another caller has said it; and where it is right again, nothing is left to say", () => {
  const reports = reportsAt(0.05);
  let heed = 0;
  const live = (): readonly Member[] => [...serviceOf(4_000 - heed, 15_000), ...serviceOf(heed, 40_000)];
  for (let second = 0; second < 20; second += 5) {
    assert.equal(said(reports, live, second, second + 5), [], `at ${second} s`);
    heed += 1_000;
  }
  assert.equal(said(reports, live, 20, 600), []);
});

test("it is said three times to instances that do not heed it, and again after it had helped", () => {
  const reports = reportsAt(0);
  let live = serviceOf(4_000, 15_000);
  const seconds = said(reports, () => live, 0, 40_000).map(([second]) => second);
  assert.equal(seconds, [5, 185, 365]);
  live = serviceOf(4_000, 40_000);
  assert.equal(
    said(reports, () => live, 40_000, 40_010),
    [],
  );
  live = serviceOf(4_000, 15_000);
  assert.equal(
    said(reports, () => live, 40_010, 40_100),
    [[40_015, 4_000]],
  );
});

test("leases are counted every five seconds, not at each tick", () => {
  let looks = 0;
  const live = (): readonly Member[] => {
    looks++;
    return [];
  };
  const reports = reportsAt(0);
  for (let now = 0; now < 10_000; now += 200) reports.due(now, live);
  assert.is(looks, 2);
});

test.run();
