// The handler of an instance, and the lines of its requests.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ServiceError } from "../../src/connect/index.ts";
import { handlers, requestLog } from "../../src/ratings/handlers.ts";

const test = suite("requests of an instance");

type Call = Parameters<ReturnType<typeof requestLog>>[0];

const TRACE = { header: "a trace" };
const THING = { thingID: "camera" };

/** What is logged of a request whose handler does that, and how the middleware ends. */
async function logged(next: () => Promise<unknown>, call: object = { input: THING, context: { trace: TRACE } }) {
  const lines: unknown[][] = [];
  const ended = await requestLog({ request: (...line) => void lines.push(line) })(call as Call, next).catch(
    (error: unknown) => ({ threw: error }),
  );
  return { lines, ended };
}

test("an answer is logged with its request and its trace, and returned", async () => {
  const body = { thingID: "camera", rating: 4.5 };
  const { lines, ended } = await logged(async () => body);
  assert.equal(lines, [[THING, { kind: "answer", body }, TRACE]]);
  assert.is(ended, body);
});

test("a refusal is logged with its code and its message, and thrown", async () => {
  const error = new ServiceError(404, "no such thing");
  const { lines, ended } = await logged(() => Promise.reject(error));
  assert.equal(lines, [[THING, { kind: "refusal", code: 404, message: "no such thing" }, TRACE]]);
  assert.equal(ended, { threw: error });
});

test("a bug of the handler is thrown, and logged elsewhere", async () => {
  const error = new Error("a bug");
  const { lines, ended } = await logged(() => Promise.reject(error));
  assert.equal(lines, []);
  assert.equal(ended, { threw: error });
});

test("a request without a context has no trace", async () => {
  for (const end of [async () => 1, () => Promise.reject(new ServiceError(404, ""))]) {
    const { lines } = await logged(end, { input: THING, context: undefined });
    assert.equal([lines.length, lines[0]?.[2]], [1, undefined]);
  }
});

test("a thing with a rating is answered, and one without is refused as unknown", () => {
  const get = (thingID: string): unknown => handlers.get({ thingID }, undefined as never);
  assert.equal(get("camera"), { thingID: "camera", rating: 4.5 });
  assert.throws(
    () => get("elephant"),
    (error: unknown) => error instanceof ServiceError && error.code === 404 && /elephant/.test(error.message),
  );
});

test.run();
