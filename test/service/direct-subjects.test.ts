// The subject of a call is written once for each instance and operation.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DirectSubjects } from "../../src/service/core/direct-subjects.ts";

const test = suite("direct subjects");

const instance = (service: string, incarnation: string) => ({
  ...{ service, incarnation, instance: 1 },
  address: `${service}.get.${incarnation}`,
});

test("each incarnation and each operation has its own, the first time and later", () => {
  const subjects = new DirectSubjects();
  const [tea, other] = [instance("tea", "a1"), instance("tea", "b2")];
  for (const _time of ["first", "later"]) {
    assert.is(subjects.of(tea, "get"), "tea.get.a1");
    assert.is(subjects.of(tea, "put"), "tea.put.a1");
    assert.is(subjects.of(other, "get"), "tea.get.b2");
  }
});

test.run();
