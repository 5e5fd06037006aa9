// Asserts that days hold every property. A failure prints the command that shows the day. Runs in this thread: loading
// and warming up the code in two more threads costs as much as forty days.

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
