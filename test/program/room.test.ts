// Visitors' connections by the descriptors that there are.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { roomForAdmins, roomForVisitors } from "../../src/program/connections.ts";

const test = suite("room for visitors");

test("a thousand where the kernel grants many, and where it sets no limit", () => {
  assert.is(roomForVisitors({ limit: 1_048_576, inUse: 30 }), 1_000);
  assert.is(roomForVisitors({ limit: Number.POSITIVE_INFINITY, inUse: 30 }), 1_000);
});

test("fewer than descriptors, with a reserve for the bus", () => {
  assert.is(roomForVisitors({ limit: 1_024, inUse: 30 }), 866);
  assert.is(roomForVisitors({ limit: 512, inUse: 30 }), 354);
});

test("of few descriptors visitors get half, and never none", () => {
  assert.is(roomForVisitors({ limit: 128, inUse: 28 }), 50);
  assert.is(roomForVisitors({ limit: 20, inUse: 30 }), 1);
});

test("whatever the limit, visitors leave at least half of what is left", () => {
  for (let limit = 31; limit < 3_000; limit++) {
    const room = roomForVisitors({ limit, inUse: 30 });
    assert.ok(room <= 1_000 && room >= 1 && (room === 1 || limit - 30 - room >= Math.min(128, room)), String(limit));
  }
});

test("the admin listener has room for all viewers, and where descriptors are few it takes none of the visitors'", () => {
  assert.is(roomForAdmins({ limit: 1_048_576, inUse: 30 }), 300);
  assert.is(roomForAdmins({ limit: 1_024, inUse: 30 }), 64);
  assert.is(roomForAdmins({ limit: 20, inUse: 30 }), 8);
  for (const limit of [256, 512, 1_024, 1_200, 2_000]) {
    const descriptors = { limit, inUse: 30 };
    const taken = 30 + roomForVisitors(descriptors) + roomForAdmins(descriptors);
    assert.ok(limit - taken >= 64, `${limit - taken} of ${limit} are left for the bus`);
  }
});

test.run();
