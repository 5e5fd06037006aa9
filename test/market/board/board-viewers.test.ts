// takes: 20 s
// Viewers on real sockets: one that stops reading is let go, and what waits for it is bounded.

import { connect, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openBoardWorld } from "../../support/board-world.ts";
import { until } from "../../support/until.ts";

const test = suite("viewers");

const LIMIT_MS = 30_000;
const STUCK = 8;
/** Bytes for each viewer, if none were dropped: ten times what the kernel buffers for a socket. */
const SENT_BYTES = 80_000_000;
/** What may wait for one, the frame on top of it, and what V8 lets lie until it collects; frames are shared by viewers. */
const MAX_HELD_BYTES = 40_000_000;
const EVENTS_A_FRAME = 100;
const LONG_TEXT = "x".repeat(10_000);

const request = (port: number): string => `GET /board/events HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;

/** Asks for the feed and never reads a byte of it. */
function stuckViewer(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.pause();
  socket.write(request(port));
  return socket;
}

test("who stops reading is dropped, not buffered for ever; who reads goes on", async () => {
  const world = await openBoardWorld();
  const { market, board, monitor } = world;
  const reading = connect(market.adminPort, "127.0.0.1", () => reading.write(request(market.adminPort)));
  let read = 0;
  reading.on("data", (chunk) => {
    read += chunk.length;
  });
  const stuck = Array.from({ length: STUCK }, () => stuckViewer(market.adminPort));
  try {
    await until("all of them watch", () => board.feed.viewers === STUCK + 1, LIMIT_MS);
    const heldBefore = process.memoryUsage().arrayBuffers;
    let mostHeld = 0;
    let wanted = 0;
    await until(
      "much has been sent",
      () => {
        // The next frame when this one has been read: on a busy machine the reader must not look stuck.
        if (read < wanted) return false;
        wanted = read + EVENTS_A_FRAME * LONG_TEXT.length;
        for (let event = 0; event < EVENTS_A_FRAME; event++)
          monitor.stream.add({ at: 0, name: "bus.disconnected", level: "WARNING", text: LONG_TEXT });
        mostHeld = Math.max(mostHeld, process.memoryUsage().arrayBuffers - heldBefore);
        return read > SENT_BYTES;
      },
      LIMIT_MS,
    );
    assert.equal([board.feed.dropped, board.feed.viewers], [STUCK, 1]);
    assert.ok(mostHeld < MAX_HELD_BYTES, `${Math.round(mostHeld / 1e6)} MB waited for them`);
    const body = await (await fetch(`${market.admin}/metrics`)).text();
    assert.match(body, new RegExp(`^dwc_board_viewers_dropped_total ${STUCK}$`, "m"));
  } finally {
    for (const socket of [reading, ...stuck]) socket.destroy();
    await world.close();
  }
});

test.run();
