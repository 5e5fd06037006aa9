import { suite } from "uvu";
import * as assert from "uvu/assert";
import { goldenOf } from "../../support/golden.ts";
import { plain, raw, serve, statusOf, textsOf, Visitor, withMarket } from "../serve.ts";

const test = suite("failures");
const golden = goldenOf(test, "market");
const market = await serve();
const { port, url, problems } = market;
const visitor = new Visitor();
const FORM = "Content-Type: application/x-www-form-urlencoded";

/** One rule about odd input, which is never a problem of ours. (Not an `after.each`: uvu would fall silent at the first failure.) */
function rule(name: string, check: () => Promise<void>): void {
  test(name, async () => {
    await check();
    assert.equal(problems.splice(0), []);
  });
}

test.after(() => market.close());

const form = (body: string): readonly string[] => [FORM, `Content-Length: ${Buffer.byteLength(body)}`];

rule("anything else is a 404 page with a way back", async () => {
  for (const path of [
    "/nonesuch",
    "/thing",
    "/thing/",
    "/index.html",
    "/livez/",
    "/LIVEZ",
    "//",
    "//evil.example/",
    "/static",
    "/.env",
  ]) {
    const answer = await visitor.get(url + path);
    assert.is(answer.status, 404, path);
    golden(textsOf(answer.body, "h1"));
    golden(plain(answer.body));
  }
});

rule("a request that accepts JSON gets its error as JSON", async () => {
  const answer = await visitor.get(`${url}/thing/nonesuch`, { accept: "application/json" });
  assert.is(answer.status, 404);
  assert.is(JSON.parse(answer.body).status, 404);
  assert.is(typeof JSON.parse(answer.body).error, "string");
});

rule("an address of ours with another method is a 405 that names the possible ones", async () => {
  const cases = [
    ["PUT", "/", "GET, HEAD, POST"],
    ["DELETE", "/thing/camera", "GET, HEAD"],
    ["POST", "/livez", "GET, HEAD"],
    ["OPTIONS", "/", "GET, HEAD, POST"],
    ["PROPFIND", "/", "GET, HEAD, POST"],
    ["TRACE", "/", "GET, HEAD, POST"],
  ] as const;
  for (const [method, path, allow] of cases) {
    const answer = await raw(port, `${method} ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 405 /, method);
    assert.ok(answer.includes(`\r\nAllow: ${allow}\r\n`), `${method} ${answer}`);
  }
});

rule("an unknown method is a 4xx", async () => {
  for (const [line, status] of [
    ["PROPFIND /nonesuch", 404],
    ["TRACE /x", 404],
    ["MADEUP /", 400],
    ["get /", 400],
    ["OPTIONS *", 400],
  ] as const) {
    assert.is(await statusOf(port, `${line} HTTP/1.1`), status, line);
  }
});

rule("an address that is broken is a 400, one that is too long a 414", async () => {
  for (const target of [
    "/%",
    "/%zz",
    "/thing/%E0%A4%A",
    "/thing/camera%00",
    "/static/%00",
    "/%0d%0aX:y",
    "/?json=%zz",
    "http://[::1",
    "ftp://h/",
    "http://a:99999/",
  ]) {
    assert.is(await statusOf(port, `GET ${target} HTTP/1.1`), 400, target);
  }
  assert.is(await statusOf(port, `GET /${"a".repeat(3000)} HTTP/1.1`), 414);
});

rule("bytes that are no HTTP are refused, and the Market goes on", async () => {
  for (const bytes of [
    "GET /\0 HTTP/1.1\r\n\r\n",
    "\0\0\0\0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n",
    Buffer.from([0x16, 3, 1, 2, 0, 1]),
  ]) {
    assert.match(await raw(port, bytes), /^HTTP\/1\.1 400 /);
  }
  assert.is(await statusOf(port, `GET / HTTP/1.1`, [`X: ${"a".repeat(20_000)}`]), 431);
  assert.is((await visitor.get(`${url}/`)).status, 200);
});

rule("the absolute form is understood", async () => {
  assert.is(await statusOf(port, "GET http://elsewhere.example:5000/thing/camera HTTP/1.1"), 200);
  assert.is(await statusOf(port, "GET http://elsewhere.example:5000/thing/nonesuch HTTP/1.1"), 404);
});

rule("a form that makes no sense is a 400 that says why", async () => {
  const cases = [
    ["", /must have one of addCart/],
    ["camera=camera", /must have one of addCart/],
    ["addCart=1&nonesuch=1", /names no thing that is sold/],
    ["addCart=1&__proto__=1", /names no thing that is sold/],
    ["addCart=1&constructor=1", /names no thing that is sold/],
    ["addCart=1&camera[__proto__]=1", /names no thing that is sold/],
    ["addCart=1&camera=1&football=1", /more than one thing/],
    ["addCart=1&camera=1&camera=1", /more than one thing/],
    ["addCart=1&removeCart=1&camera=1", /must have one of addCart/],
    ["%zz=%zz&%00", /must have one of addCart/],
    ["&&&===", /must have one of addCart/],
  ] as const;
  for (const [body, why] of cases) {
    const answer = await visitor.post(`${url}/`, body);
    assert.is(answer.status, 400, body);
    assert.match(plain(answer.body), why);
    assert.equal(answer.headers.getSetCookie(), [], "nothing was changed");
  }
});

rule("a form of bytes that are no text is a 400", async () => {
  const answer = await raw(
    port,
    Buffer.concat([
      Buffer.from(`POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${FORM}\r\nContent-Length: 4\r\n\r\n`),
      Buffer.from([0xff, 0xfe, 0, 0x80]),
    ]),
  );
  assert.match(answer, /^HTTP\/1\.1 400 /);
});

rule("a POST without any body is a 400", async () => {
  assert.is(await statusOf(port, "POST / HTTP/1.1"), 400);
  assert.is(await statusOf(port, "POST / HTTP/1.1", ["Content-Length: 0"]), 415);
});

rule("a body of another kind, or a compressed one, is a 415", async () => {
  for (const type of ["application/json", "multipart/form-data; boundary=x", "text/plain", "no-slash", ""]) {
    assert.is((await visitor.post(`${url}/`, '{"addCart":1}', { "content-type": type })).status, 415, type);
  }
  assert.is(await statusOf(port, "POST / HTTP/1.1", [...form("zip"), "Content-Encoding: gzip"], "zip"), 415);
});

rule("a form that is too large is a 413, with or without a length, and a disconnect", async () => {
  const big = `addCart=1&camera=1&x=${"x".repeat(17_000)}`;
  const answer = await raw(port, `POST / HTTP/1.1\r\nHost: h\r\n${form(big).join("\r\n")}\r\n\r\n${big}`);
  assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.match(answer, /\r\nConnection: close\r\n/);
  const chunk = `${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`;
  assert.is(await statusOf(port, "POST / HTTP/1.1", [FORM, "Transfer-Encoding: chunked"], chunk), 413);
  const small = `addCart=1&camera=1&x=${"x".repeat(15_000)}`;
  assert.is(await statusOf(port, "POST / HTTP/1.1", form(small), small), 303);
});

rule("a form that lies about its length never gets an answer of 500", async () => {
  assert.is(await statusOf(port, "POST / HTTP/1.1", [FORM, "Content-Length: -1"], "addCart=1"), 400);
  assert.is(
    await statusOf(port, "POST / HTTP/1.1", [FORM, "Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
    400,
  );
  assert.is(await statusOf(port, "POST / HTTP/1.1", [FORM, "Transfer-Encoding: chunked"], "zz\r\nabc"), 400);
});

rule("a visitor who leaves in the middle of a form is no problem of the shop", async () => {
  const { connect } = await import("node:net");
  await new Promise<void>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`POST / HTTP/1.1\r\nHost: h\r\n${FORM}\r\nContent-Length: 500\r\n\r\naddCart`, () =>
        socket.resetAndDestroy(),
      );
    });
    socket.on("close", () => resolve());
  });
  assert.is((await visitor.get(`${url}/`)).status, 200);
});

rule("a form from another site is a 403, and the cart stays as it was", async () => {
  const shopper = new Visitor();
  const order = "camera=&addCart=";
  for (const headers of [
    { origin: "http://evil.example" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { referer: "http://evil.example/" },
  ]) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    assert.is(await statusOf(port, "POST / HTTP/1.1", [...form(order), ...lines], order), 403, JSON.stringify(headers));
  }
  const large = ["Content-Type: text/plain", "Content-Length: 100000", "Origin: http://evil.example"];
  assert.is(await statusOf(port, "POST / HTTP/1.1", large), 403, "before the body is looked at");
  const own = [...form(order), `Origin: http://127.0.0.1`, "Sec-Fetch-Site: same-origin"];
  assert.is(await statusOf(port, "POST / HTTP/1.1", own, order), 303);
  golden(plain((await shopper.get(`${url}/`)).body));
});

rule("hostile headers are no problem either", async () => {
  for (const header of [
    "Accept: %%%;;;,,,",
    "Cookie: ====;;;;",
    `Cookie: ${"a=b; ".repeat(1000)}`,
    'If-None-Match: "',
    "Accept: application/json;q=high",
  ]) {
    assert.is(await statusOf(port, "GET / HTTP/1.1", [header]), 200, header);
  }
});

test("a bug is a 500 page without its details, which go to the shop", () => {
  const readiness = (): never => {
    throw new Error("secret detail");
  };
  return withMarket({ readiness }, async (broken) => {
    const answer = await visitor.get(`${broken.url}/readyz`);
    assert.is(answer.status, 500);
    assert.not.match(answer.body, /secret/);
    golden(plain(answer.body));
    assert.is(broken.problems.length, 1);
    assert.is(broken.problems[0]?.where, "GET /readyz");
    assert.match(String(broken.problems[0]?.error), /secret detail/);
    assert.is(answer.headers.get("x-content-type-options"), "nosniff");
  });
});

test.run();
