// docs/protocol.md states names and numbers: the code has the same. What they do, test/system/protocol.test.ts holds.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkServiceName } from "../../src/bus/core/subjects.ts";
import { advanceTo, STALL_MS } from "../../src/clock.ts";
import { STATE_NAMES } from "../../src/monitor/states.ts";
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
  assert.is(reserved.length, 5);
  for (const name of reserved) {
    const checked = checkServiceName(name);
    assert.match(checked.kind === "bad" ? checked.why : "", "is reserved");
  }
});

test("the states of a view are those that a Market accepts", () => {
  const [names = ""] = stated(/in the states of the board: (.*?)\. /);
  assert.equal(
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    [...STATE_NAMES],
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

test.run();
