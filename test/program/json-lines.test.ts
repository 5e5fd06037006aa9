// One object a line, as log collectors read it.

import { execFileSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { jsonFormatter, type LogEntry, type LogSource } from "../../src/program/log.ts";
import { blocksOf, readPage } from "../support/readme.ts";

const test = suite("the log for machines");

const NOON = Date.UTC(2024, 0, 1, 12);
const written = async (line: LogEntry, speaker: LogSource = { service: "market" }): Promise<string> =>
  (await jsonFormatter(speaker, () => NOON))(line);

test("each line is one object, with its level, its time and who speaks", async () => {
  assert.is(
    await written({ level: "INFO", text: "GOT camera: 4.5" }),
    '{"level":"info","time":"2024-01-01T12:00:00.000Z","service":"market","logger":"market","message":"GOT camera: 4.5"}\n',
  );
  assert.is(
    await written({ level: "WARNING", logger: "resolver", text: "- a\nb" }, { service: "ratings", instance: 2 }),
    '{"level":"warning","time":"2024-01-01T12:00:00.000Z","service":"ratings","instance":2,"logger":"resolver","message":"a\\nb"}\n',
  );
});

test("levels are those of the other format", async () => {
  for (const level of ["DEBUG", "INFO", "WARNING", "ERROR"] as const)
    assert.is(JSON.parse(await written({ level, text: "x" })).level, level.toLowerCase());
});

test("a change of state has the name of its event", async () => {
  const line = { level: "INFO", logger: "bus", text: "- connected", event: "bus.connected" } as const;
  assert.is(JSON.parse(await written(line)).event, "bus.connected");
});

test("an event about a process says which, in three fields and no more", async () => {
  const who = { service: "ratings", instance: 2, incarnation: "2-a", address: "ratings.get.2-a" };
  const line = { level: "INFO", logger: "resolver", text: "- CLOSE", event: "breaker.closed" } as const;
  assert.equal(JSON.parse(await written({ ...line, about: who })).about, {
    ...{ service: "ratings", instance: 2, incarnation: "2-a" },
  });
  assert.not.ok("about" in JSON.parse(await written(line)));
});

test("the line that docs/observing.md shows is the one that is written", async () => {
  const [shown] = blocksOf(readPage("docs/observing.md")).filter(({ language }) => language === "json");
  const { time, event, about, message, trace_id: traceId } = JSON.parse(shown?.text ?? "{}");
  const trace = { traceId, requestId: traceId };
  const line = { level: "WARNING", logger: "resolver", text: `- ${message}`, event, about, trace } as const;
  assert.is((await jsonFormatter({ service: "market" }, () => Date.parse(time)))(line), shown?.text);
});

test("what belongs to a page has its trace, and the visitor's own id where there is one", async () => {
  const line = { level: "INFO", text: "ASK for camera" } as const;
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const own = JSON.parse(await written({ ...line, trace: { traceId, requestId: traceId } }));
  assert.equal([own.trace_id, "request_id" in own], [traceId, false]);
  const given = JSON.parse(await written({ ...line, trace: { traceId, requestId: "r-1" } }));
  assert.equal([given.trace_id, given.request_id], [traceId, "r-1"]);
  assert.not.ok("trace_id" in JSON.parse(await written(line)));
});

test("what stands in a line does not end it, nor its object", async () => {
  const hostile = '"}\r\n{"level":"info"\u2028\u0000';
  const line = await written({ level: "INFO", text: hostile });
  assert.is(line.split("\n").length, 2);
  assert.is(JSON.parse(line).message, hostile);
});

test("pino is loaded only by programs that need it", () => {
  const script = new URL("../../src/program/program.js", import.meta.url).href;
  const loaded = (then: string): string =>
    execFileSync(process.execPath, [
      ...["--input-type=module", "--eval"],
      `import { createRequire } from "node:module";
       import { programLog } from "${script}";
       const clock = { wall: Date.now, afterIoPoll: setImmediate, after: setTimeout };
       await programLog({ logLevel: "INFO", logFormat: "${then}" }, clock, { service: "x" });
       const { cache } = createRequire("${script}");
       console.log(Object.keys(cache).filter((path) => path.includes("/pino/")).length > 0);`,
    ]).toString();
  assert.is(loaded("text").trim(), "false");
  assert.is(loaded("json").trim(), "true");
});

test.run();
