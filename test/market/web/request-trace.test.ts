// The id of a request: in the answer's head, on the page, and in the problems that the shop receives.

import type { Tracer } from "@opentelemetry/api";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Thing } from "../../../src/market/shop/core/catalogue.ts";
import type { Trace } from "../../../src/trace/core/trace.ts";
import { tracingOf } from "../../../src/trace/spans.ts";
import { KeepingTracer } from "../../support/spans.ts";
import { CATALOGUE, ratings, Visitor, withMarket } from "../serve.ts";

const test = suite("a request's id");

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const visitor = new Visitor();
const idOf = async (url: string, headers: Record<string, string> = {}): Promise<string> =>
  (await visitor.get(url, headers)).headers.get("x-request-id") ?? "";

test("every answer has one of its own, and pages show it", () =>
  withMarket({ rate: async () => ratings() }, async ({ url }) => {
    const seen = new Set<string>();
    for (const path of [
      "/",
      "/ratings",
      "/?json=true",
      "/thing/camera",
      "/livez",
      "/readyz",
      "/nowhere",
      "/%zz",
      "//",
    ]) {
      const id = await idOf(url + path);
      assert.match(id, /^[0-9a-f]{32}$/, path);
      seen.add(id);
    }
    assert.is(seen.size, 9);
    for (const path of ["/", "/nowhere"]) {
      const { headers, body } = await visitor.get(url + path, { accept: "text/html" });
      assert.match(body, `Request id: <code>${headers.get("x-request-id")}</code>`, path);
    }
    assert.match(
      (await visitor.post(url, "addCart=x&camera=camera")).headers.get("x-request-id") ?? "",
      /^[0-9a-f]{32}$/,
    );
  }));

test("the visitor's own is taken over if it is one", () =>
  withMarket({}, async ({ url }) => {
    for (const good of ["r-1", "x".repeat(128), "7f9c2ba4-e88f-4f2e-9b4f-1b2f3c4d5e6f", "a:b/c+d=@_."]) {
      const { headers, body } = await visitor.get(url, { "x-request-id": good });
      assert.is(headers.get("x-request-id"), good);
      assert.ok(body.includes(`<code>${good}</code>`));
    }
    for (const bad of ["x".repeat(129), "<b>", "a b", "ü", "a,b", '"']) {
      const sent = Buffer.from(bad).toString("latin1");
      assert.match(await idOf(url, { "x-request-id": sent }), /^[0-9a-f]{32}$/, bad);
    }
  }));

test("a valid trace of a request is continued, an invalid one is ignored", async () => {
  const rated: (Trace | undefined)[] = [];
  const rate = async (trace?: Trace): Promise<ReturnType<typeof ratings>> => {
    rated.push(trace);
    return ratings();
  };
  await withMarket({ rate }, async ({ url }) => {
    assert.is(await idOf(url, { traceparent: PARENT, tracestate: "a=1" }), TRACE);
    assert.is(await idOf(url, { traceparent: PARENT, "x-request-id": "r-1" }), "r-1");
    assert.not.equal(await idOf(url, { traceparent: `${PARENT}-more` }), TRACE);
    assert.not.equal(await idOf(url), TRACE);
  });
  const [whole, named, odd, none] = rated;
  assert.equal(whole?.carried, { traceparent: PARENT, tracestate: "a=1" }, "as it came, where no spans are sent");
  assert.equal([named?.traceId, named?.requestId], [TRACE, "r-1"]);
  assert.equal([odd?.carried, none?.carried], [undefined, undefined], "invalid or absent headers are not carried");
});

test("where spans are sent, what a shopper sees has one, with its route and its end", async () => {
  const tracer = new KeepingTracer();
  const rate = (): Promise<never> => Promise.reject(new Error("a bug"));
  const broken = Object.defineProperty({}, "json", { get: () => JSON.parse("{") }) as Thing;
  const catalogue = { ...CATALOGUE, byId: new Map([...CATALOGUE.byId, ["broken", broken]]) };
  await withMarket({ catalogue, rate, tracing: tracingOf(tracer as unknown as Tracer) }, async ({ url, problems }) => {
    const id = await idOf(url, { traceparent: PARENT });
    assert.is(id, TRACE);
    for (const path of [
      "/thing/camera?a=b",
      "/thing/piano",
      "/thing/broken",
      "/ratings",
      "/livez",
      "/nowhere",
      "/board",
    ])
      await idOf(url + path);
    await visitor.post(url, "checkout=x");
    assert.is(problems.length, 3);
  });
  assert.equal(
    tracer.spans.map(({ name, attributes: all, isEnded }) => [
      ...[name, all["http.response.status_code"], all["error.type"], isEnded],
    ]),
    [
      ["GET /", 200, undefined, true],
      ["GET /thing/:id", 200, undefined, true],
      ["GET /thing/:id", 404, undefined, true],
      ["GET /thing/:id", 500, "500", true],
      ["GET /ratings", 200, undefined, true],
      ["POST /", 303, undefined, true],
    ],
  );
  assert.is(tracer.spans[0]?.parentId, "b7ad6b7169203331");
});

test.run();
