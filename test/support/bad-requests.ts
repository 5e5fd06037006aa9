// Requests that no browser sends, each with the statuses that are right for it.

const HEAD = "Host: localhost\r\nConnection: close\r\n";
const FORM = "application/x-www-form-urlencoded";

export interface BadRequest {
  readonly name: string;
  readonly bytes: string;
  /** 0: hung up on, without an answer. */
  readonly statuses: readonly number[];
}

interface PostOptions {
  readonly type?: string;
  readonly headers?: string;
}

const bad = (name: string, bytes: string, ...statuses: readonly number[]): BadRequest => ({ name, bytes, statuses });

const get = (target: string, headers = ""): string => `GET ${target} HTTP/1.1\r\n${HEAD}${headers}\r\n`;

function post(body: string, { type = FORM, headers = "" }: PostOptions = {}): string {
  return `POST / HTTP/1.1\r\n${HEAD}Content-Type: ${type}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** A post whose head says something else than its body is. */
const unframed = (headers: string, body: string): string =>
  `POST / HTTP/1.1\r\n${HEAD}Content-Type: ${FORM}\r\n${headers}\r\n${body}`;

const ADD = "addCart=1&camera=1";
const repeated = (text: string, times: number): string => text.repeat(times);

const LINES: readonly BadRequest[] = [
  bad("a TLS greeting", "\u0016\u0003\u0001\u0002\u0000", 400),
  bad("half a request line", "GET\r\n\r\n", 400),
  bad("HTTP/9.9", "GET / HTTP/9.9\r\n\r\n", 400),
  bad("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
  bad("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
  bad("a NUL in the target", get("/\u0000"), 400),
  bad("a NUL in a header", get("/", "X: a\u0000b\r\n"), 400),
  bad("a header without a colon", get("/", "nothing\r\n"), 400),
  bad("OPTIONS *", `OPTIONS * HTTP/1.1\r\n${HEAD}\r\n`, 400),
  bad("CONNECT", `CONNECT evil:1 HTTP/1.1\r\n${HEAD}\r\n`, 0),
  bad("TRACE", `TRACE / HTTP/1.1\r\n${HEAD}\r\n`, 405),
  bad("PUT", `PUT / HTTP/1.1\r\n${HEAD}Content-Length: 0\r\n\r\n`, 405),
  bad("DELETE of a thing", `DELETE /thing/camera HTTP/1.1\r\n${HEAD}\r\n`, 405),
  bad("PROPFIND", `PROPFIND / HTTP/1.1\r\n${HEAD}\r\n`, 405),
  bad("a method that is none", `BREW / HTTP/1.1\r\n${HEAD}\r\n`, 400),
  bad("an upgrade", "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n", 200),
  bad("an expectation that is none", `POST / HTTP/1.1\r\n${HEAD}Expect: cake\r\nContent-Length: 1\r\n\r\nx`, 417),
];

const TARGETS: readonly BadRequest[] = [
  bad("another host's address", get("http://evil/"), 200),
  bad("an address that cannot be read", get("http://[::bad"), 400),
  bad("two slashes", get("//evil//x"), 404),
  bad("a way out of the folder", get("/static/../../../etc/passwd"), 404),
  bad("the same, escaped", get("/static/%2e%2e%2fapp.ts"), 404),
  bad("__proto__ as a thing", get("/thing/__proto__"), 404),
  bad("constructor as a thing", get("/thing/constructor"), 404),
  bad("a broken escape", get("/thing/%E0%A4%A"), 400),
  bad("an escaped NUL", get("/thing/%00"), 400),
  bad("a target of 12 KB", get(`/${repeated("a", 12_000)}`), 414),
  bad("a query of names that mean something", get(`/?json[__proto__]=1&${repeated("a&", 900)}`), 200),
];

const HEADERS: readonly BadRequest[] = [
  bad("a header of 70 KB", get("/", `X: ${repeated("a", 70_000)}\r\n`), 431),
  bad("3,000 headers", get("/", Array.from({ length: 3_000 }, (_, place) => `X${place}: 1\r\n`).join("")), 431),
  bad("900 cookies of one name", get("/", `Cookie: ${repeated("market-cart=x; ", 900)}\r\n`), 200),
  bad("cookies with broken escapes", get("/", "Cookie: market-cart=%E0%A4%A; market-cart.sig=%%%\r\n"), 200),
  bad("cookies of odd bytes", get("/", "Cookie: =;;;=;market-message=\u0080\u00ff; market-message.sig=\r\n"), 200),
  bad("1,500 kinds that are accepted", get("/", `Accept: ${repeated("a/b;q=x,", 1_500)}\r\n`), 200),
  bad("the same, of nothing", get("/nothing", `Accept: ${repeated("a/b;q=x,", 1_500)}\r\n`), 404),
  bad("1,000 ranges", get("/static/style.css", `Range: bytes=${repeated("0-,", 1_000)}\r\n`), 200),
  bad("2,000 tags", get("/static/style.css", `If-None-Match: ${repeated('"a",', 2_000)}\r\n`), 200),
];

const BODIES: readonly BadRequest[] = [
  bad("a negative length", unframed("Content-Length: -1\r\n", ""), 400),
  bad("a length beyond all numbers", unframed("Content-Length: 99999999999999999999\r\n", ""), 400),
  bad("a length of a gigabyte", unframed("Content-Length: 999999999\r\n", ""), 413),
  bad("two lengths at once", unframed("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
  bad("a chunk of no length", unframed("Transfer-Encoding: chunked\r\n", "ZZ\r\n"), 400),
  bad("an unknown transfer", unframed("Transfer-Encoding: gzip\r\n", "ZZ\r\n"), 400),
  bad("a body of 20 KB", post(repeated("x", 20_000)), 413),
  bad(
    "a body of 20 KB in chunks",
    unframed("Transfer-Encoding: chunked\r\n", `4e20\r\n${repeated("x", 20_000)}\r\n0\r\n\r\n`),
    413,
  ),
  bad("a compressed body", post(ADD, { headers: "Content-Encoding: gzip\r\n" }), 415),
  bad("a body encoded in nothing known", post(ADD, { headers: "Content-Encoding: cake\r\n" }), 415),
  bad("JSON", post('{"addCart":', { type: "application/json" }), 415),
  bad("parts without a boundary", post("--", { type: "multipart/form-data; boundary=" }), 415),
  bad("no body", post(""), 400),
  bad("__proto__ as a field", post("__proto__[x]=1&constructor[prototype][x]=1"), 400),
  bad("15,000 brackets", post(`a=${repeated("[", 15_000)}`), 400),
  bad("4,000 levels", post(`a${repeated("[b]", 4_000)}=1`), 400),
  bad("7,000 fields", post(repeated("a&", 7_000)), 400),
  bad("places up to a billion", post(Array.from({ length: 900 }, (_, place) => `a[${place}000000]=1`).join("&")), 400),
  bad("broken escapes", post("%E0%A4%A=1&%zz"), 400),
  bad("a form from elsewhere", post(ADD, { headers: "Origin: http://evil.example\r\n" }), 403),
  bad("a form from nowhere that can be read", post(ADD, { headers: "Origin: \u0080\r\n" }), 403),
  bad("a form from another port", post(ADD, { headers: "Sec-Fetch-Site: same-site\r\n" }), 403),
  bad("a form from another site", post(ADD, { headers: "Sec-Fetch-Site: cross-site\r\n" }), 403),
];

export const BAD_REQUESTS: readonly BadRequest[] = [...LINES, ...TARGETS, ...HEADERS, ...BODIES];
