import { suite } from "uvu";
import * as assert from "uvu/assert";
import { allViewsSubject, marketOf, viewSubject } from "../../src/contracts/core/subjects.ts";

const test = suite("subjects of the shop");

test("the subjects of beliefs are those of the protocol, version 1", () => {
  assert.is(viewSubject("ratings", "m1"), "belief.ratings.m1");
  assert.is(allViewsSubject("ratings"), "belief.ratings.*");
});

test("a belief's subject names its Market", () => {
  assert.is(marketOf("ratings", viewSubject("ratings", "m1")), "m1");
  for (const subject of ["belief.ratings", "belief.ratings.", "belief.prices.m1", "health.ratings.m1"])
    assert.is(marketOf("ratings", subject), undefined, subject);
});

test.run();
