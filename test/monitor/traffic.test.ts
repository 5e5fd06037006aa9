import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  isOfShoppers,
  NO_TRAFFIC,
  rateMessage,
  readRateMessage,
  readReportMessage,
  readTrafficMessage,
  reportMessage,
  type ShoppersReport,
  type Traffic,
  trafficMessage,
} from "../../src/monitor/traffic.ts";
import { pageTimeText, rateText, trafficText } from "../../src/monitor/traffic-text.ts";

const test = suite("traffic");

const REPORT: ShoppersReport = {
  ...{ pages: 412, failed: 0, lastFailure: null, skipped: 0 },
  ...{ p50Ms: 3.2, p99Ms: 31.25, fresh: 1_640, lastKnown: 8 },
};
/** As the channel between two processes carries it. */
const sent = (message: unknown): unknown => JSON.parse(JSON.stringify(message));

test("each message is read as it was made, and as nothing else", () => {
  const traffic: Traffic = { rate: 20, shoppers: { ...REPORT, failed: 3, lastFailure: "status 503" } };
  assert.is(readRateMessage(sent(rateMessage(20)), 200), 20);
  assert.equal(readReportMessage(sent(reportMessage(REPORT))), REPORT);
  assert.equal(readTrafficMessage(sent(trafficMessage(traffic))), traffic);
  assert.equal(readTrafficMessage(sent(trafficMessage(NO_TRAFFIC))), NO_TRAFFIC);
  const messages = [rateMessage(20), reportMessage(REPORT), trafficMessage(traffic)].map(sent);
  assert.equal(
    [readRateMessage, readReportMessage, readTrafficMessage].map((read) =>
      messages.map((message) => (read as (message: unknown, max: number) => unknown)(message, 200) !== undefined),
    ),
    [
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ],
  );
});

test("what no program of ours sends is read as nothing", () => {
  for (const rate of [-1, 201, 2.5, "20", null, undefined, Number.NaN])
    assert.is(readRateMessage({ rate }, 200), undefined, String(rate));
  for (const message of [undefined, null, 0, "", "rate", [], {}, { shoppers: null }, { traffic: null }]) {
    assert.is(readRateMessage(message, 200), undefined);
    assert.is(readReportMessage(message), undefined);
    assert.is(readTrafficMessage(message), undefined);
  }
  for (const field of ["pages", "failed", "skipped", "fresh", "lastKnown"])
    for (const value of [-1, 0.5, "3", null, undefined, Number.POSITIVE_INFINITY])
      assert.is(readReportMessage({ shoppers: { ...REPORT, [field]: value } }), undefined, `${field} ${value}`);
  assert.is(readReportMessage({ shoppers: { ...REPORT, failed: 413 } }), undefined, "more failed than ended");
  assert.is(readTrafficMessage({ traffic: { rate: 5, shoppers: null } }), undefined, "no position of the switch");
});

test("a time or a reason of another kind is unknown, and a long reason is cut", () => {
  for (const value of [-1, "3", undefined, Number.NaN]) {
    const read = readReportMessage({ shoppers: { ...REPORT, p50Ms: value, p99Ms: value, lastFailure: 7 } });
    assert.equal([read?.p50Ms, read?.p99Ms, read?.lastFailure], [null, null, null]);
  }
  assert.is(readReportMessage({ shoppers: { ...REPORT, lastFailure: "x".repeat(5_000) } })?.lastFailure?.length, 100);
  assert.equal(readTrafficMessage({ traffic: { rate: 2, shoppers: { pages: 1 } } }), { rate: 2, shoppers: null });
});

test("the sentence says what shoppers got, and claims nothing that is not known", () => {
  const text = (shoppers: Partial<ShoppersReport> | null, rate: Traffic["rate"] = 20): string =>
    trafficText({ rate, shoppers: shoppers && { ...REPORT, ...shoppers } });
  assert.is(trafficText(NO_TRAFFIC), "Off: only visitors load pages.");
  assert.is(text(null), "Nothing is known of the shoppers’ pages.");
  assert.is(text({ pages: 0, fresh: 0, lastKnown: 0, p99Ms: null }), text(null));
  assert.is(text({}), "In the last minute 0 of 412 pages failed, p99 31 ms; 1640 ratings fresh, 8 last known.");
  assert.match(text({ failed: 1, lastFailure: "status 503" }), / 1 of 412 pages failed \(status 503\), p99 31 ms;/);
  assert.match(text({ failed: 9, lastFailure: "status 503" }), / 9 of 412 pages failed \(the last: status 503\), /);
  assert.match(text({ pages: 1, failed: 1, p99Ms: null, lastFailure: null }), / 1 of 1 page failed; 1640 ratings/);
  assert.match(text({ skipped: 17 }), /; 17 not begun, as too many were open\.$/);
  assert.match(text({ pages: 0, skipped: 17, p99Ms: null }), / 0 of 0 pages failed; .* 17 not begun/);
});

test("times are as short as on a card of the board, and one page is no pages", () => {
  assert.equal([2.44, 9.96, 57.2, 999.4, 1_003].map(pageTimeText), ["2.4 ms", "10.0 ms", "57 ms", "999 ms", "1.0 s"]);
  assert.equal([0, 1, 2].map(rateText), ["off", "1 page a second", "2 pages a second"]);
});

test("pages of shoppers are known by their request id", () => {
  assert.ok(isOfShoppers({ requestId: "shoppers-1-2" }));
  for (const requestId of ["", "a-shoppers-1", "SHOPPERS-1"]) assert.not.ok(isOfShoppers({ requestId }), requestId);
  assert.not.ok(isOfShoppers(undefined));
});

test.run();
