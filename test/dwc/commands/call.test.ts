// takes: 20 s
// shares: dwc with instances
// `dwc call` with instances that run, with one that hangs, and without any.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectBus, startInstance } from "../../../src/service/index.ts";
import { Running } from "../live/running.ts";

const test = suite("dwc call");
let system: Running;

test.before(async () => {
  system = await Running.start();
  await system.world.startRatings(1);
});
test.after(() => system.close());

test("the answer is on stdout; who gave it, and where the time went, is said beside it", async () => {
  const { code, stdout, stderr, ifUnwritten } = await system.type(["call", "ratings", "get", "camera"]);
  // The request has reached the service: that is no look.
  assert.is(ifUnwritten?.("EPIPE")?.exitCode, 1);
  assert.equal({ code, stdout }, { code: 0, stdout: '{"thingID":"camera","rating":4.5}\n' });
  assert.match(
    stderr,
    /^answered by ratings\/1, ratings\.get\.1-\S+\nconnect .*, resolve .*, send to answer .* \(of it the instance .*\)\n$/,
  );
});

test("as JSON it has the answer, who was asked, and the times in ms", async () => {
  const { stdout, stderr } = await system.type(["call", "ratings", "get", '{"thingID":"football"}', "--json"]);
  const read = JSON.parse(stdout);
  assert.is(stderr, "");
  assert.equal(read.answer, { thingID: "football", rating: 2.2 });
  assert.equal([read.schema_version, read.answered_by.instance, read.asked.length], [1, 1, 1]);
  for (const name of ["connect", "resolve", "call", "processing"]) assert.type(read.times_ms[name], "number", name);
});

test("a refusal is the service's answer: printed as it is, with exit code 1", async () => {
  const { code, stdout, stderr } = await system.type(["call", "ratings", "get", "piano"]);
  assert.equal({ code, stdout }, { code: 1, stdout: "" });
  assert.match(stderr, /^dwc: ratings\/1 refused it: 404 unknown thing: piano\nconnect /);
});

test("who does not answer in time is named", async () => {
  const bus = await connectBus(system.server.url);
  const handle = (): Promise<never> => new Promise(() => undefined);
  const hung = await startInstance({ service: "slow", instance: 7, bus, handle });
  const { code, stderr } = await system.type(["call", "slow", "get", "{}", "--timeout", "300ms"]);
  if (hung.kind === "started") await hung.instance.goodbye();
  await bus.close();
  assert.is(code, 1);
  assert.match(
    stderr,
    /^dwc: request timed out: slow\/7, slow\.get\.\S+, has not answered within \d+ ms\n.*bin\/dwc explain slow\/7\n$/,
  );
});

test("without responders it says so, and at once", async () => {
  const { code, stderr } = await system.type(["call", "greetings", "get"]);
  assert.equal(
    { code, stderr },
    {
      code: 1,
      stderr:
        "dwc: all services are down: no instance answered the roll call of greetings\nwhich instances run:  bin/dwc ps\n",
    },
  );
});

test("without a bus it says what to start", async () => {
  const { code, stderr } = await system.desk.type(["call", "ratings", "get", "camera"]);
  assert.is(code, 1);
  assert.match(stderr, /^dwc: nothing answers at nats:.*\n.*make market\n$/);
});

test.run();
