// takes: 10 s
// `dwc fault`: what may be typed, what is said instead of it, and what comes of it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../../src/dwc/core/commands.ts";
import { candidates } from "../../../src/dwc/live/core/candidates.ts";
import { readWish } from "../../../src/dwc/live/core/fault-wish.ts";
import { goldenOf } from "../../support/golden.ts";
import { Running } from "./running.ts";

const test = suite("dwc fault");
const golden = goldenOf(test, "dwc/fault");

const wish = (line: string) => {
  const [words = "", forText] = line.split(" --for ");
  return readWish(words === "" ? [] : words.split(" "), forText);
};

test("what is typed is read as it is meant", () => {
  const target = { service: "ratings", instance: 2 };
  const begin = (fault: object, forMs = 60_000) => ({
    service: "ratings",
    target,
    order: { kind: "begin", fault, forMs },
  });
  assert.equal(wish("ratings/2 pause --for 20s"), begin({ kind: "pause" }, 20_000));
  assert.equal(wish("ratings/2 slow 300ms --for 1m"), begin({ kind: "slow", byMs: 300 }));
  assert.equal(wish("ratings/2 fail 30%"), begin({ kind: "fail", share: 0.3 }));
  assert.equal(wish("ratings/2 mute --for 10m"), begin({ kind: "mute" }, 600_000));
  assert.equal(wish("ratings/2 kill"), { service: "ratings", target, order: { kind: "kill" } });
  assert.equal(wish("ratings/2-a_B mute"), {
    ...begin({ kind: "mute" }),
    target: { ...target, incarnation: "2-a_B" },
  });
  assert.equal(wish(""), { service: "ratings", target: undefined, order: { kind: "list" } });
  assert.equal(wish("greetings"), { service: "greetings", target: undefined, order: { kind: "list" } });
  assert.equal(wish("reset"), { service: "ratings", target: undefined, order: { kind: "reset" } });
  assert.equal(wish("reset greetings"), { service: "greetings", target: undefined, order: { kind: "reset" } });
  assert.equal(wish("reset ratings/2"), { service: "ratings", target, order: { kind: "reset" } });
});

test("what cannot be right is said, with what to type", () => {
  for (const [line, code, hint] of [
    ["ratings/2 pauze", "unknown-fault", /did you mean {2}bin\/dwc fault ratings\/2 pause \?/],
    ["ratings/2 explode", "unknown-fault", /pause, slow, fail, mute, kill/],
    ["ratings/2", "missing-argument", /bin\/dwc fault ratings\/2 pause --for 20s/],
    ["ratings pause", "bad-name", /ratings\/2 pause/],
    ["Ratings/2 pause", "bad-name", /ratings\/2 pause/],
    ["health", "bad-name", /ratings\/2/],
    ["ratings/2 slow", "wrong-amount", /slow 300ms/],
    ["ratings/2 slow 300", "wrong-amount", /slow 300ms/],
    ["ratings/2 slow 61s", "wrong-amount", /slow 300ms/],
    ["ratings/2 fail 0.3", "wrong-amount", /fail 30%/],
    ["ratings/2 fail 101%", "wrong-amount", /fail 30%/],
    ["ratings/2 fail 0%", "wrong-amount", /fail 30%/],
    ["ratings/2 pause 20s", "extra-argument", /pause --for 20s/],
    ["ratings/2 pause --for 11m", "wrong-option", /--for 20s/],
    ["ratings/2 pause --for 10ms", "wrong-option", /--for 20s/],
    ["ratings/2 pause --for soon", "wrong-option", /--for 20s/],
    ["ratings/2 kill --for 5s", "extra-argument", /ratings\/2 kill/],
    ["ratings/2 reset", "extra-argument", /fault reset ratings\/2/],
    ["reset ratings/2 pause", "extra-argument", /fault reset ratings\/2/],
    ["reset --for 5s", "extra-argument", /fault reset/],
    ["ratings --for 5s", "missing-argument", /pause/],
  ] as const) {
    const read = wish(line);
    assert.ok("kind" in read && read.fault === "usage", line);
    if ("kind" in read) assert.equal([read.code, hint.test(read.hint)], [code, true], `${line}: ${read.hint}`);
  }
});

test("completion knows its words, and the names of instances", () => {
  const words = (...typed: string[]): string =>
    candidates(["fault", ...typed], COMMANDS, [
      {
        service: "ratings",
        instance: 2,
        incarnation: "2-a",
        address: "a",
        state: "up",
        version: "1",
        intervalMs: 1,
        counts: undefined,
      },
    ])
      .map(({ word }) => word)
      .join(" ");
  golden(words(""));
  golden(words("ratings/2", ""));
  assert.is(words("ratings/2", "pause", "--f"), "--for");
});

test("exit codes and answers: 0 done, 1 not here, 2 not like this", async () => {
  const system = await Running.start();
  try {
    const nobody = await system.type(["fault"]);
    assert.equal([nobody.code, nobody.stdout], [0, ""]);
    golden(nobody.stderr);
    const { program } = await system.world.startRatings(2, { CHAOS: "1" });
    const done = await system.type(["fault", "ratings/2", "slow", "20ms", "--for", "30s"]);
    assert.is(done.code, 0, done.stderr);
    golden(done.stdout);
    golden(done.stderr);
    const list = await system.type(["fault", "--json"]);
    const { instances } = JSON.parse(list.stdout);
    assert.equal(Object.keys(instances[0].faults[0]), ["fault", "by_ms", "ends_in_ms"]);
    const other = await system.type(["fault", "ratings/7", "kill"]);
    golden([other.code, other.stderr]);
    const wrong = await system.type(["fault", "ratings/2", "pauze", "--json"]);
    assert.equal([wrong.code, JSON.parse(wrong.stderr).error.code], [2, "unknown-fault"]);
    const reset = await system.type(["fault", "reset", "ratings/2"]);
    assert.is(reset.code, 0);
    await program.waitFor(/ended a fault: slow by 20 ms \(reset\)/);
    const twin = await system.type(["fault", "reset", "ratings/9"]);
    assert.is(twin.code, 1);
  } finally {
    await system.close();
  }
});

test("without a bus it says so, and what starts one", async () => {
  const system = await Running.start();
  await system.server.stop();
  const away = await system.type(["fault", "ratings/2", "kill"]);
  await system.close();
  assert.is(away.code, 1);
  golden(away.stderr);
});

test.run();
