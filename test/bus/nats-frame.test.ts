// shares: bus
// The one piece of bytes that a message goes out as, and the library's own way where that cannot be.

import { connect } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type FrameWire, publishFrame, sendWaiting } from "../../src/bus/nats-frame.ts";
import { startNatsServer } from "../support/nats-server.ts";

const test = suite("a message as one piece");

/** A wire that notes what it is given; behind the door or not. */
function wireWith(given: Partial<FrameWire> & { readonly hasDoor?: boolean }) {
  const frames: string[] = [];
  const published: unknown[] = [];
  const wire = {
    info: { max_payload: 20 },
    isClosed: () => false,
    publish: (subject: string, body: Uint8Array, options?: { readonly reply?: string }) =>
      published.push([subject, Buffer.from(body).toString(), options?.reply]),
    ...given,
    ...(given.hasDoor !== false && {
      protocol: { sendCommand: (frame: Uint8Array) => frames.push(Buffer.from(frame).toString()) },
    }),
  };
  return { wire, frames, published };
}

test("it is a command, the body's length in bytes, and the body", () => {
  const { wire, frames, published } = wireWith({});
  publishFrame(wire, "tea.get.1", "_INBOX.a.1", '{"a":1}');
  sendWaiting();
  publishFrame(wire, "tea.get.1", "", "née ✓");
  sendWaiting();
  publishFrame(wire, "tea", "", "");
  sendWaiting();
  assert.equal(frames, [
    'PUB tea.get.1 _INBOX.a.1 7\r\n{"a":1}\r\n',
    "PUB tea.get.1 8\r\nnée ✓\r\n",
    "PUB tea 0\r\n\r\n",
  ]);
  assert.equal(published, []);
});

test("with headers it is another command, with the lengths of both parts", () => {
  const { wire, frames, published } = wireWith({ info: { max_payload: 60 } });
  publishFrame(wire, "tea.get.1", "_INBOX.a.1", "née", "Dwc-Timeout: 1000\r\n");
  publishFrame(wire, "tea", "", Uint8Array.of(0x7a, 0x0d), "a: é\r\n");
  publishFrame(wire, "tea", "", Uint8Array.of(0x7a));
  assert.equal(frames, [
    "HPUB tea.get.1 _INBOX.a.1 31 35\r\nNATS/1.0\r\nDwc-Timeout: 1000\r\n\r\nnée\r\n",
    "HPUB tea 19 21\r\nNATS/1.0\r\na: é\r\n\r\nz\r\r\n",
    "PUB tea 1\r\nz\r\n",
  ]);
  assert.equal(published, []);
});

test("the messages of one turn go out as one piece, at its end", async () => {
  const { wire, frames } = wireWith({});
  publishFrame(wire, "tea", "", "1");
  publishFrame(wire, "tea", "", "née");
  assert.equal(frames, []);
  await Promise.resolve();
  assert.equal(frames, ["PUB tea 1\r\n1\r\nPUB tea 4\r\nnée\r\n"]);
  publishFrame(wire, "tea", "", "2");
  await Promise.resolve();
  assert.is(frames[1], "PUB tea 1\r\n2\r\n");
});

test("each connection gets its own messages, in their order", async () => {
  const [one, other] = [wireWith({}), wireWith({})];
  publishFrame(one.wire, "tea", "", "1");
  publishFrame(other.wire, "tea", "", "2");
  publishFrame(one.wire, "tea", "", "3");
  await Promise.resolve();
  assert.equal(one.frames, ["PUB tea 1\r\n1\r\n", "PUB tea 1\r\n3\r\n"]);
  assert.equal(other.frames, ["PUB tea 1\r\n2\r\n"]);
});

test("a long turn sends in pieces, so that memory does not hold all of it", () => {
  const { wire, frames } = wireWith({ info: { max_payload: 50_000 } });
  const body = "x".repeat(20_000);
  for (let count = 0; count < 4; count += 1) publishFrame(wire, "tea", "", body);
  assert.is(frames.length, 2);
  sendWaiting();
  assert.is(frames.length, 2);
});

test("headers that make a message too large go to the library, which throws", () => {
  const headersOf: string[] = [];
  const { wire, frames } = wireWith({
    info: { max_payload: 30 },
    publish: (_subject, _body, options) => headersOf.push(String(options?.headers)),
  });
  publishFrame(wire, "tea", "", "1", "Dwc-Timeout: 1000\r\nEmpty: \r\n");
  assert.equal(headersOf, ["NATS/1.0\r\nDwc-Timeout: 1000\r\nEmpty: \r\n\r\n"]);
  assert.equal(frames, []);
});

test("the library itself is asked where there is no such door, and where it has something to complain about", () => {
  const body = "twenty-one bytes long";
  for (const [why, given] of [
    ["no door", { hasDoor: false, info: { max_payload: 100 } }],
    ["too large", {}],
    ["closed", { isClosed: () => true, info: { max_payload: 100 } }],
    ["not yet greeted", { info: undefined }],
  ] as const) {
    const { wire, frames, published } = wireWith(given);
    publishFrame(wire, "tea.get.1", "_INBOX.a.1", body);
    publishFrame(wire, "tea.get.1", "", body);
    assert.equal(
      published,
      [
        ["tea.get.1", body, "_INBOX.a.1"],
        ["tea.get.1", body, undefined],
      ],
      why,
    );
    assert.equal(frames, [], why);
  }
});

test("the library that is installed has that door: if this fails, all still works, a tenth slower", async () => {
  const server = await startNatsServer();
  const wire = await connect({ servers: server.url });
  const { protocol } = wire as unknown as { protocol: { sendCommand: unknown } };
  assert.type(protocol.sendCommand, "function");
  await wire.close();
  await server.stop();
});

test.run();
