import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { InstanceRef } from "../../src/health/member.ts";
import { pageLine } from "../../src/market/ratings/rate-page.ts";
import { eventLine } from "../../src/monitor/events.ts";
import { asText } from "../../src/program/log.ts";
import { instanceLine } from "../../src/ratings/core/lines.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { judgePage, parseInstanceLine, parseMarketLine, parsePageResult } from "./parse-log-line.ts";

const test = suite("parsing of log lines");

const who: InstanceRef = {
  service: "ratings",
  instance: 3,
  incarnation: "3-iW3_zPZBrjMY",
  address: "ratings.get.3-iW3_zPZBrjMY",
};
const speaker = { instance: 3, pid: 1, natsUrls: ["nats://here"] };
// The Market's own functions make the lines: a changed wording fails here, and not as a table of zeros.
const read = (event: ClientEvent): unknown => parseMarketLine(asText(eventLine("ratings", event)));

test("every line of a Market about health is parsed", () => {
  assert.equal(read({ kind: "using", who }), { kind: "using", instance: 3 });
  assert.equal(read({ kind: "opened", who, why: "request timed out", retestInMs: 1 }), { kind: "opened", instance: 3 });
  assert.equal(read({ kind: "closed", who, why: "heartbeat" }), { kind: "closed", instance: 3 });
  assert.equal(read({ kind: "retesting", who }), { kind: "retest", instance: 3 });
  for (const kind of ["joined", "returned", "draining", "left"] as const)
    assert.equal(read({ kind, who }), { kind, instance: 3 });
  assert.equal(read({ kind: "lost", who, why: "no heartbeat", silentMs: 1 }), { kind: "lost", instance: 3 });
  assert.equal(read({ kind: "bus", status: "connected" }), { kind: "bus", connected: true });
  assert.equal(read({ kind: "bus", status: "disconnected" }), { kind: "bus", connected: false });
});

test("received and failed ratings are parsed, and other lines of a page are not", () => {
  const page = (event: Parameters<typeof pageLine>[0]): unknown => parseMarketLine(asText(pageLine(event)));
  assert.equal(page({ kind: "got", thingID: "camera", rating: 4.5 }), { kind: "got" });
  assert.equal(page({ kind: "bad", thingID: "camera", why: "request timed out" }), {
    kind: "bad",
    why: "request timed out",
  });
  assert.is(page({ kind: "asking", thingID: "camera" }), undefined);
  assert.is(page({ kind: "waited", waitedMs: 3 }), undefined);
});

test("an instance's lines about its connection to the bus are parsed", () => {
  const event = (kind: "up" | "disconnected" | "reconnected" | "leaving"): unknown =>
    parseInstanceLine(asText(instanceLine(speaker, kind === "up" ? { kind, address: who.address } : { kind })));
  assert.equal(event("up"), { kind: "bus", connected: true });
  assert.equal(event("disconnected"), { kind: "bus", connected: false });
  assert.equal(event("reconnected"), { kind: "bus", connected: true });
  assert.is(event("leaving"), undefined);
});

test("a page is whole when every thing is rated or says that it is not, and it ends", () => {
  const rated = '<p class="rating-text">';
  assert.equal(judgePage(200, `${rated}${rated}</html>`, 2), { error: undefined, blank: 0 });
  assert.equal(judgePage(200, `${rated}Not rated yet</html>`, 2), { error: undefined, blank: 1 });
  assert.equal(judgePage(200, `${rated}</html>`, 2), { error: "not whole", blank: 0 });
  assert.equal(judgePage(200, `${rated}${rated}`, 2), { error: "not whole", blank: 0 });
  assert.is(judgePage(500, "sorry", 2).error, "status 500");
});

test("a page result of the shopper is parsed, and any other line is rejected", () => {
  const page = { market: 1, blank: 0, tookMs: 3.5, error: "status 500" };
  assert.equal(parsePageResult(JSON.stringify(page)), page);
  assert.is(parsePageResult('{"market":1,"blank":0,"tookMs":3}')?.error, undefined);
  for (const line of ["", "null", "{}", "node: warning", '{"market":"1"}'])
    assert.is(parsePageResult(line), undefined, line);
});

test.run();
