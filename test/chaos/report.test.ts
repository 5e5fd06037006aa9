import { suite } from "uvu";
import * as assert from "uvu/assert";
import { asJson, broken, type Outcome, table } from "./report.ts";

const test = suite("the report of chaos");

const WITHIN_MS = 15_000;
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

test("failed ratings and opened breakers break no promise", () => assert.equal(broken(well, WITHIN_MS), []));

test("each promise that broke is named, with its numbers", () => {
  const said = (over: Partial<Outcome>): string => broken({ ...well, ...over }, WITHIN_MS).join("; ");
  assert.match(
    said({ tally: { ...tally, pageErrors: 3 }, errors: ["status 500 (3 times)"] }),
    "3 pages were errors: status 500",
  );
  assert.match(said({ tally: { ...tally, blankRatings: 2 } }), "2 ratings were blank");
  assert.match(said({ tally: { ...tally, pages: 0 } }), "no page was loaded");
  assert.match(
    said({ recoveredMs: undefined, missing: ["instance 2 is open at market 1"] }),
    "instance 2 is open at market 1",
  );
  assert.match(said({ recoveredMs: 15_001 }), "only after 15.0 s");
  assert.is(said({ recoveredMs: WITHIN_MS }), "");
});

test("the table has a row for each fault, in columns, and says which broke", () => {
  const silent = { ...well, title: "nothing", noticedMs: undefined, recoveredMs: undefined };
  const rows = table([well, silent], WITHIN_MS).split("\n");
  assert.is(rows.length, 3);
  assert.match(rows[1] ?? "", /^a node is killed +5\.0 s +400 +0 +0 +1\.0 s +1600 +10 +2 +3 +0\.1 s +0\.8 s +holds$/);
  assert.match(rows[2] ?? "", /^nothing .* - +never +BROKEN$/);
  assert.is(rows[0]?.indexOf("verdict"), rows[2]?.indexOf("BROKEN"));
});

test("the JSON holds the same, and null for what never came", () => {
  const { recoverWithinMs, faults } = JSON.parse(asJson([well, { ...well, recoveredMs: undefined }], WITHIN_MS));
  assert.is(recoverWithinMs, WITHIN_MS);
  assert.equal(faults[0].tally, tally);
  assert.equal(faults[0].broken, []);
  assert.is(faults[1].recoveredMs, null);
  assert.is(faults[1].broken.length, 1);
});

test.run();
