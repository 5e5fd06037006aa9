// takes: 8 s
// The NATS service protocol (ADR-32) as its tools see it: shapes, counts and times of a running instance.

import * as assert from "uvu/assert";
import { connectBus } from "../../src/service/connect.ts";
import { answer } from "../../src/service/core/handler.ts";
import { startInstance } from "../../src/service/instance.ts";
import type { InstanceEvent } from "../../src/service/instance-options.ts";
import { sharedSystemSuite } from "../support/system.ts";
import { ask, askAll } from "../support/third-party-client.ts";
import { openPlainNats, type Wire } from "../support/wire.ts";
import { pause, type RunningRatings } from "../support/world.ts";

// The tests go on where the one before ended.
const verbs = sharedSystemSuite<{
  wire: Wire;
  /** Instance 5, from the first test on. */
  fifth: RunningRatings;
}>("the service verbs");

const NANOSECONDS_PER_MS = 1_000_000;
const SEMVER = /^\d+\.\d+\.\d+/;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

verbs.before(async (context) => {
  context.wire = await openPlainNats(context.server.url);
  context.ends.push(() => context.wire.close());
});

interface Common {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly version: string;
  readonly metadata: Record<string, unknown>;
}
interface Endpoint {
  readonly name: string;
  readonly subject: string;
  readonly queue_group: string;
  readonly metadata: Record<string, unknown>;
}
interface Stats extends Common {
  readonly started: string;
  readonly endpoints: readonly (Endpoint & {
    readonly num_requests: number;
    readonly num_errors: number;
    readonly last_error: string;
    readonly processing_time: number;
    readonly average_processing_time: number;
    readonly data: { readonly dropped_expired: number };
  })[];
}

async function verb<Answer extends Common>(wire: Wire, subject: string): Promise<Answer> {
  const message = await ask(wire, subject, "");
  return JSON.parse(message?.body ?? "");
}

function checkCommon(answered: Common, type: string, id: string): void {
  assert.is(answered.type, `io.nats.micro.v1.${type}_response`);
  assert.is(answered.name, "ratings");
  assert.is(answered.id, id);
  assert.match(answered.version, SEMVER);
  const texts = Object.values(answered.metadata).every((value) => typeof value === "string");
  assert.ok(texts, "metadata is of texts");
}

verbs("PING, INFO and STATS have every field that the protocol asks for", async (context) => {
  const { world, wire } = context;
  context.fifth = await world.startRatings(5);
  const { address } = context.fifth;
  const id = address.replace("nats:ratings.get.", "");
  const ping = await verb<Common>(wire, "$SRV.PING.ratings");
  checkCommon(ping, "ping", id);
  assert.equal(ping.metadata, { instance: "5", address: `ratings.get.${id}` });

  const info = await verb<Common & { description: string; endpoints: readonly Endpoint[] }>(wire, "$SRV.INFO.ratings");
  checkCommon(info, "info", id);
  assert.type(info.description, "string");
  const endpoint = { name: "get", subject: "ratings.get", queue_group: "ratings" };
  assert.equal(info.endpoints, [{ ...endpoint, metadata: { address: `ratings.get.${id}` } }]);

  const stats = await verb<Stats>(wire, "$SRV.STATS.ratings");
  checkCommon(stats, "stats", id);
  assert.match(stats.started, ISO_TIME);
  const zeros = { num_requests: 0, num_errors: 0, last_error: "", processing_time: 0, average_processing_time: 0 };
  const last_minute = { num_requests: 0, num_errors: 0, caller_errors: 0, last_error: "" };
  assert.equal(stats.endpoints, [{ ...endpoint, ...zeros, data: { dropped_expired: 0, overloaded: 0, last_minute } }]);
});

verbs("counts are of both subjects, errors among them", async ({ wire, fifth: { address } }) => {
  for (const subject of ["ratings.get", address.replace("nats:", "")]) {
    await ask(wire, subject, '{"thingID":"camera"}');
    await ask(wire, subject, '{"thingID":"piano"}');
  }
  const [counted] = (await verb<Stats>(wire, "$SRV.STATS.ratings")).endpoints;
  assert.is(counted?.num_requests, 4);
  assert.is(counted?.num_errors, 2);
  assert.is(counted?.last_error, "404:unknown thing: piano");
  const { processing_time: whole = 0, average_processing_time: average = 0 } = counted ?? {};
  assert.ok(Number.isInteger(whole) && Number.isInteger(average) && average <= whole);
});

verbs(
  "each is answered for all, for the service and for the instance, by those it means",
  async ({ world, wire, fifth }) => {
    const running = [fifth, await world.startRatings(2)];
    const ids = running.map(({ address }) => address.replace("nats:ratings.get.", ""));
    for (const name of ["PING", "INFO", "STATS"]) {
      for (const subject of [`$SRV.${name}`, `$SRV.${name}.ratings`]) {
        const answers = await askAll(wire, subject, ids.length);
        const answered = answers.map(({ body }) => (JSON.parse(body) as Common).id);
        assert.equal(answered.sort(), [...ids].sort(), subject);
      }
      const [one, ...others] = await askAll(wire, `$SRV.${name}.ratings.${ids[1]}`, 1);
      assert.is((JSON.parse(one?.body ?? "") as Common).id, ids[1]);
      assert.is(others.length, 0);
      assert.is(
        (await ask(wire, `$SRV.${name}.other`, ""))?.status,
        "503",
        "another service is not ours to answer for",
      );
    }
  },
);

const SLOW_MS = 100;
/** A timer may fire a little before its time. */
const MIN_MS = 90;

verbs(
  "times are whole for a slow handler; one that fails is a 500 and a counted error",
  async ({ server, world, wire }) => {
    await world.close();
    const bus = await connectBus(server.url);
    const reported: InstanceEvent[] = [];
    const started = await startInstance({
      ...{ service: "ratings", instance: 1, bus, onEvent: (event: InstanceEvent) => reported.push(event) },
      handle: (request) => {
        const { how } = Object(request);
        if (how === "at once") throw new Error("secret of the house");
        return pause(SLOW_MS).then(() => {
          if (how === "later") throw new Error("secret of the house");
          return answer({ fine: true });
        });
      },
    });
    try {
      await Promise.all([1, 2, 3].map(() => ask(wire, "ratings.get", "{}")));
      const [slow] = (await verb<Stats>(wire, "$SRV.STATS.ratings")).endpoints;
      assert.is(slow?.num_requests, 3);
      assert.ok((slow?.average_processing_time ?? 0) >= MIN_MS * NANOSECONDS_PER_MS, JSON.stringify(slow));

      for (const how of ["at once", "later"]) {
        const failed = await ask(wire, "ratings.get", JSON.stringify({ how }));
        assert.is(failed?.headers["nats-service-error-code"], "500");
        assert.is(failed?.headers["nats-service-error"], "internal error", "what went wrong stays in the house");
      }
      assert.is(reported.filter(({ kind }) => kind === "failed").length, 2);
      const [after] = (await verb<Stats>(wire, "$SRV.STATS.ratings")).endpoints;
      assert.is(after?.num_errors, 2);
      assert.is(after?.last_error, "500:internal error");
      assert.is((await ask(wire, "ratings.get", "{}"))?.body, '{"fine":true}', "it lives on");
    } finally {
      if (started.kind === "started") await started.instance.goodbye(0);
      await bus.close();
    }
  },
);

verbs.run();
