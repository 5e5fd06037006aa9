// Two hundred viewers of the board that read everything: a process of its own, controlled by lines on its input.
// `open` opens them, `close` closes them; each is answered when it is done, with what they have read. As the page does,
// each follows the feed, and asks for the history every ten seconds.

import { Agent, get, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";

const [url = "", wanted = ""] = process.argv.slice(2);
const COUNT = Number(wanted);
/** Of the page (board-history.js). Viewers do not ask at the same moment. */
const ASK_EVERY_MS = 10_000;
/** A browser keeps its connection. */
const agent = new Agent({ keepAlive: true });
let responses: IncomingMessage[] = [];
let bytes = 0;

/** Resolves once its first frame has begun. */
const watch = (): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(`${url}/board/events`, { agent: false }, (response) => {
      response.once("data", () => resolve(response));
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on("error", () => undefined);
    }).on("error", reject);
  });

function ask(): void {
  get(`${url}/board/history`, { agent }, (response) => {
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
  }).on("error", () => undefined);
}

let asking: NodeJS.Timeout | undefined;

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "open") {
    bytes = 0;
    responses = await Promise.all(Array.from({ length: COUNT }, watch));
    asking = setInterval(ask, ASK_EVERY_MS / COUNT);
  } else {
    clearInterval(asking);
    for (const response of responses) response.destroy();
    responses = [];
  }
  console.log(`${line} ${bytes}`);
}
