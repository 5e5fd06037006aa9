import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Schedule } from "../../src/shoppers/core/schedule.ts";

const test = suite("the schedule of shoppers");

test("the first page is due at once, and the others at an even rate from then on", () => {
  const schedule = new Schedule(2, 1_000);
  assert.is(schedule.take(1_000), 1);
  assert.is(schedule.nextInMs(1_000), 500);
  assert.is(schedule.take(1_499), 0);
  assert.is(schedule.nextInMs(1_499), 1);
  assert.is(schedule.take(1_500), 1);
  assert.is(schedule.nextInMs(1_500), 500);
});

test("a late look takes all that became due, so that the rate holds", () => {
  const schedule = new Schedule(200, 0);
  let pages = 0;
  // Looks 7 ms apart, while a page is due every 5 ms.
  for (let now = 0; now <= 7_000; now += 7) pages += schedule.take(now);
  assert.is(pages, 1 + 7 * 200);
  assert.is(schedule.nextInMs(7_020), 0, "what is overdue is due now");
});

test("each rate from one to a thousand has its number of pages in a minute", () => {
  for (const rate of [1, 2, 3, 7, 20, 200, 333, 1_000]) {
    const schedule = new Schedule(rate, 5);
    let now = 5;
    let pages = 0;
    while (now < 60_005) {
      pages += schedule.take(now);
      now += Math.max(1, Math.ceil(schedule.nextInMs(now)));
    }
    assert.ok(Math.abs(pages - 60 * rate) <= 1, `${pages} pages at ${rate} a second`);
  }
});

test.run();
