// undici over HTTP/1.1 to two servers with nothing before them, in turn. Its pools open as many connections as there
// are calls in flight; pipelining is off, as it is by default.

import { createServer } from "node:http";
import { Pool } from "undici";
import { rate, TIMEOUT_MS } from "./work.js";

export async function serve({ number, failing }) {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      const answered = JSON.stringify(rate(JSON.parse(body), { number, failing }));
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answered) });
      response.end(answered);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: server.address().port, leave: () => new Promise((resolve) => server.close(resolve)) };
}

export async function open({ instances }) {
  const limits = { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS };
  const pools = instances.map(({ port }) => new Pool(`http://127.0.0.1:${port}`, limits));
  const headers = { "content-type": "application/json" };
  let turn = 0;
  const ask = async (thingID) => {
    const pool = pools[turn++ % pools.length];
    const { body } = await pool.request({ path: "/", method: "POST", headers, body: JSON.stringify({ thingID }) });
    return body.json();
  };
  return { ask };
}
