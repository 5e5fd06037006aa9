// The requests of an operation in the last minute.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RecentRequests } from "../../src/service/core/recent-requests.ts";

const test = suite("recent requests");

test("requests and errors are of the last minute; 400 to 499 is the fault of the caller", () => {
  const recent = new RecentRequests();
  assert.equal(recent.read(0), { requests: 0, errors: 0, callerErrors: 0, lastError: "" });
  recent.add(undefined, 0);
  for (const code of [400, 499]) recent.add({ code, text: "yours" }, 0);
  assert.equal(recent.read(0), { requests: 3, errors: 2, callerErrors: 2, lastError: "" });
  recent.add({ code: 399, text: "odd" }, 1_000);
  recent.add({ code: 500, text: "500:no luck" }, 1_000);
  recent.add({ code: 404, text: "yours" }, 1_000);
  assert.equal(recent.read(1_000), { requests: 6, errors: 5, callerErrors: 3, lastError: "500:no luck" });
  assert.equal(recent.read(60_000), { requests: 3, errors: 3, callerErrors: 1, lastError: "500:no luck" });
  assert.equal(recent.read(61_000), { requests: 0, errors: 0, callerErrors: 0, lastError: "" });
});

test.run();
