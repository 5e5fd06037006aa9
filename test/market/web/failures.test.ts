// Errors on their way to a response, whatever was thrown: what the visitor receives, and what is reported.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Context } from "koa";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { logKoaErrors } from "../../../src/market/web/error-pages.ts";
import { createSiteApp, loadSite, type Site } from "../../../src/market/web/site.ts";
import { type Answer, textsOf, Visitor } from "../serve.ts";

const test = suite("errors");
const site = loadSite();
const JSON_ONLY = { accept: "application/json" };

interface Report {
  readonly error: unknown;
  readonly where: string;
  readonly requestId: string | undefined;
}

/** The answer of an app whose one route throws `thrown`, and what the app reported. */
async function answerTo(
  thrown: unknown,
  { headers = {}, from = site }: { readonly headers?: Record<string, string>; readonly from?: Site } = {},
): Promise<Answer & { readonly reports: readonly Report[] }> {
  const reports: Report[] = [];
  const deps = {
    keys: ["a-key-for-the-tests-only"],
    readiness: () => ({ ready: true, degraded: false, checks: [] }),
    onError: (error: unknown, where: string, trace?: { readonly requestId: string }) =>
      void reports.push({ error, where, requestId: trace?.requestId }),
  };
  const app = createSiteApp(deps, from, {
    ...{ tracing: undefined, showsReasons: false, way: { href: "/", text: "Back" } },
    addRoutes: (router) =>
      void router.get("/fails", () => {
        throw thrown;
      }),
  });
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return { ...(await new Visitor().get(`http://127.0.0.1:${port}/fails`, headers)), reports };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test("whatever is thrown without a status is a bug: a page without its details, and a report with them", async () => {
  for (const thrown of [
    new Error("secret"),
    Object.assign(new Error("secret"), { status: 499 }),
    { status: 404, message: "secret", headers: { "X-Secret": "1" }, way: { href: "/secret", text: "secret" } },
    "secret",
    undefined,
    null,
  ]) {
    const { status, body, headers, reports } = await answerTo(thrown);
    assert.equal([status, textsOf(body, "h1")], [500, ["Something went wrong"]]);
    assert.not.match(body, "secret");
    assert.is(headers.get("x-secret"), null);
    const requestId = headers.get("x-request-id");
    assert.equal(reports, [{ error: thrown, where: "GET /fails", requestId }]);
  }
});

test("an error with a status has the text of that status, and its own message if it has one", async () => {
  for (const [message, said] of [
    ["", "There is no page at this address."],
    ["Not Found", "There is no page at this address."],
    ["no kite is sold", "no kite is sold"],
  ] as const) {
    const { body, reports } = await answerTo(Object.assign(new Error(message), { status: 404 }), {
      headers: JSON_ONLY,
    });
    assert.equal([JSON.parse(body), reports], [{ status: 404, error: said }, []]);
  }
});

test("only after a body that is too large is the connection closed", async () => {
  for (const [status, connection] of [
    [404, "keep-alive"],
    [413, "close"],
  ] as const) {
    const { headers } = await answerTo(Object.assign(new Error("no"), { status }));
    assert.is(headers.get("connection"), connection);
  }
});

test("an error page that cannot be made is a line of text, and the failure is reported", async () => {
  const broken = new Error("no such view");
  const views: Site["views"] = {
    ...site.views,
    middleware: (ctx, next) => {
      ctx.render = () => Promise.reject(broken);
      return next();
    },
  };
  const { status, body, headers, reports } = await answerTo(Object.assign(new Error("no kite"), { status: 404 }), {
    from: { ...site, views },
  });
  assert.equal([status, body], [404, "Page not found. There is no page at this address.\n"]);
  assert.equal(reports, [{ error: broken, where: "GET /fails", requestId: headers.get("x-request-id") }]);
});

test("an Accept of more than 1,024 characters is ignored", async () => {
  const accept = (length: number): Record<string, string> => ({
    accept: "application/json,a/".padEnd(length, "b"),
  });
  const typeFor = async (length: number): Promise<string | null> =>
    (await answerTo(Object.assign(new Error("no"), { status: 404 }), { headers: accept(length) })).headers.get(
      "content-type",
    );
  assert.match((await typeFor(1_024)) ?? "", /^application\/json/);
  assert.match((await typeFor(1_025)) ?? "", /^text\/html/);
});

test("a client that leaves is no failure; another error outside of the middleware is one", () => {
  const reports: unknown[] = [];
  const log = logKoaErrors({ onError: (...report) => void reports.push(report) });
  for (const code of [
    ...["ECONNRESET", "EPIPE", "ECONNABORTED", "ERR_STREAM_PREMATURE_CLOSE", "ERR_HTTP_REQUEST_TIMEOUT"],
    "HPE_INVALID_METHOD",
  ])
    log(Object.assign(new Error("gone"), { code }));
  log(Object.assign(new Error("no page"), { status: 404 }));
  assert.equal(reports, []);
  const bug = Object.assign(new Error("bug"), { code: "ENOSPC" });
  log(bug);
  log({ code: "EPIPE" });
  const trace = { requestId: "r1" };
  log(bug, { method: "GET", path: "/thing/camera", state: { trace } } as unknown as Context);
  assert.equal(reports, [
    [bug, "koa"],
    [{ code: "EPIPE" }, "koa"],
    [bug, "GET /thing/camera", trace],
  ]);
});

test.run();
