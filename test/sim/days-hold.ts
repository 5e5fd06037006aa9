// Whether days hold every property; a day that does not is named by the command that shows it. In this thread: to load and
// warm up the code once more for each of two threads costs as much as forty days.

import * as assert from "uvu/assert";
import { liveSeed } from "./day.ts";
import { PROPERTIES } from "./properties.ts";

export async function assertDaysHold(from: number, to: number): Promise<void> {
  for (let seed = from; seed <= to; seed++) {
    const { failure } = await liveSeed(seed);
    if (failure === undefined) continue;
    const { property, detail } = failure.broken;
    assert.unreachable(`make sim SEED=${seed}: ${PROPERTIES[property]}: ${detail}`);
  }
}
