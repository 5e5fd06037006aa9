// An instance whose answers take too long, for as long as they do: its share of the calls.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Ticket } from "../../src/health/ticket.ts";
import { harnessWith } from "../support/health-harness.ts";

const test = suite("slow instance");

const GET = { operation: "get" } as const;
/** As often as a client looks (service/late-watch.ts). */
const CHECK_MS = 10;

/** The share of the calls of a minute that go to instance 2, which takes that long. Instance 1 takes 2 ms. */
function shareOfSlow(slowMs: number, callEveryMs: number): number {
  const table = harnessWith(1, 2);
  for (let call = 0; call < 80; call++) table.settle(table.ask(0, GET), "answered", 2);
  const out: { readonly ticket: Ticket; readonly endsAt: number }[] = [];
  const counts = [0, 0];
  for (let now = 1_000; now < 61_000; now += 1) {
    if (now % 10_000 === 0) for (const instance of [1, 2]) table.beats(instance, now);
    for (const { ticket } of out.filter(({ endsAt }) => endsAt === now)) table.settle(ticket, "answered", now);
    if (now % CHECK_MS === 0) table.tracker.lateness.check(table.tracker.rotation.all(), now);
    if (now % callEveryMs !== 0) continue;
    const ticket = table.ask(now, GET);
    const isSlow = ticket.who.instance === 2;
    counts[isSlow ? 1 : 0] = (counts[isSlow ? 1 : 0] ?? 0) + 1;
    out.push({ ticket, endsAt: now + (isSlow ? slowMs : 2) });
    while (out[0] !== undefined && out[0].endsAt < now) out.shift();
  }
  return (counts[1] ?? 0) / ((counts[0] ?? 0) + (counts[1] ?? 0));
}

test("an instance that takes 600 ms gets one call in twenty at most, for as long as it does", () => {
  for (const callEveryMs of [20, 5, 1]) {
    const share = shareOfSlow(600, callEveryMs);
    assert.ok(share > 0.005 && share <= 0.05, `${share} with a call every ${callEveryMs} ms`);
  }
});

test.run();
