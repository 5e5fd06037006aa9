// docs/protocol.md states names and numbers: the code has the same. What they do, test/system/protocol.test.ts holds.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkServiceName } from "../../src/bus/core/subjects.ts";
import { advanceTo, STALL_MS } from "../../src/clock.ts";
import { HEALTH_STATES } from "../../src/monitor/states.ts";
import { READER_SILENCE_MS } from "../../src/service/core/stream-credit.ts";
import { PROBE_MS, SENDER_SILENCE_MS } from "../../src/service/core/stream-window.ts";
import { MAX_GOING_BYTES, MAX_WINDOW } from "../../src/service/core/stream-wire.ts";
import { OPENING_DELAY_MS } from "../../src/service/stream-sender.ts";
import { repository } from "../support/repository.ts";

const test = suite("the page of the protocol");
const page = readFileSync(join(repository, "docs/protocol.md"), "utf8").replace(/\s+/g, " ");
const stated = (pattern: RegExp): readonly string[] => {
  const found = pattern.exec(page);
  assert.ok(found, String(pattern));
  return found?.slice(1) ?? [];
};

test("the reserved names are those that the code refuses", () => {
  const [names = ""] = stated(/The names (.*?) are reserved\./);
  const reserved = [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
  assert.is(reserved.length, 6);
  for (const name of reserved) {
    const checked = checkServiceName(name);
    assert.match(checked.kind === "bad" ? checked.why : "", "is reserved");
  }
});

test("the states of a view are those that a Market accepts", () => {
  const [names = ""] = stated(/in the states of the board: (.*?)\. /);
  assert.equal(
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    [...HEALTH_STATES],
  );
});

test("a stall begins after the stated gap, and all of it but one reading counts", () => {
  const [every, least, tick] = stated(
    /reads the clock every (\d+) ms, .* more than (\d+) ms between two readings is a stall, and all of the gap but (\d+) ms/,
  ).map(Number);
  assert.is(least, STALL_MS);
  assert.is(every, tick);
  const gapMs = STALL_MS + 1;
  assert.is(advanceTo({ runningMs: 0, seenAtMs: 0 }, STALL_MS), 0);
  assert.is(advanceTo({ runningMs: 0, seenAtMs: 0 }, gapMs), gapMs - (tick ?? 0));
});

test("the numbers of a stream are those of the code", () => {
  const [maxWindow, openingMs] = stated(
    /`Dwc-Credit`, a whole number from 1 to (\d+): .* takes a while. Ours send it after (\d+) ms/,
  ).map(Number);
  assert.equal([maxWindow, openingMs], [MAX_WINDOW, OPENING_DELAY_MS]);
  const [goingMib, grantMib] = stated(/while (\d+) MiB of items .* half of its window, or (\d+) MiB/).map(Number);
  assert.equal([(goingMib ?? 0) * 2 ** 20, (grantMib ?? 0) * 2 ** 20], [MAX_GOING_BYTES, MAX_GOING_BYTES / 2]);
  const [probeMs, silenceMs, readerS] = stated(
    /one such request every (\d+) ms\. .* silence of (\d+) ms ours fail .* from its reader for (\d+) s/,
  ).map(Number);
  assert.equal([probeMs, silenceMs, (readerS ?? 0) * 1_000], [PROBE_MS, SENDER_SILENCE_MS, READER_SILENCE_MS]);
});

test.run();
