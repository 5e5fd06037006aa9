// takes: 20 s
//
// A bad morning, with LOG_FORMAT=json: every change of state has the name of an event that README lists, no step of a
// call has one, and what a page brings about carries its trace, here and in the instance's own log.

import * as assert from "uvu/assert";
import type { Program } from "../support/program.ts";
import { readPage, rowsOf } from "../support/readme.ts";
import { systemSuite } from "../support/system.ts";
import { pause, until, type World } from "../support/world.ts";

interface JsonLine {
  readonly level: string;
  readonly time: string;
  readonly service: string;
  readonly instance?: number;
  readonly logger: string;
  readonly message: string;
  readonly event?: string;
  readonly about?: { readonly service: string; readonly instance: number; readonly incarnation: string };
  readonly trace_id?: string;
  readonly request_id?: string;
}

const test = systemSuite("the log for machines", {
  ...{ LOG_FORMAT: "json", REQUEST_TIMEOUT_MS: "1000", RETEST_DELAY_MS: "500", HEARTBEAT_INTERVAL_MS: "1000" },
});

const LIMIT_MS = 15_000;
const STEP = /^(ASK|WAITED|GOT|BAD|GET|DWC resolv|ratings using instance )/;
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const EVENTS = new Set(
  rowsOf(readPage("docs/observing.md")).flatMap(([first]) => /^`([a-z]+\.[a-z_]+)`$/.exec(first ?? "")?.[1] ?? []),
);

const linesOf = ({ lines }: Program): readonly JsonLine[] =>
  lines.filter((line) => line.startsWith("{")).map((line): JsonLine => JSON.parse(line));

async function startMarket(world: World): Promise<{ program: Program; url: string }> {
  const program = world.start({ name: "market", env: { PORT: "0" } });
  const [, url = ""] = await program.waitFor(/open at (http:[^\s"]+)/);
  return { program, url };
}

async function startRatings(world: World, instance: number): Promise<Program> {
  const program = world.start({ name: "ratings", args: ["--instance", String(instance)] });
  await program.waitFor(/"event":"ratings\.up"/);
  return program;
}

const visit = async (url: string, headers: Record<string, string> = {}): Promise<string> => {
  const response = await fetch(url, { headers });
  await response.text();
  return response.headers.get("x-request-id") ?? "";
};

/** Loads pages until the Market has logged the event. */
const pagesUntil = (program: Program, url: string, event: string): Promise<void> =>
  until(
    event,
    async () => {
      await visit(url);
      return linesOf(program).some((line) => line.event === event);
    },
    LIMIT_MS,
  );

/** Every logged event must be in the docs, with the level that they give. */
function checkNames(program: Program): void {
  const wrong = linesOf(program).filter(({ message, event }) =>
    STEP.test(message) ? event !== undefined : event === undefined || !EVENTS.has(event),
  );
  assert.equal(
    wrong.map(({ event, message }) => `${event}: ${message}`),
    [],
  );
}

/** The lines of a page carry its trace, and those of its requests in the one instance. */
async function carriesTraces(program: Program, url: string, instance: Program): Promise<void> {
  const id = await visit(url);
  // Calls of one page are not shared with the next.
  await pause(50);
  await visit(url, { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, "x-request-id": "r-1" });
  // A page has four things, and a line comes after its answer.
  const count = (of: Program, begin: string): number =>
    linesOf(of).filter(({ message }) => message.startsWith(begin)).length;
  await until("both pages are logged", () => count(program, "GOT ") >= 8 && count(instance, "GET ") >= 8, LIMIT_MS);
  const own = linesOf(program).filter((line) => line.trace_id === id);
  const given = linesOf(program).filter((line) => line.trace_id === TRACE);
  for (const lines of [own, given])
    for (const begin of ["ASK for camera", "DWC resolving", "DWC resolved", "ratings using", "WAITED", "GOT camera"])
      assert.ok(
        lines.some(({ message }) => message.startsWith(begin)),
        begin,
      );
  assert.ok(own.every((line) => line.request_id === undefined));
  assert.ok(given.every((line) => line.request_id === "r-1"));
  const served = linesOf(instance).filter(({ message }) => message.startsWith("GET "));
  assert.equal(
    [
      served.filter((line) => line.trace_id === undefined).length,
      served.filter((line) => line.trace_id === TRACE).length,
    ],
    [4, 4],
  );
}

test("every change of state has its name, and the lines of a page its trace", async ({ world, server }) => {
  const { program, url } = await startMarket(world);
  const first = await startRatings(world, 1);
  await program.waitFor(/"event":"instance\.joined"/);
  await carriesTraces(program, url, first);
  const mark = program.mark();
  const second = await startRatings(world, 2);
  await program.waitFor(/"event":"instance\.joined"/, { mark });
  await second.stop();
  await pagesUntil(program, url, "breaker.opened");
  await pagesUntil(program, url, "instance.lost");
  second.signal("SIGCONT");
  await pagesUntil(program, url, "instance.returned");
  await first.end();
  await pagesUntil(program, url, "instance.left");
  await server.kill();
  await pagesUntil(program, url, "bus.disconnected");
  for (const each of [second, program]) assert.is((await each.end()).code, 0);
  for (const each of [program, first, second]) checkNames(each);
  const reported = new Set([program, first, second].flatMap(linesOf).map(({ event }) => event));
  for (const event of [
    "market.open",
    "bus.connected",
    "bus.open",
    "ratings.resumed",
    "ratings.leaving",
    "ratings.left",
  ])
    assert.ok(reported.has(event), event);
  assert.equal([...new Set(linesOf(program).map(({ service }) => service))], ["market"]);
  // Who reads by machine need not take sentences apart to know whose breaker it was.
  for (const { event = "", about, message } of linesOf(program).filter(({ event }) =>
    /^(breaker|instance)\./.test(event ?? ""),
  )) {
    assert.match(message, about?.incarnation ?? "an incarnation", event);
    assert.equal([about?.service, `${about?.instance}`], ["ratings", about?.incarnation.split("-")[0]], event);
  }
  assert.equal([...new Set(linesOf(second).map(({ service, instance }) => `${service} ${instance}`))], ["ratings 2"]);
});

test.run();
