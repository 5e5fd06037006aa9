import { suite } from "uvu";
import * as assert from "uvu/assert";
import { goldenOf } from "../support/golden.ts";
import { asJson, broken, type Outcome, table } from "./report.ts";

const test = suite("the report of chaos");
const golden = goldenOf(test, "chaos");

const TIMEOUT_MS = 15_000;
const tally = {
  pages: 400,
  pageErrors: 0,
  blankRatings: 0,
  slowestPageMs: 1_040,
  ratingsGot: 1_590,
  ratingsFailed: 10,
  breakersOpened: 2,
  busesLost: 3,
};
const well: Outcome = {
  name: "kill",
  title: "a node is killed",
  tally,
  faultMs: 5_000,
  noticedMs: 120,
  recoveredMs: 800,
  missing: [],
  errors: [],
};

test("failed ratings and opened breakers break no promise", () => assert.equal(broken(well, TIMEOUT_MS), []));

test("each promise that broke is named, with its numbers", () => {
  const said = (over: Partial<Outcome>): string => broken({ ...well, ...over }, TIMEOUT_MS).join("; ");
  golden(said({ tally: { ...tally, pageErrors: 3 }, errors: ["status 500 (3 times)"] }));
  golden(said({ tally: { ...tally, blankRatings: 2 } }));
  golden(said({ tally: { ...tally, pages: 0 } }));
  golden(said({ recoveredMs: undefined, missing: ["instance 2 is open at market 1"] }));
  golden(said({ recoveredMs: 15_001 }));
  assert.is(said({ recoveredMs: TIMEOUT_MS }), "");
});

test("the table has a row for each fault, in columns, and says which broke", () => {
  const silent = { ...well, title: "nothing", noticedMs: undefined, recoveredMs: undefined };
  const rows = table([well, silent], TIMEOUT_MS).split("\n");
  assert.is(rows.length, 3);
  golden(rows[1] ?? "");
  assert.match(rows[2] ?? "", /^nothing .* - +never +BROKEN$/);
  assert.is(rows[0]?.indexOf("verdict"), rows[2]?.indexOf("BROKEN"));
});

test("the JSON holds the same, and null for what never came", () => {
  const { recoverWithinMs, faults } = JSON.parse(asJson([well, { ...well, recoveredMs: undefined }], TIMEOUT_MS));
  assert.is(recoverWithinMs, TIMEOUT_MS);
  assert.equal(faults[0].tally, tally);
  assert.equal(faults[0].broken, []);
  assert.is(faults[1].recoveredMs, null);
  assert.is(faults[1].broken.length, 1);
});

test.run();
