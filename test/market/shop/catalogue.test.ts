import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseCatalogue, totalCents } from "../../../src/market/shop/core/catalogue.ts";
import { readCatalogue } from "../../../src/market/web/files.ts";
import { goldenOf } from "../../support/golden.ts";

const test = suite("catalogue");
const golden = goldenOf(test, "market");

const good = { title: "Kite", blurb: "Up.", desc: "Needs wind.", price: 19.99, warnings: ["Flies."] };

function problemsWith(change: Record<string, unknown>, id = "kite"): readonly string[] {
  const result = parseCatalogue({ [id]: { ...good, ...change } });
  return result.kind === "refused" ? result.problems : [];
}

test("a price becomes whole cents, once and exactly", () => {
  const result = parseCatalogue({
    a: { ...good, price: 19.99 },
    b: { ...good, price: 99.99 },
    c: { ...good, price: 0.07 },
  });
  assert.is(result.kind, "read");
  if (result.kind !== "read") return;
  assert.equal(
    result.catalogue.things.map((thing) => thing.priceCents),
    [1999, 9999, 7],
  );
  assert.is(totalCents(result.catalogue, ["a", "b"]), 11_998);
  assert.is(totalCents(result.catalogue, ["a", "nonesuch"]), 1999);
});

test("a thing is kept exactly as the file has it", () => {
  const result = parseCatalogue({ kite: good });
  assert.is(result.kind === "read" && result.catalogue.byId.get("kite")?.json, JSON.stringify(good));
});

test("things keep the order of the file", () => {
  const result = parseCatalogue({ zebra: good, ant: good });
  assert.equal(result.kind === "read" && result.catalogue.things.map((thing) => thing.id), ["zebra", "ant"]);
});

test("each broken rule is named with the thing and the key", () => {
  assert.equal(problemsWith({}), []);
  golden(problemsWith({ title: "" })[0] ?? "");
  assert.match(problemsWith({ blurb: 5 })[0] ?? "", /blurb/);
  assert.match(problemsWith({ desc: undefined })[0] ?? "", /desc/);
  golden(problemsWith({ price: "19.99" })[0] ?? "");
  golden(problemsWith({ price: Number.NaN })[0] ?? "");
  golden(problemsWith({ price: 19.999 })[0] ?? "");
  assert.match(problemsWith({ price: 0 })[0] ?? "", /from 0\.01/);
  assert.match(problemsWith({ price: -1 })[0] ?? "", /from 0\.01/);
  assert.match(problemsWith({ price: 1e12 })[0] ?? "", /from 0\.01/);
  assert.equal(
    [0.01, 10_000_000].flatMap((price) => problemsWith({ price })),
    [],
  );
  assert.match(problemsWith({ price: 10_000_000.01 })[0] ?? "", / to 10000000$/);
  assert.is(problemsWith({ title: " \t" }).length, 1);
  golden(problemsWith({ warnings: "none" })[0] ?? "");
  assert.match(problemsWith({ warnings: ["ok", ""] })[0] ?? "", /warnings\[1\]/);
});

test("a rating, or any other unknown key, has no place in a thing", () => {
  golden(problemsWith({ rating: 4.5 })[0] ?? "");
});

test("an id must be plain in a URL, a form, a cookie and a subject", () => {
  for (const id of ["Kite", "a.b", "a b", "", "1st", "__proto__", "x".repeat(41)]) {
    assert.is(parseCatalogue(JSON.parse(`{${JSON.stringify(id)}:${JSON.stringify(good)}}`)).kind, "refused", id);
  }
  golden(problemsWith({}, "checkout")[0] ?? "");
  assert.equal(problemsWith({}, "constructor"), []);
});

test("every problem is reported, not only the first", () => {
  assert.is(problemsWith({ title: "", price: "x", extra: 1 }).length, 3);
});

test("what is not an object of things is refused", () => {
  for (const file of [null, [], "x", 5, {}, { kite: null }, { kite: [] }]) {
    assert.is(parseCatalogue(file).kind, "refused", JSON.stringify(file));
  }
});

test("the catalogue that is shipped has the four things at their prices, in the order in which they are asked", () => {
  const { things } = readCatalogue();
  assert.equal(
    things.map((thing) => [thing.id, thing.priceCents]),
    [
      ["camera", 9999],
      ["basketball", 1999],
      ["briefcase", 4999],
      ["football", 1999],
    ],
  );
  for (const thing of things) assert.ok(thing.warnings.length > 0, thing.id);
});

test.run();
