// `dwc fault` typed on a bus in memory: two instances that take faults, and one that does not.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FaultReport } from "../../../src/dwc/live/core/live-types.ts";
import type { ProcessControl } from "../../../src/faults/process-control.ts";
import { answer } from "../../../src/service/core/handler.ts";
import { OnBus } from "../on-bus.ts";

const test = suite("dwc fault on a bus");
const handle = () => answer(1);

async function takers(): Promise<OnBus> {
  const on = new OnBus();
  const chaos: ProcessControl = {
    kill: () => undefined,
    preparePause: () => Promise.reject(new Error("this process does not pause")),
  };
  await on.start("ratings", 1, { handle, chaos });
  await on.start("ratings", 2, { handle, chaos });
  await on.start("ratings", 3, { handle });
  return on;
}

interface Taken {
  readonly instance: number;
  readonly incarnation: string;
  readonly faults: readonly Record<string, unknown>[];
}
const takenOf = (json: Record<string, unknown>): readonly Taken[] => json["instances"] as readonly Taken[];

test("a fault is put on for its time, is listed with its end, and is taken off by a reset", async () => {
  const on = await takers();
  const slow = await on.json("fault ratings/2 slow 300ms --for 20s");
  assert.equal([slow["exitCode"], slow["asked"], slow["warnings"]], [0, "slow", []]);
  assert.equal(takenOf(slow), [
    {
      ...{ service: "ratings", instance: 2, incarnation: "2-a" },
      faults: [{ fault: "slow", by_ms: 300, ends_in_ms: 20_000 }],
    },
  ]);
  await on.clock.advance(5_000);
  const listed = await on.json("fault");
  assert.is(listed["asked"], "list");
  assert.equal(
    takenOf(listed).map(({ incarnation, faults }) => [incarnation, faults.map(({ fault }) => fault)]),
    [
      ["1-a", []],
      ["2-a", ["slow"]],
    ],
  );
  const [left] = takenOf(listed)[1]?.faults ?? [];
  const endsInMs = Number(left?.["ends_in_ms"]);
  assert.ok(endsInMs > 0 && endsInMs <= 15_000, `${endsInMs}`);
  const text = await on.type("fault");
  assert.match(text.stdout, /^INSTANCE .*\nratings\/1 +none +1-a\nratings\/2 +slow by 300 ms, ends in .* +2-a\n$/);
  const reset = await on.json("fault reset ratings/2");
  assert.equal([reset["asked"], takenOf(reset).map(({ faults }) => faults)], ["reset", [[]]]);
  const begun = await on.json("fault ratings/1 fail 30%");
  assert.equal(takenOf(begun)[0]?.faults, [{ fault: "fail", share: 0.3, ends_in_ms: 60_000 }]);
  const mute = await on.json("fault ratings/1 mute");
  assert.equal(takenOf(mute)[0]?.faults.at(-1), { fault: "mute", ends_in_ms: 60_000 });
});

test("a fault that is on has a tone, and none where nothing is on", async () => {
  const on = await takers();
  await on.type("fault ratings/2 slow 300ms");
  const [, one, two] = (await on.type("fault", {}, { colour: true })).stdout.split("\n");
  assert.not.match(one ?? "", "\u001b");
  assert.ok(two?.startsWith("\u001b[33mratings/2"), two);
});

test("an instance that takes no faults is unknown, beside those that do", async () => {
  const on = await takers();
  const unknown = await on.json("fault ratings/3 mute");
  const { code, hint } = unknown["error"] as { code: string; hint: string };
  assert.equal([unknown["exitCode"], code, hint], [1, "unknown-instance", "there are:  ratings/1, ratings/2"]);
  const none = (await on.json("fault orders/1 mute"))["error"] as { code: string };
  assert.is(none.code, "faults-not-enabled");
  assert.match((await on.type("fault orders")).stderr, /^no instance of orders takes faults/);
});

test("two processes of one number: a fault is for one of them, which is named, and a reset for both", async () => {
  const on = await takers();
  const twins = { processes: ["2-a", "2-b"] };
  const meant = twins.processes.map((incarnation) => ({
    ...{ service: "ratings", instance: 2, incarnation, faults: [] },
  }));
  const report = { mayAsk: true, holder: "ann", takers: [], meant, others: [], reply: undefined } as FaultReport;
  const fault = async () => ({
    ...{ kind: "connected" as const, value: report, secured: true, connectMs: 1, notes: ["a note"] },
  });
  const several = await on.json("fault ratings/2 mute", { fault });
  const { code, hint } = several["error"] as { code: string; hint: string };
  assert.equal([several["exitCode"], code], [1, "several-processes"]);
  assert.is(hint, "say which:  ratings/2-a  or  ratings/2-b");
  assert.equal(several["warnings"], ["a note"]);
  assert.is((await on.type("fault reset ratings/2", { fault })).exitCode, 0);
  const one = await on.json("fault ratings/2-a mute");
  assert.equal(
    takenOf(one).map(({ incarnation }) => incarnation),
    ["2-a"],
  );
});

test.run();
