import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readFleetArguments } from "../../src/ratings/core/arguments.ts";
import { instanceLine, suppressedLine } from "../../src/ratings/core/lines.ts";
import { requestLine } from "../../src/ratings/core/ratings.ts";
import type { HandlerResult } from "../../src/service/core/handler.ts";
import { goldenOf } from "../support/golden.ts";
import { rate } from "../support/rate.ts";

const test = suite("ratings");
const golden = goldenOf(test, "ratings");

const line = (request: unknown): string => requestLine(request, rate(request));
const code = (handled: HandlerResult): number | string => (handled.kind === "refusal" ? handled.code : "answered");

test("the four things have the ratings of the catalogue", () => {
  const ratings = { basketball: 2.1, briefcase: 3.5, camera: 4.5, football: 2.2 };
  for (const [thingID, rating] of Object.entries(ratings)) {
    assert.equal(rate({ thingID }), { kind: "answer", body: { thingID, rating } });
  }
});

test("what else a request carries does not matter", () => {
  assert.is(code(rate({ thingID: "camera", deadline: 1, more: [] })), "answered");
});

test("a thing without ratings is unknown, also the name of a property that every object has", () => {
  for (const thingID of ["", "Camera", "camera ", "__proto__", "constructor"]) {
    golden(rate({ thingID }));
  }
});

test("a request without a thing in it is a bad one, whatever it is", () => {
  for (const request of [
    undefined,
    null,
    7,
    "camera",
    [],
    {},
    { thingID: 7 },
    { thingID: null },
    { thingID: ["camera"] },
  ]) {
    golden(rate(request));
  }
});

test("a hostile thing is cut short and its control characters never leave", () => {
  const escapeCharacter = String.fromCharCode(27);
  golden(rate({ thingID: `${escapeCharacter}[2J\r\nX: y\u{1f4a9}é` }));
  golden(line({ thingID: "x".repeat(41) }));
  golden(line({ thingID: "x".repeat(40) }));
});

test("the window shows each request with its rating or its error", () => {
  golden(line({ thingID: "camera" }));
  golden(line({ thingID: "bicycle" }));
  golden(line(null));
});

test("COUNT comes before INSTANCE, and a number is a plain one within its bounds", () => {
  const read = (count?: unknown, instance?: unknown): unknown => {
    const { kind, ...rest } = readFleetArguments({ count, instance });
    return kind === "refused" ? kind : rest;
  };
  for (const given of [[], ["", ""], [undefined, ""]]) assert.equal(read(...given), { instance: 1 });
  for (const [count, instance] of [
    ["3", "2"],
    ["3", "x"],
  ])
    assert.equal(read(count, instance), { count: 3 });
  assert.equal([read("1"), read("100")], [{ count: 1 }, { count: 100 }]);
  assert.equal([read("", "1"), read("", "999999")], [{ instance: 1 }, { instance: 999_999 }]);
  for (const odd of ["0", "101", "1000", "x", "1x", "x1", "-1", " 1", "1.5", 3, true])
    assert.is(read(odd), "refused", String(odd));
  for (const odd of ["0", "1000000", "x", "1x", "x1", 2]) assert.is(read("", odd), "refused", String(odd));
  const why = (values: object): string => {
    const found = readFleetArguments(values);
    return found.kind === "refused" ? found.why : "";
  };
  assert.match(why({ count: "x" }), /^COUNT=x .* COUNT=3$/);
  assert.match(why({ instance: "x" }), /^INSTANCE=x .* INSTANCE=2$/);
});

test("each event of an instance has its name, its level and its figures", () => {
  const speaker = { instance: 2, pid: 7, natsUrls: ["nats://u:secret@one:1", "nats://two:2"] };
  const line = (event: object) => instanceLine(speaker, event as Parameters<typeof instanceLine>[1]);
  const fault = { kind: "slow", byMs: 300 };
  const error = new Error("broken");
  for (const [event, level, name, text] of [
    [{ kind: "waiting" }, "WARNING", "waiting", /@one:1, nats:\/\/two:2$/],
    [{ kind: "waiting", trouble: { kind: "absent" } }, "WARNING", "waiting", /two:2$/],
    [{ kind: "waiting", trouble: { kind: "refused", message: "no" } }, "WARNING", "waiting", / no$/],
    [{ kind: "up", address: "ratings.get.2-a" }, "INFO", "up", /pid 7, nats:ratings.get.2-a$/],
    [{ kind: "resumed", pausedMs: 1_240 }, "INFO", "resumed", / 1\.2 s$/],
    [{ kind: "dropped", count: 1 }, "INFO", "dropped", / 1 expired request$/],
    [{ kind: "dropped", count: 2 }, "INFO", "dropped", / 2 expired requests$/],
    [{ kind: "failed", error }, "ERROR", "failed", /Error: broken\n +at /],
    [{ kind: "failed", error: Object.assign(new Error("bare"), { stack: undefined }) }, "ERROR", "failed", /bare$/],
    [{ kind: "failed", error: "x".repeat(5_000) }, "ERROR", "failed", /: x{4000}$/],
    [{ kind: "disconnected" }, "WARNING", "bus_disconnected", /one:1, nats:\/\/two:2/],
    [{ kind: "reconnected" }, "INFO", "bus_reconnected", /./],
    [{ kind: "leaving" }, "INFO", "leaving", /./],
    [{ kind: "left" }, "INFO", "left", /left$/],
    [{ kind: "takes faults" }, "WARNING", "takes_faults", /CHAOS=1/],
    [{ kind: "fault begins", fault, forMs: 2_000 }, "WARNING", "fault_begins", /300 ms, for 2\.0 s$/],
    [{ kind: "fault ended", fault, why: "its time" }, "WARNING", "fault_ended", /300 ms \(its time\)$/],
    [{ kind: "killed" }, "WARNING", "killed", /INSTANCE=2$/],
  ] as const) {
    const said = line(event);
    assert.equal([said.level, said.logger, said.event], [level, "ratings", `ratings.${name}`]);
    assert.ok(
      said.text.startsWith("- instance 2 ") && text.test(said.text) && !said.text.includes("secret"),
      said.text,
    );
  }
  const alone = instanceLine({ ...speaker, natsUrls: ["nats://127.0.0.1:1"] }, { kind: "waiting" });
  assert.match(alone.text, /127\.0\.0\.1:1: .*make market$/);
  assert.is(suppressedLine(speaker, "x", 3).event, "ratings.lines_left_out");
});

test.run();
